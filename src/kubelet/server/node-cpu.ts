import type { ContainerStats } from '../runtimes/types.ts';

/**
 * What the containers of a node have used of its processors, in nanoseconds of one core, those that are no more among them:
 * a counter, which never goes back. It begins anew with the kubelet.
 */
export class NodeCpu {
  /** Of each container that was there last time. */
  #used = new Map<string, number>();
  #endedNanoseconds = 0;
  #timeMs = Number.NEGATIVE_INFINITY;

  /** The counter with what was measured from `timeMs` on; what is no newer than what it knows changes nothing. */
  count(containers: readonly ContainerStats[], timeMs: number): number {
    if (timeMs > this.#timeMs) this.#take(containers);
    this.#timeMs = Math.max(this.#timeMs, timeMs);
    return [...this.#used.values()].reduce((total, used) => total + used, this.#endedNanoseconds);
  }

  #take(containers: readonly ContainerStats[]): void {
    const now = new Map<string, number>();
    for (const { id, cpu } of containers) {
      now.set(id, Math.max(cpu?.usageCoreNanoseconds ?? 0, this.#used.get(id) ?? 0));
    }
    for (const [id, used] of this.#used) if (!now.has(id)) this.#endedNanoseconds += used;
    this.#used = now;
  }
}
