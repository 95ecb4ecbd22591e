import type { Count } from './count.ts';
import type { Delays } from './plan.ts';
import { endedMs } from './pods.ts';

const firstMs = 10_000;
const longestMs = 600_000;

const delayMs = (failures: number) =>
  failures === 0 ? 0 : Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 20));

/** Failures in a row, and when the last one was. */
export interface FailuresInARow {
  failures: number;
  lastMs: number;
}

/** Failures in a row of each Job, as long as this process remembers them. Also those count that a policy says to ignore. */
export class FailureMemory {
  readonly #byJob = new Map<string, FailuresInARow>();

  forget(uid: string): void {
    this.#byJob.delete(uid);
  }

  /** What is to be kept once the ends that are new have been noted; a success starts the counting over. */
  with(uid: string, { freshReleased: { succeeded, failed } }: Count): FailuresInARow {
    const before = this.#byJob.get(uid) ?? { failures: 0, lastMs: 0 };
    const failedMs = failed.map(({ pod }) => endedMs(pod));
    const lastSuccessMs = Math.max(Number.NEGATIVE_INFINITY, ...succeeded.map(endedMs));
    const after = failedMs.filter((ms) => ms > lastSuccessMs);
    const start = succeeded.length > 0 ? { failures: 0, lastMs: 0 } : before;
    return { failures: start.failures + after.length, lastMs: Math.max(start.lastMs, ...after) };
  }

  keep(uid: string, failures: FailuresInARow): void {
    this.#byJob.set(uid, failures);
  }
}

/** How long the next pods of a Job wait. */
export function delaysAfter(
  { failures, lastMs }: FailuresInARow,
  { lastFailed }: Count,
  nowMs: number,
): Delays {
  return {
    jobMs: lastMs + delayMs(failures) - nowMs,
    indexMs(index) {
      const last = lastFailed.get(index);
      return last ? endedMs(last.pod) + delayMs(last.counted + last.ignored) - nowMs : 0;
    },
  };
}
