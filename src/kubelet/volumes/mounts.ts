import type { Files } from '../../platform/files.ts';
import { mustRun, type Processes } from '../../platform/processes.ts';

/** The node's mount table. */
export interface Mounts {
  /** A file system in memory; half of the node's where no size is given. */
  tmpfs(path: string, options: { sizeBytes?: number }): Promise<void>;
  /** Makes what stands at `source` stand at `target` too. */
  bind(source: string, target: string): Promise<void>;
  /** Takes away what is mounted at exactly this path, even while it is in use. */
  unmount(path: string): Promise<void>;
  /** Where something is mounted at or below a path, deepest first. */
  below(path: string): Promise<string[]>;
}

export interface MountPoint {
  path: string;
  /** Whether what is mounted below it appears in other mount namespaces too. */
  isShared: boolean;
}

/** What a mountinfo file tells (proc_pid_mountinfo(5)). */
export function parseMountInfo(text: string): MountPoint[] {
  return text.split('\n').flatMap((line) => {
    const [, , , , point, , ...optional] = line.split(' ');
    if (point === undefined) return [];
    // Spaces and the like are written as octal numbers.
    const path = point.replace(/\\([0-7]{3})/g, (_, digits) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
    const isShared = optional.slice(0, optional.indexOf('-')).some((field) => field.startsWith('shared:'));
    return [{ path, isShared }];
  });
}

/** Mounts by the system's own tools. */
export function linuxMounts(platform: { files: Files; processes: Processes }): Mounts {
  const run = (command: string, ...args: string[]) =>
    mustRun(platform.processes, command, args).then(() => {});
  return {
    tmpfs: (path, { sizeBytes }) =>
      run('mount', '-t', 'tmpfs', ...(sizeBytes ? ['-o', `size=${sizeBytes}`] : []), 'tmpfs', path),
    bind: (source, target) => run('mount', '--no-canonicalize', '--bind', source, target),
    unmount: (path) => run('umount', '--lazy', '--no-canonicalize', path),
    below: async (path) => {
      const points = parseMountInfo(await platform.files.readText('/proc/self/mountinfo'));
      const paths = points.map((point) => point.path);
      return paths.filter((p) => p === path || p.startsWith(`${path}/`)).sort((a, b) => (a < b ? 1 : -1));
    },
  };
}

/** A node without a mount table: what is written stands in plain folders. */
export const noMounts: Mounts = {
  tmpfs: async () => {},
  bind: async () => {},
  unmount: async () => {},
  below: async () => [],
};

/** Takes away what is mounted below a directory, as far as that can be; what is mounted at it stays. */
export async function unmountBelow(
  mounts: Pick<Mounts, 'below' | 'unmount'>,
  directory: string,
): Promise<void> {
  for (const point of await mounts.below(directory)) {
    // Where mounts propagate, one may have gone with another.
    if (point !== directory) await mounts.unmount(point).catch(() => {});
  }
}
