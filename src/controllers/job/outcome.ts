import type { Job } from '../../api/batch/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Count } from './count.ts';
import { IndexSet } from './indexes.ts';

/** How a Job ends. */
export interface Outcome {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

export function jobCondition(job: Job, type: string) {
  return job.status?.conditions?.find((c) => c.type === type && c.status === 'True');
}

/** Whether a Job has ended, for good. */
export const isOver = (job: Job) =>
  jobCondition(job, 'Complete') !== undefined || jobCondition(job, 'Failed') !== undefined;

/** Milliseconds until the deadline of a running Job; undefined where there is none. */
export function deadlineInMs(job: Job, nowMs: number): number | undefined {
  const { activeDeadlineSeconds: seconds, suspend } = job.spec ?? {};
  const { startTime } = job.status ?? {};
  if (seconds === undefined || suspend || !startTime) return undefined;
  return Date.parse(startTime) + seconds * 1000 - nowMs;
}

/** What decides over a Job now, if anything does. What was decided before stays. */
export function decide(job: Stored<Job>, count: Count, nowMs: number): Outcome | undefined {
  const settled = jobCondition(job, 'FailureTarget') ?? jobCondition(job, 'SuccessCriteriaMet');
  if (settled) {
    const type = settled.type === 'FailureTarget' ? 'Failed' : 'Complete';
    return { type, reason: settled.reason ?? '', message: settled.message ?? '' };
  }
  return failure(job, count, nowMs) ?? success(job, count);
}

const failed = (reason: string, message: string): Outcome => ({ type: 'Failed', reason, message });

function failure(job: Stored<Job>, count: Count, nowMs: number): Outcome | undefined {
  const byPolicy = count.fresh.failed.find(({ verdict }) => verdict.action === 'FailJob');
  if (byPolicy) return failed('PodFailurePolicy', byPolicy.verdict.message ?? '');
  const { backoffLimit = 6, maxFailedIndexes } = job.spec ?? {};
  if (count.failed > backoffLimit || restartsExceed(job, count))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if ((deadlineInMs(job, nowMs) ?? 1) <= 0)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (maxFailedIndexes !== undefined && count.failedIndexes.size > maxFailedIndexes) {
    const message = 'Job has exceeded the specified maximal number of failed indexes';
    return failed('MaxFailedIndexesExceeded', message);
  }
  // Every index has come to an end, and not all to a good one: that counts before a success policy does.
  const { completions = Number.POSITIVE_INFINITY } = job.spec ?? {};
  if (count.failedIndexes.size > 0 && count.completed.size + count.failedIndexes.size >= completions)
    return failed('FailedIndexes', 'Job has failed indexes');
  return undefined;
}

/** Pods that are restarted in place never fail: their restarts count instead. */
function restartsExceed(job: Job, { active, terminating }: Count): boolean {
  const { backoffLimit = 6, template } = job.spec ?? {};
  if (template?.spec?.restartPolicy !== 'OnFailure') return false;
  const statuses = [...active, ...terminating].flatMap(({ status }) => [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + (restartCount ?? 0), 0);
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

function success(job: Stored<Job>, count: Count): Outcome | undefined {
  const rule = matchedRule(job, count);
  if (rule !== undefined)
    return { type: 'Complete', reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  const reached: Outcome = {
    type: 'Complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
  const { completions } = job.spec ?? {};
  if (completions === undefined)
    return count.succeeded > 0 && count.active.length === 0 ? reached : undefined;
  return count.succeeded >= completions ? reached : undefined;
}

function matchedRule(job: Job, { completed }: Count): number | undefined {
  const found = (job.spec?.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    const wanted = succeededIndexes === undefined ? undefined : IndexSet.parse(succeededIndexes);
    const reached = wanted?.countShared(completed) ?? completed.size;
    const needed = succeededCount ?? wanted?.size ?? job.spec?.completions ?? 0;
    return reached >= needed;
  });
  return found < 0 ? undefined : found;
}
