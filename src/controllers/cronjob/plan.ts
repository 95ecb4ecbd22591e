import type { CronJob, Job } from '../../api/batch/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import type { Schedule } from '../../machinery/cron/schedule.ts';
import { formatInZone } from '../../machinery/cron/time-zone.ts';
import { controllerReference } from '../shared/owners.ts';

const timestampKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
/** More missed times than this are told of: a clock is off, or the deadline too long. */
const manyMissed = 100;

export interface Due {
  /** The last time that has come and not been kept. */
  atMs: number | undefined;
  tooManyMissed: boolean;
  /** The next time to come; undefined where the schedule names no day that there is. */
  nextMs: number | undefined;
}

/** Which time is due now, and which comes next. */
export function findDue(cron: Stored<CronJob>, schedule: Schedule, nowMs: number): Due {
  const { lastScheduleTime } = cron.status ?? {};
  const deadline = cron.spec.startingDeadlineSeconds;
  const beganMs = Date.parse(lastScheduleTime ?? cron.metadata.creationTimestamp);
  const fromMs = deadline === undefined ? beganMs : Math.max(beganMs, nowMs - deadline * 1000);
  const firstMs = schedule.next(fromMs);
  if (firstMs === undefined || firstMs > nowMs)
    return { atMs: undefined, tooManyMissed: false, nextMs: firstMs };
  const { atMs, missed } = lastBefore(schedule, firstMs, nowMs);
  return { atMs, tooManyMissed: missed > manyMissed, nextMs: schedule.next(atMs) };
}

/**
 * The last time up to now, and about how many there were. Skips ahead where these are many, so that years of minutes cost nothing,
 * also where they do not come evenly.
 */
function lastBefore(schedule: Schedule, firstMs: number, nowMs: number): { atMs: number; missed: number } {
  const secondMs = schedule.next(firstMs);
  if (secondMs === undefined || secondMs > nowMs) return { atMs: firstMs, missed: 1 };
  const strideMs = secondMs - firstMs;
  const missed = Math.floor((nowMs - firstMs) / strideMs) + 1;
  const nearMs = missed > 2 ? schedule.next(firstMs + (missed - 2) * strideMs) : undefined;
  let atMs = nearMs !== undefined && nearMs <= nowMs ? nearMs : secondMs;
  for (let steps = 0; steps < manyMissed; steps++) {
    const next = schedule.next(atMs);
    if (next === undefined || next > nowMs) return { atMs, missed };
    atMs = next;
  }
  return { atMs: lastByHalves(schedule, atMs, nowMs), missed };
}

/** The last time up to now, where there is one at `fromMs`. */
function lastByHalves(schedule: Schedule, fromMs: number, nowMs: number): number {
  let [low, high] = [fromMs, nowMs];
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    const next = schedule.next(middle);
    if (next !== undefined && next <= nowMs) low = next;
    else high = middle;
  }
  return low;
}

/** The Job of one time: its name says the minute, so that no time is kept twice. */
export function jobFor(cron: Stored<CronJob>, atMs: number): Job {
  const { name, namespace } = cron.metadata;
  const template = clone(cron.spec.jobTemplate) as CronJob['spec']['jobTemplate'];
  const { labels, annotations } = template.metadata ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${name}-${Math.floor(atMs / 60_000)}`,
      namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, [timestampKey]: formatInZone(atMs, cron.spec.timeZone) },
      ownerReferences: [controllerReference(cron)],
    },
    spec: template.spec,
  } as Job;
}

const endOf = (job: Job) =>
  job.status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');

/** How a Job ended; undefined while it runs. */
export const endedAs = (job: Job) => endOf(job)?.type as 'Complete' | 'Failed' | undefined;

/** Finished Jobs beyond the limits, the oldest first. */
export function surplusJobs(cron: CronJob, jobs: readonly Stored<Job>[]): Stored<Job>[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cron.spec;
  const startOf = ({ metadata, status }: Stored<Job>) => status?.startTime ?? metadata.creationTimestamp;
  const beyond = (type: string, limit: number | undefined) => {
    const ended = jobs.filter((job) => endedAs(job) === type && !job.metadata.deletionTimestamp);
    ended.sort(
      (a, b) => startOf(a).localeCompare(startOf(b)) || a.metadata.name.localeCompare(b.metadata.name),
    );
    return limit === undefined ? [] : ended.slice(0, Math.max(0, ended.length - limit));
  };
  return [...beyond('Complete', successfulJobsHistoryLimit), ...beyond('Failed', failedJobsHistoryLimit)];
}
