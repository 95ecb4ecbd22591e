import type { Job } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { type FailureVerdict, judgeFailure } from './failure-policy.ts';
import { IndexSet } from './indexes.ts';
import {
  endedMs,
  failuresBefore,
  type IndexFailures,
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
  /** Whether more have ended than are noted and let go at once. */
  isCutShort: boolean;
  /** Ended since the last time, for events and policies. */
  fresh: Ends;
  /** Those of them that are let go now. */
  freshReleased: Ends;
  completed: IndexSet;
  failedIndexes: IndexSet;
  /** The pod of an index that failed last, and how often the index has failed with it; where that is limited. */
  lastFailed: ReadonlyMap<number, FailedPod>;
}

/** Pods that have ended since the last time. */
export interface Ends {
  succeeded: Stored<Pod>[];
  failed: { pod: Stored<Pod>; verdict: FailureVerdict }[];
}

export interface FailedPod extends IndexFailures {
  pod: Stored<Pod>;
}

/** Pods noted by uid at once, as upstream: a status stays small however many end at the same time. */
const maxNoted = 500;

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
  const { lastFailed, failedIndexes } = countIndexes(job, tracked);
  const isEnding = end !== undefined || job.metadata.deletionTimestamp !== undefined;
  const waiting = isEnding ? new Set<Stored<Pod>>() : waitingPods({ pods, job, lastFailed, failedIndexes });
  const counted = fresh.failed.filter(({ verdict }) => verdict.action !== 'Ignore').map(({ pod }) => pod);
  const isEnded = (pod: Stored<Pod>) => isSucceeded(pod) || isFailed(job, pod);
  const released = tracked.filter((pod) => isEnding || (isEnded(pod) && !waiting.has(pod)));
  const toNote = new Set([...fresh.succeeded, ...counted]);
  const portion = firstPortion(released, toNote, still(noted.succeeded).length + still(noted.failed).length);
  const isNotedNow = new Set(portion);
  const completed = completedIndexes(job, tracked);
  const uidsOf = (some: readonly Stored<Pod>[]) =>
    some.filter((pod) => isNotedNow.has(pod)).map((pod) => pod.metadata.uid);
  const uncounted = {
    succeeded: isIndexed(job) ? [] : [...still(noted.succeeded), ...uidsOf(fresh.succeeded)],
    failed: [...still(noted.failed), ...uidsOf(counted)],
  };
  const settled = {
    succeeded: (status.succeeded ?? 0) + noted.succeeded.size - still(noted.succeeded).length,
    failed: (status.failed ?? 0) + noted.failed.size - still(noted.failed).length,
  };
  return {
    active: pods.filter((pod) => !isSucceeded(pod) && pod.status?.phase !== 'Failed' && !isTerminating(pod)),
    terminating: pods.filter((p) => isTerminating(p) && !isSucceeded(p) && p.status?.phase !== 'Failed'),
    succeeded: isIndexed(job)
      ? completed.size
      : settled.succeeded + still(noted.succeeded).length + fresh.succeeded.length,
    failed: settled.failed + still(noted.failed).length + counted.length,
    settled,
    uncounted,
    release: portion,
    isCutShort: portion.length < released.length,
    fresh,
    freshReleased: endsAmong(fresh, isNotedNow),
    completed,
    failedIndexes,
    lastFailed,
  };
}

/** So many of the pods that no more are noted than may be at once. */
function firstPortion(
  released: readonly Stored<Pod>[],
  toNote: ReadonlySet<Stored<Pod>>,
  notedBefore: number,
) {
  let noted = notedBefore;
  const end = released.findIndex((pod) => toNote.has(pod) && ++noted > maxNoted);
  return end < 0 ? [...released] : released.slice(0, end);
}

function endsAmong({ succeeded, failed }: Ends, pods: ReadonlySet<Stored<Pod>>): Ends {
  return {
    succeeded: succeeded.filter((pod) => pods.has(pod)),
    failed: failed.filter(({ pod }) => pods.has(pod)),
  };
}

/** Of an indexed Job those do not count that have no index of it. */
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
): Ends {
  const isNew = ({ metadata: { uid } }: Stored<Pod>) => !noted.succeeded.has(uid) && !noted.failed.has(uid);
  const counts = (pod: Stored<Pod>) =>
    !isIndexed(job) || (indexOf(pod) ?? Number.POSITIVE_INFINITY) < (job.spec?.completions ?? 0);
  const ended = tracked.filter((pod) => isNew(pod) && counts(pod));
  const failed = ended.filter((pod) => (end === 'Failed' ? !isSucceeded(pod) : isFailed(job, pod)));
  return {
    succeeded: ended.filter(isSucceeded),
    failed: failed.map((pod) => ({ pod, verdict: judgeFailure(job.spec?.podFailurePolicy, pod) })),
  };
}

/** What is no longer held has been counted; where that is of an index that a Job has had no more meanwhile, it is to be done again. */
function completedIndexes(job: Job, tracked: readonly Stored<Pod>[]): IndexSet {
  if (!isIndexed(job)) return new IndexSet();
  const completions = job.spec?.completions ?? 0;
  const completed = IndexSet.parse(job.status?.completedIndexes, completions);
  for (const pod of tracked.filter(isSucceeded)) {
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
  const lastFailed = new Map<number, FailedPod>();
  if (limit === undefined) return { failedIndexes, lastFailed };
  for (const pod of tracked.filter((p) => isFailed(job, p))) {
    const index = indexOf(pod);
    if (index === undefined || index >= completions) continue;
    const { action } = judgeFailure(job.spec?.podFailurePolicy, pod);
    const failed = { pod, ...withOneMore(failuresBefore(pod), action === 'Ignore') };
    if (action === 'FailIndex' || failed.counted > limit) failedIndexes.add(index);
    const before = lastFailed.get(index);
    if (!before || isLater(failed, before)) lastFailed.set(index, failed);
  }
  return { failedIndexes, lastFailed };
}

function withOneMore({ counted, ignored }: IndexFailures, isIgnored: boolean): IndexFailures {
  return isIgnored ? { counted, ignored: ignored + 1 } : { counted: counted + 1, ignored };
}

const isLater = (a: FailedPod, b: FailedPod) =>
  a.counted + a.ignored >= b.counted + b.ignored && endedMs(a.pod) >= endedMs(b.pod);

/**
 * The last failed pod of an index carries the number of its failures on to the pod that replaces it: it is held until that
 * one is there, or the index has failed for good.
 */
function waitingPods({
  pods,
  job,
  lastFailed,
  failedIndexes,
}: {
  pods: readonly Stored<Pod>[];
  job: Job;
  lastFailed: ReadonlyMap<number, FailedPod>;
  failedIndexes: IndexSet;
}): Set<Stored<Pod>> {
  const replaced = new Set(pods.filter((pod) => !isFailed(job, pod)).map(indexOf));
  const isWaiting = ([index]: [number, FailedPod]) => !replaced.has(index) && !failedIndexes.has(index);
  return new Set([...lastFailed].filter(isWaiting).map(([, { pod }]) => pod));
}
