import type { Files } from '../../platform/files.ts';
import type { HostCalls } from '../../platform/host-calls.ts';
import type { Log } from '../../platform/log.ts';
import type { Processes } from '../../platform/processes.ts';
import type { Cgroups } from '../node/node-host.ts';
import { type CgroupFile, filesV1, filesV2, limitedControllers } from './cgroup-files.ts';
import type { CgroupLimits } from './pod-cgroup.ts';

export interface LinuxCgroupsOptions {
  files: Files;
  calls: HostCalls;
  processes: Processes;
  log: Log;
  /** `/sys/fs/cgroup`, unless a test says otherwise. */
  mount?: string;
}

const delegated = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'];
const removeTries = 5;

/** The machine's control groups: the unified hierarchy, or the old ones each on a mount of its own. */
export async function linuxCgroups(options: LinuxCgroupsOptions): Promise<Cgroups> {
  const mount = options.mount ?? '/sys/fs/cgroup';
  const isUnified = await options.files.exists(`${mount}/cgroup.controllers`);
  return isUnified ? new CgroupsV2(options, mount) : new CgroupsV1(options, mount);
}

/** What both versions share. */
abstract class LinuxCgroups implements Cgroups {
  abstract readonly version: 1 | 2;
  protected readonly options: LinuxCgroupsOptions;
  protected readonly mount: string;
  readonly #written = new Map<string, string>();

  constructor(options: LinuxCgroupsOptions, mount: string) {
    this.options = options;
    this.mount = mount;
  }

  abstract ensure(path: string, limits: CgroupLimits): Promise<void>;
  protected abstract roots(): Promise<string[]>;

  async list(path: string): Promise<string[]> {
    const names = new Set<string>();
    for (const root of await this.roots())
      for (const name of await this.options.files.list(`${root}${path}`))
        if (!name.includes('.') && !['tasks', 'notify_on_release'].includes(name)) names.add(name);
    return [...names];
  }

  async remove(path: string): Promise<void> {
    this.#written.delete(path);
    for (const root of await this.roots()) await this.#removeOne(`${root}${path}`);
  }

  /** Writes what differs from what was written last; a machine that lacks a controller goes without. */
  protected async write(path: string, files: (CgroupFile & { dir: string })[]): Promise<void> {
    const text = JSON.stringify(files);
    if (this.#written.get(path) === text) return;
    for (const { dir, name, text: content } of files)
      await this.options.files.write(`${dir}/${name}`, content).catch((error: Error) => {
        this.options.log.debug('cgroup limit not set', { file: `${dir}/${name}`, error: error.message });
      });
    this.#written.set(path, text);
  }

  async #removeOne(dir: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.options.calls.removeFolders(dir);
      } catch (error) {
        if (tries >= removeTries || (error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
        await this.#killAll(dir);
      }
    }
  }

  async #killAll(dir: string): Promise<void> {
    const { files, processes } = this.options;
    const pids = (await files.readText(`${dir}/cgroup.procs`).catch(() => ''))
      .split('\n')
      .filter((p) => p !== '');
    if (pids.length > 0) await processes.run('kill', ['-KILL', ...pids]);
    for (const name of await files.list(dir)) {
      const stat = await files.stat(`${dir}/${name}`);
      if (stat?.type === 'directory') await this.#killAll(`${dir}/${name}`);
    }
  }
}

class CgroupsV1 extends LinuxCgroups {
  readonly version = 1;

  async ensure(path: string, limits: CgroupLimits): Promise<void> {
    const { files } = this.options;
    for (const controller of limitedControllers) await files.makeDir(`${this.mount}/${controller}${path}`);
    const writes = filesV1(limits).map((f) => ({ ...f, dir: `${this.mount}/${f.controller}${path}` }));
    await this.write(path, writes);
  }

  /** Every hierarchy: runtimes make cgroups in those too that the kubelet does not touch. */
  protected async roots(): Promise<string[]> {
    return (await this.options.files.list(this.mount)).map((name) => `${this.mount}/${name}`);
  }
}

class CgroupsV2 extends LinuxCgroups {
  readonly version = 2;

  async ensure(path: string, limits: CgroupLimits): Promise<void> {
    const dir = `${this.mount}${path}`;
    if (!(await this.options.files.exists(dir))) {
      await this.options.files.makeDir(dir);
      await this.#delegate(path);
    }
    await this.write(
      path,
      filesV2(limits).map((f) => ({ ...f, dir })),
    );
  }

  protected async roots(): Promise<string[]> {
    return [this.mount];
  }

  /** Lets the cgroup and all above it use the controllers. */
  async #delegate(path: string): Promise<void> {
    const parts = path.split('/').filter((part) => part !== '');
    for (let depth = 0; depth <= parts.length; depth++) {
      const dir = [this.mount, ...parts.slice(0, depth)].join('/');
      for (const controller of delegated)
        await this.options.files.write(`${dir}/cgroup.subtree_control`, `+${controller}`).catch(() => {});
    }
  }
}
