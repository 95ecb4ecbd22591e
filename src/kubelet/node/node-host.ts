import type { FileSystemSpace } from '../../platform/host-calls.ts';
import type { OpenBeneath } from '../../platform/open-beneath.ts';
import type { CgroupLimits } from '../cgroups/pod-cgroup.ts';
import type { Mounts } from '../volumes/mounts.ts';

/** What a machine is, as far as a node tells the cluster. */
export interface HostFacts {
  machineId: string;
  systemUuid: string;
  bootId: string;
  kernelVersion: string;
  osImage: string;
  /** In Go's words: `linux`, `amd64`. */
  operatingSystem: string;
  architecture: string;
  cpus: number;
  memoryBytes: number;
  hostname: string;
}

/** The control groups below which this node's pods run. Making twice and removing what is not there are no errors. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Makes a cgroup, parents included, and sets what is given. */
  ensure(path: string, limits: CgroupLimits): Promise<void>;
  /** Removes a cgroup with what is below it; kills what still runs there. */
  remove(path: string): Promise<void>;
  /** Names of the cgroups right below one. */
  list(path: string): Promise<string[]>;
}

/** The machine that a node stands on. */
export interface NodeHost {
  facts(): Promise<HostFacts>;
  /** Memory that could be used without swapping. */
  availableMemoryBytes(): Promise<number>;
  /** The file system that a path stands on. */
  disk(path: string): Promise<FileSystemSpace>;
  /** Bytes that a folder takes up, without what is mounted in it. */
  usedBytes(path: string): Promise<number>;
  /** Processes there may be, and those there are. */
  pids(): Promise<{ max: number; used: number }>;
  cgroups: Cgroups;
  mounts: Mounts;
  openBeneath: OpenBeneath;
  /** The machine's own /etc/resolv.conf and /etc/hosts. */
  resolvConf(): Promise<string>;
  hostsFile(): Promise<string>;
}
