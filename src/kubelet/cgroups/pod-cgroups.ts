import type { Pod } from '../../api/core/v1.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { qosClassOf } from '../../machinery/qos.ts';
import type { Cgroups } from '../node/node-host.ts';
import { type CgroupLimits, podCgroupLimits, podCgroupPath } from './pod-cgroup.ts';

export interface PodCgroupsOptions {
  cgroups: Cgroups;
  /** The cgroup above those of all pods. */
  podsRoot: string;
  /** Processes that a pod may have, at most. */
  maxPids?: number;
}

/** The cgroups of the node's pods, each above those of its containers. */
export class PodCgroups {
  readonly #options: PodCgroupsOptions;
  readonly #inForce = new Map<string, CgroupLimits>();

  constructor(options: PodCgroupsOptions) {
    this.#options = options;
  }

  path(pod: Pod): string {
    return podCgroupPath(this.#options.podsRoot, pod.metadata.uid as string, qosClassOf(pod));
  }

  /** What a pod's cgroup was last told to hold; undefined where there is none. */
  inForce(podUid: string): CgroupLimits | undefined {
    return this.#inForce.get(podUid);
  }

  /** The memory that a pod is to have where that is less than it has; undefined where it is not. */
  lessMemory(pod: Pod): number | undefined {
    const before = this.inForce(pod.metadata.uid as string)?.memoryBytes ?? Number.POSITIVE_INFINITY;
    const wanted = this.#wanted(pod).memoryBytes ?? Number.POSITIVE_INFINITY;
    return wanted < before ? wanted : undefined;
  }

  /** Makes the cgroup of a pod, with room for what its containers have and for what they are to have. */
  async widen(pod: Pod): Promise<void> {
    const before = this.inForce(pod.metadata.uid as string);
    const wanted = this.#wanted(pod);
    await this.#set(pod, before ? wider(before, wanted) : wanted);
  }

  /** Takes back what the pod is no longer to have, once its containers have given it up. */
  async settle(pod: Pod): Promise<void> {
    const wanted = this.#wanted(pod);
    if (!deepEqual(this.inForce(pod.metadata.uid as string), wanted)) await this.#set(pod, wanted);
  }

  async remove(pod: Pod): Promise<void> {
    this.#inForce.delete(pod.metadata.uid as string);
    await this.#options.cgroups.remove(this.path(pod));
  }

  #wanted(pod: Pod): CgroupLimits {
    return podCgroupLimits(pod, this.#options.maxPids);
  }

  async #set(pod: Pod, limits: CgroupLimits): Promise<void> {
    await this.#options.cgroups.ensure(this.path(pod), limits);
    this.#inForce.set(pod.metadata.uid as string, limits);
  }
}

/** The larger of each; no limit is larger than any. */
function wider(a: CgroupLimits, b: CgroupLimits): CgroupLimits {
  const larger = (x: number | undefined, y: number | undefined) =>
    x === undefined || y === undefined ? undefined : Math.max(x, y);
  return {
    ...b,
    cpuShares: Math.max(a.cpuShares, b.cpuShares),
    cpuQuotaUs: larger(a.cpuQuotaUs, b.cpuQuotaUs),
    memoryBytes: larger(a.memoryBytes, b.memoryBytes),
  };
}
