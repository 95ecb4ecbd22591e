/** How much must be left of what pods share, before some of them have to go. */
export interface EvictionThresholds {
  memoryBytes: number;
  /** Shares of the file system that volumes and images stand on, 0 to 1. */
  disk: number;
  inodes: number;
  /** Share of the processes that the machine may have. */
  pids: number;
}

/** Upstream's hard thresholds, with less of the disk, which on small machines is seldom the node's alone. */
export const defaultThresholds: EvictionThresholds = {
  memoryBytes: 100 * 2 ** 20,
  disk: 0.05,
  inodes: 0.05,
  pids: 0.02,
};

/** What is left right now. */
export interface Observed {
  memoryBytes: number;
  disk: { capacityBytes: number; availableBytes: number; inodes: number; inodesFree: number };
  pids: { max: number; used: number };
}

/** What runs short, and the words for it. */
export interface Shortage {
  signal: 'memory' | 'disk' | 'inodes' | 'pids';
  /** As messages name it. */
  resource: string;
  threshold: string;
  available: string;
}

const amount = (bytes: number) => `${Math.trunc(bytes / 1024)}Ki`;

/** What is below its threshold, the most pressing first. */
export function shortages(observed: Observed, thresholds: EvictionThresholds): Shortage[] {
  const { memoryBytes, disk, pids } = observed;
  const found: Shortage[] = [];
  if (memoryBytes < thresholds.memoryBytes)
    found.push({
      signal: 'memory',
      resource: 'memory',
      threshold: amount(thresholds.memoryBytes),
      available: amount(memoryBytes),
    });
  const diskFloor = disk.capacityBytes * thresholds.disk;
  if (disk.availableBytes < diskFloor)
    found.push({
      signal: 'disk',
      resource: 'ephemeral-storage',
      threshold: amount(diskFloor),
      available: amount(disk.availableBytes),
    });
  const inodeFloor = disk.inodes * thresholds.inodes;
  if (disk.inodesFree < inodeFloor)
    found.push({
      signal: 'inodes',
      resource: 'inodes',
      threshold: String(Math.trunc(inodeFloor)),
      available: String(disk.inodesFree),
    });
  const pidFloor = pids.max * thresholds.pids;
  if (pids.max - pids.used < pidFloor)
    found.push({
      signal: 'pids',
      resource: 'pids',
      threshold: String(Math.trunc(pidFloor)),
      available: String(pids.max - pids.used),
    });
  return found;
}
