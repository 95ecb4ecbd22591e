import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Count } from './count.ts';
import type { Delays } from './plan.ts';
import { endedMs, indexOf } from './pods.ts';

const firstMs = 10_000;
const longestMs = 600_000;

const delayMs = (failures: number) =>
  failures === 0 ? 0 : Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));

/** Failures in a row of each Job, as long as this process remembers them. */
export class FailureMemory {
  readonly #byJob = new Map<string, { failures: number; lastMs: number }>();

  forget(uid: string): void {
    this.#byJob.delete(uid);
  }

  /** Takes in the ends that are new, in their order: a success starts the counting over. */
  note(uid: string, { fresh }: Count, nowMs: number): void {
    const ends = [
      ...fresh.succeeded.map((pod) => ({ pod, isFailure: false })),
      ...fresh.failed.map(({ pod, verdict }) => ({ pod, isFailure: verdict.action !== 'Ignore' })),
    ].map(({ pod, isFailure }) => ({ isFailure, atMs: endedMs(pod, nowMs) }));
    for (const { isFailure, atMs } of ends.sort((a, b) => a.atMs - b.atMs)) {
      const before = this.#byJob.get(uid)?.failures ?? 0;
      this.#byJob.set(uid, { failures: isFailure ? before + 1 : 0, lastMs: atMs });
    }
  }

  delaysFor(uid: string, pods: readonly Stored<Pod>[], count: Count, nowMs: number): Delays {
    const known = this.#byJob.get(uid) ?? { failures: 0, lastMs: 0 };
    const lastOf = (index: number) => {
      const ended = pods.filter((pod) => indexOf(pod) === index).map((pod) => endedMs(pod, nowMs));
      return Math.max(0, ...ended);
    };
    return {
      jobMs: known.lastMs + delayMs(known.failures) - nowMs,
      indexMs: (index) => {
        const failures = count.failures.get(index) ?? 0;
        return failures === 0 ? 0 : lastOf(index) + delayMs(failures) - nowMs;
      },
    };
  }
}
