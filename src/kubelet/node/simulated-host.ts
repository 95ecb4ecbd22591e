import type { Files } from '../../platform/files.ts';
import { noMounts } from '../volumes/mounts.ts';
import type { NodeHost } from './node-host.ts';

export interface SimulatedHostOptions {
  nodeName: string;
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
  files: Files;
}

/** Nothing happens on a simulated machine that its runtime does not tell: looking again costs time and finds nothing. */
export const simulatedIntervals = {
  nodeStatusMs: 60_000,
  runtimePollMs: 60_000,
  unreadyPollMs: 10_000,
  relistMs: 60_000,
  podResyncMs: 600_000,
  housekeepingMs: 120_000,
  evictionMs: 300_000,
  logRotationMs: 3_600_000,
  imageGcMs: 3_600_000,
};

const inodes = 1_000_000;
const pids = 32_768;

/** A machine that is not there: as large as it is told, always at rest. */
export function simulatedHost(options: SimulatedHostOptions): NodeHost {
  const { nodeName, cpus, memoryBytes, diskBytes, files } = options;
  return {
    facts: async () => ({
      machineId: nodeName,
      systemUuid: nodeName,
      bootId: nodeName,
      kernelVersion: 'simulated',
      osImage: 'simulated',
      operatingSystem: 'linux',
      architecture: 'amd64',
      hostname: nodeName,
      cpus,
      memoryBytes,
    }),
    availableMemoryBytes: async () => memoryBytes,
    disk: async () => ({
      capacityBytes: diskBytes,
      availableBytes: diskBytes,
      freeBytes: diskBytes,
      inodes,
      inodesFree: inodes,
    }),
    usedBytes: async () => 0,
    pids: async () => ({ max: pids, used: 0 }),
    cgroups: { version: 2, ensure: async () => {}, remove: async () => {}, list: async () => [] },
    mounts: noMounts,
    openBeneath: async (root, path) => {
      const full = `${root}/${path}`;
      if (!(await files.exists(full))) await files.makeDir(full);
      return {
        path: full,
        isDirectory: (await files.stat(full))?.type === 'directory',
        close: async () => {},
      };
    },
    resolvConf: async () => '',
    hostsFile: async () => '',
  };
}
