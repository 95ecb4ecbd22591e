import type { Job, JobCondition, JobStatus } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { formatTime } from '../../platform/clock.ts';
import { byActivity } from '../shared/deletion-order.ts';
import { isReady } from '../shared/pods.ts';
import type { Count } from './count.ts';
import { deadlineInMs, type Outcome } from './outcome.ts';
import { indexOf, isIndexed, type NewPod } from './pods.ts';

/** How long after a failure the next pod waits, by the number of failures in a row. */
export interface Delays {
  /** Of the whole Job. */
  jobMs: number;
  /** Of one index, where failures count by index. */
  indexMs(index: number): number;
}

export interface PodPlan {
  create: NewPod[];
  remove: Stored<Pod>[];
  againInMs: number | undefined;
}

const burst = 500;
const noFailures = { counted: 0, ignored: 0 };

/** Which pods to make and which to take away, while the Job is undecided. */
export function planPods(job: Stored<Job>, count: Count, delays: Delays): PodPlan {
  const { parallelism = 1, completions, suspend, podReplacementPolicy } = job.spec ?? {};
  const { active } = count;
  if (suspend) return { create: [], remove: active, againInMs: undefined };
  const duplicates = isIndexed(job) ? surplusOfIndexes(job, count) : [];
  const kept = active.filter((pod) => !duplicates.includes(pod));
  const left = (completions ?? 0) - count.succeeded - count.failedIndexes.size;
  const byWork = completions === undefined ? (count.succeeded > 0 ? kept.length : parallelism) : left;
  const wanted = Math.max(0, Math.min(parallelism, byWork));
  const inTheWay = podReplacementPolicy === 'Failed' ? count.terminating : [];
  const missing = Math.min(burst, wanted - kept.length - inTheWay.length);
  const surplus = kept.length - wanted;
  const extra = surplus > 0 ? byActivity(kept).slice(0, surplus) : [];
  const remove = [...duplicates, ...extra];
  if (missing <= 0 || remove.length > 0) return { create: [], remove, againInMs: undefined };
  const { create, againInMs } = newPods(job, count, { missing, kept: [...kept, ...inTheWay], delays });
  return { create, remove, againInMs };
}

/** Pods of indexes that are done, out of range, or taken twice: of those, the one that is furthest stays. */
function surplusOfIndexes(job: Stored<Job>, { active, completed, failedIndexes }: Count): Stored<Pod>[] {
  const surplus: Stored<Pod>[] = [];
  const byIndex = new Map<number, Stored<Pod>[]>();
  for (const pod of active) {
    const index = indexOf(pod);
    const isWanted = index !== undefined && index < (job.spec?.completions ?? 0);
    if (!isWanted || completed.has(index) || failedIndexes.has(index)) surplus.push(pod);
    else byIndex.set(index, [...(byIndex.get(index) ?? []), pod]);
  }
  for (const twins of byIndex.values()) if (twins.length > 1) surplus.push(...byActivity(twins).slice(0, -1));
  return surplus;
}

function newPods(
  job: Stored<Job>,
  count: Count,
  { missing, kept, delays }: { missing: number; kept: readonly Stored<Pod>[]; delays: Delays },
): { create: NewPod[]; againInMs: number | undefined } {
  const limited = job.spec?.backoffLimitPerIndex !== undefined;
  if (!limited && delays.jobMs > 0) return { create: [], againInMs: delays.jobMs };
  if (!isIndexed(job)) return { create: Array.from({ length: missing }, () => ({})), againInMs: undefined };
  const { completions = 0 } = job.spec ?? {};
  const taken = new Set(kept.map(indexOf));
  const { completed, failedIndexes } = count;
  /** The first index from one on that neither has a pod nor has come to an end. */
  const nextFree = (from: number): number => {
    for (let index = from; ; index++) {
      const open = failedIndexes.nextAbsent(completed.nextAbsent(index));
      if (open === index && !taken.has(index)) return index;
      if (open > index) index = open - 1;
    }
  };
  if (!limited) {
    const free = lowestIndexes({ completions, most: missing, nextFree });
    return { create: free.map((index) => ({ index })), againInMs: undefined };
  }
  const ready = lowestIndexes({ completions, most: missing, nextFree }, (i) => delays.indexMs(i) <= 0);
  // Only those wait that have failed.
  const failed = [...count.lastFailed.keys()].filter(
    (index) => index < completions && nextFree(index) === index,
  );
  const waits = failed.map(delays.indexMs).filter((wait) => wait > 0);
  const create = ready.map((index) => ({ index, failures: count.lastFailed.get(index) ?? noFailures }));
  return { create, againInMs: waits.length > 0 ? Math.min(...waits) : undefined };
}

