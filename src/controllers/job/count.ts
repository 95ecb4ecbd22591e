import type { Job } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { type FailureVerdict, judgeFailure } from './failure-policy.ts';
import { IndexSet } from './indexes.ts';
import {
  failuresBefore,
  indexOf,
  isFailed,
  isIndexed,
  isSucceeded,
  isTerminating,
  isTracked,
} from './pods.ts';

/** What the pods of a Job amount to. */
export interface Count {
  active: Stored<Pod>[];
  terminating: Stored<Pod>[];
  succeeded: number;
  failed: number;
  /** Pods that ended and are in the counters for good: nothing holds them any more. */
  settled: { succeeded: number; failed: number };
  /** Pods whose end is noted by uid until their finalizer is gone. */
  uncounted: { succeeded: string[]; failed: string[] };
  /** Pods whose finalizer may go once the count above is stored. */
  release: Stored<Pod>[];
  /** Ended since the last time, for events, policies and delays. */
  fresh: { succeeded: Stored<Pod>[]; failed: { pod: Stored<Pod>; verdict: FailureVerdict }[] };
  completed: IndexSet;
  failedIndexes: IndexSet;
  /** How often an index has failed, where that is limited. */
  failures: Map<number, number>;
}

/**
 * Counts each pod that has ended exactly once, also when nobody was looking while it ended. Once it is decided how the Job ends
 * no pod is held any more; where it fails, all that have not succeeded fail with it.
 */
export function countPods(
  job: Stored<Job>,
  pods: readonly Stored<Pod>[],
  end?: 'Complete' | 'Failed',
): Count {
  const { status = {} } = job;
  const noted = {
    succeeded: new Set(status.uncountedTerminatedPods?.succeeded),
    failed: new Set(status.uncountedTerminatedPods?.failed),
  };
  const tracked = pods.filter(isTracked);
  const held = new Set(tracked.map((pod) => pod.metadata.uid));
  const still = (uids: ReadonlySet<string>) => [...uids].filter((uid) => held.has(uid));
  const fresh = freshEnds(tracked, { job, noted, end });
  const { failures, failedIndexes, last } = countIndexes(job, tracked);
  const waiting = end ? new Set<Stored<Pod>>() : waitingPods({ pods, job, last, failedIndexes });
  const counted = fresh.failed.filter(({ verdict }) => verdict.action !== 'Ignore');
  const isEnded = (pod: Stored<Pod>) => isSucceeded(pod) || isFailed(job, pod);
  const released = tracked.filter((pod) => end || (isEnded(pod) && !waiting.has(pod)));
  const completed = completedIndexes(job, pods);
  const uncounted = {
    succeeded: isIndexed(job)
      ? []
      : [...still(noted.succeeded), ...fresh.succeeded.map((pod) => pod.metadata.uid)],
    failed: [
      ...still(noted.failed),
      ...counted.filter(({ pod }) => !waiting.has(pod)).map(({ pod }) => pod.metadata.uid),
    ],
  };
  const settled = {
    succeeded: (status.succeeded ?? 0) + noted.succeeded.size - still(noted.succeeded).length,
    failed: (status.failed ?? 0) + noted.failed.size - still(noted.failed).length,
  };
  const unsettledFailed = counted.filter(({ pod }) => waiting.has(pod)).length;
  return {
    active: pods.filter((pod) => !isSucceeded(pod) && pod.status?.phase !== 'Failed' && !isTerminating(pod)),
    terminating: pods.filter((p) => isTerminating(p) && !isSucceeded(p) && p.status?.phase !== 'Failed'),
    succeeded: isIndexed(job) ? completed.size : settled.succeeded + uncounted.succeeded.length,
    failed: settled.failed + uncounted.failed.length + unsettledFailed,
    settled,
    uncounted,
    release: released,
    fresh,
    completed,
    failedIndexes,
    failures,
  };
}

function freshEnds(
  tracked: readonly Stored<Pod>[],
  {
    job,
    noted,
    end,
  }: {
    job: Job;
    noted: { succeeded: ReadonlySet<string>; failed: ReadonlySet<string> };
    end: 'Complete' | 'Failed' | undefined;
  },
): Count['fresh'] {
  const isNew = ({ metadata: { uid } }: Stored<Pod>) => !noted.succeeded.has(uid) && !noted.failed.has(uid);
  const ended = tracked.filter(isNew);
  const failed = ended.filter((pod) => (end === 'Failed' ? !isSucceeded(pod) : isFailed(job, pod)));
  return {
    succeeded: ended.filter(isSucceeded),
    failed: failed.map((pod) => ({ pod, verdict: judgeFailure(job.spec?.podFailurePolicy, pod) })),
  };
}

function completedIndexes(job: Job, pods: readonly Stored<Pod>[]): IndexSet {
  if (!isIndexed(job)) return new IndexSet();
  const completions = job.spec?.completions ?? 0;
  const completed = IndexSet.parse(job.status?.completedIndexes, completions);
  for (const pod of pods.filter(isSucceeded)) {
    const index = indexOf(pod);
    if (index !== undefined && index < completions) completed.add(index);
  }
  return completed;
}

/** How often each index has failed, where that is limited, and the pod that failed last. Pods that the Job took away itself do not count. */
function countIndexes(job: Job, tracked: readonly Stored<Pod>[]) {
  const limit = job.spec?.backoffLimitPerIndex;
  const completions = job.spec?.completions ?? 0;
  // A Job that has become smaller has nothing to do with the indexes beyond its end any more.
  const failedIndexes = IndexSet.parse(job.status?.failedIndexes, completions);
  const failures = new Map<number, number>();
  const last = new Map<number, Stored<Pod>>();
  if (limit === undefined) return { failures, failedIndexes, last };
  for (const pod of tracked.filter((p) => isFailed(job, p))) {
    const index = indexOf(pod);
    if (index === undefined || index >= completions) continue;
    const { action } = judgeFailure(job.spec?.podFailurePolicy, pod);
    const total = failuresBefore(pod) + (action === 'Ignore' ? 0 : 1);
    if (action === 'FailIndex' || total > limit) failedIndexes.add(index);
    if (total >= (failures.get(index) ?? 0)) {
      failures.set(index, total);
      last.set(index, pod);
    }
  }
  return { failures, failedIndexes, last };
}

/**
 * The last failed pod of an index carries the number of its failures on to the pod that replaces it: it is held until that
 * one is there, or the index has failed for good.
 */
function waitingPods({
  pods,
  job,
  last,
  failedIndexes,
}: {
  pods: readonly Stored<Pod>[];
  job: Job;
  last: ReadonlyMap<number, Stored<Pod>>;
  failedIndexes: IndexSet;
}): Set<Stored<Pod>> {
  const waiting = new Set<Stored<Pod>>();
  for (const [index, pod] of last) {
    const isReplaced = pods.some((p) => indexOf(p) === index && p !== pod && !isFailed(job, p));
    if (!isReplaced && !failedIndexes.has(index)) waiting.add(pod);
  }
  return waiting;
}