/** The first of those that may be taken. No more are looked at: a Job may have more indexes than fit into memory. */
function lowestIndexes(
  { completions, most, nextFree }: { completions: number; most: number; nextFree(from: number): number },
  mayBe: (index: number) => boolean = () => true,
): number[] {
  const found: number[] = [];
  for (let i = nextFree(0); i < completions && found.length < most; i = nextFree(i + 1))
    if (mayBe(i)) found.push(i);
  return found;
}

/** The status to store; `outcome` is what has been decided over the Job. */
export function nextStatus(
  job: Stored<Job>,
  count: Count,
  {
    outcome,
    activeAfter,
    nowMs,
  }: { outcome: Outcome | undefined; activeAfter: readonly Pod[]; nowMs: number },
): JobStatus {
  const before = job.status ?? {};
  const now = formatTime(nowMs);
  const { succeeded, failed } = count.settled;
  const { uncounted } = count;
  const terminating = count.terminating.length + count.active.length - activeAfter.length;
  const isDone = outcome !== undefined && activeAfter.length === 0 && terminating === 0;
  const isAllCounted = !count.isCutShort && uncounted.succeeded.length + uncounted.failed.length === 0;
  const conditions = conditionsFor(job, { outcome, isFinal: isDone && isAllCounted, now });
  // One that ends without ever having run begins as it ends.
  const rests = job.spec?.suspend && !(isDone && isAllCounted);
  const startTime = rests ? undefined : (before.startTime ?? now);
  const isComplete = conditions.some(({ type, status }) => type === 'Complete' && status === 'True');
  return {
    ...(conditions.length > 0 && { conditions }),
    ...(startTime && { startTime }),
    ...(isComplete && { completionTime: before.completionTime ?? now }),
    ...positive('active', activeAfter.length),
    ...positive('succeeded', isIndexed(job) ? count.completed.size : succeeded),
    ...positive('failed', failed),
    ...(count.completed.size > 0 && { completedIndexes: `${count.completed}` }),
    ...(job.spec?.backoffLimitPerIndex !== undefined && {
      failedIndexes: `${count.failedIndexes}`,
    }),
    uncountedTerminatedPods: {
      ...(uncounted.succeeded.length > 0 && { succeeded: uncounted.succeeded }),
      ...(uncounted.failed.length > 0 && { failed: uncounted.failed }),
    },
    ready: activeAfter.filter(isReady).length,
    terminating,
  };
}

const positive = (name: string, value: number) => (value > 0 ? { [name]: value } : {});

function conditionsFor(
  job: Stored<Job>,
  { outcome, isFinal, now }: { outcome: Outcome | undefined; isFinal: boolean; now: string },
): JobCondition[] {
  let conditions = job.status?.conditions ?? [];
  const put = (type: string, status: string, reason: string, message: string) => {
    const old = conditions.find((condition) => condition.type === type);
    if (old?.status === status && old.reason === reason && old.message === message) return;
    const fresh = { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
    conditions = [...conditions.filter((condition) => condition !== old), fresh];
  };
  const wasSuspended = conditions.some(({ type, status }) => type === 'Suspended' && status === 'True');
  if (!outcome && job.spec?.suspend) put('Suspended', 'True', 'JobSuspended', 'Job suspended');
  if (!outcome && !job.spec?.suspend && wasSuspended) put('Suspended', 'False', 'JobResumed', 'Job resumed');
  if (!outcome) return conditions;
  const { type, reason, message } = outcome;
  put(type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget', 'True', reason, message);
  if (isFinal) put(type, 'True', reason, message);
  return conditions;
}

/** Milliseconds until time alone changes something. */
export function againIn(job: Stored<Job>, plan: PodPlan | undefined, nowMs: number): number | undefined {
  const deadline = deadlineInMs(job, nowMs);
  const all = [plan?.againInMs, deadline].filter((ms): ms is number => ms !== undefined && ms > 0);
  return all.length > 0 ? Math.min(...all) : undefined;
}
