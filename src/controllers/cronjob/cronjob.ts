import type { CronJob, CronJobStatus, Job } from '../../api/batch/v1.ts';
import type { ObjectReference } from '../../api/core/v1.ts';
import { cronjobs, jobs } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { parseSchedule, type Schedule } from '../../machinery/cron/schedule.ts';
import { isTimeZone } from '../../machinery/cron/time-zone.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { formatTime } from '../../platform/clock.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { HistogramOptions, Observer } from '../../platform/metrics/meter.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import { byController, indexByController } from '../shared/claims.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { controllerOf, isControlledBy } from '../shared/owners.ts';
import { saysSame } from '../shared/status.ts';
import { endedAs, findDue, jobFor, surplusJobs } from './plan.ts';

const zonesPage = 'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/';

/** Makes Jobs at the times that CronJobs name. */
export function createCronJobController(context: ControllerContext): Component {
  return createController({
    name: 'cronjob-controller',
    queueName: 'cronjob',
    context,
    setup: ({ queue, writes }) => {
      const controller = new CronJobController(context, writes);
      controller.subscribe(queue);
      return (key) => controller.reconcile(key);
    },
  });
}

const creationSkew: HistogramOptions = {
  name: 'cronjob_controller_job_creation_skew_duration_seconds',
  help: 'How long after its time a Job of a CronJob was created.',
  stability: 'STABLE',
  bounds: exponentialBounds(1, 2, 10),
};

class CronJobController {
  readonly #context: ControllerContext;
  readonly #skew: Observer;
  readonly #writes: OwnWrites;
  readonly #crons: Informer<CronJob>;
  readonly #jobs: Informer<Job>;

  constructor(context: ControllerContext, writes: OwnWrites) {
    this.#context = context;
    this.#skew = context.meter.histogram(creationSkew).with();
    this.#writes = writes;
    this.#crons = context.informers.of(cronjobs);
    this.#jobs = context.informers.of(jobs);
    indexByController(this.#jobs);
  }

  subscribe(queue: WorkQueue): void {
    const addCron = (cron: Stored<CronJob>) => queue.add(keyOf(cron));
    this.#crons.onChange({ added: addCron, updated: addCron });
    const addOwner = (job: Stored<Job>) => {
      const owner = controllerOf(job);
      if (owner?.kind === 'CronJob') queue.add(`${job.metadata.namespace}/${owner.name}`);
    };
    this.#jobs.onChange({ added: addOwner, updated: addOwner, deleted: addOwner });
  }

  async reconcile(key: string): Promise<Outcome> {
    const cron = this.#crons.get(key);
    if (!cron) return done;
    const own = this.#jobs.byIndex(byController, cron.metadata.uid);
    const status = this.#observe(cron, own);
    // First: a quota may let no Job be made while old ones are kept.
    for (const job of surplusJobs(cron, own))
      await this.#remove(cron, job, 'too many finished Jobs are kept');
    const [kept] = await Promise.allSettled([this.#keepTime(cron, status, own)]);
    await this.#report(cron, status);
    if (kept.status === 'rejected') throw kept.reason;
    const nextMs = kept.value;
    if (nextMs === undefined) return done;
    return { type: 'again', afterMs: Math.max(0, nextMs - this.#context.clock.now()) };
  }

  /** The status by the Jobs as they are now. */
  #observe(
    cron: Stored<CronJob>,
    own: readonly Stored<Job>[],
  ): CronJobStatus & { active: ObjectReference[] } {
    const before = cron.status ?? {};
    const byUid = new Map(own.map((job) => [job.metadata.uid, job]));
    const active = (before.active ?? []).filter((reference) => {
      const job = byUid.get(reference.uid ?? '');
      const end = job && endedAs(job);
      if (job && !end) return true;
      if (end)
        this.#tell(cron, 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${end}`);
      else this.#tell(cron, 'MissingJob', `Active job went missing: ${reference.name}`);
      return false;
    });
    const known = new Set(active.map((reference) => reference.uid));
    // One that a person has made of it is not counted among those that its schedule makes.
    for (const job of own.filter((j) => !endedAs(j) && !known.has(j.metadata.uid))) {
      const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
      this.#tell(cron, 'UnexpectedJob', message, 'Warning');
    }
    const successes = own.flatMap((job) =>
      endedAs(job) === 'Complete' ? (job.status?.completionTime ?? []) : [],
    );
    const lastSuccessfulTime = [before.lastSuccessfulTime ?? '', ...successes].sort().at(-1);
    return {
      ...before,
      active,
      ...(lastSuccessfulTime && { lastSuccessfulTime }),
    };
  }

  /** Starts the Job that is due, and gives the time of the next one. Notes in `status` what it did. */
  async #keepTime(
    cron: Stored<CronJob>,
    status: CronJobStatus & { active: ObjectReference[] },
    own: readonly Stored<Job>[],
  ): Promise<number | undefined> {
    const { spec, metadata } = cron;
    if (metadata.deletionTimestamp) return undefined;
    const { timeZone } = spec;
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      const message = `invalid timeZone: ${goQuote(timeZone)}: unknown time zone ${timeZone}`;
      this.#tell(cron, 'UnknownTimeZone', message, 'Warning');
      return undefined;
    }
    if (spec.suspend) return undefined;
    const schedule = this.#schedule(cron);
    if (!schedule) return undefined;
    const nowMs = this.#context.clock.now();
    const { atMs, tooManyMissed, nextMs } = findDue(cron, schedule, nowMs);
    if (tooManyMissed) {
      const message =
        'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
      this.#tell(cron, 'TooManyMissedTimes', message, 'Warning');
    }
    if (nextMs === undefined) {
      const why = 'time difference between two schedules is less than 1 second';
      this.#tell(cron, 'InvalidSchedule', `invalid schedule: ${spec.schedule} : ${why}`, 'Warning');
    }
    if (atMs === undefined) return nextMs;
    if (spec.concurrencyPolicy === 'Forbid' && status.active.length > 0) {
      const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
      this.#tell(cron, 'JobAlreadyActive', message);
      return nextMs;
    }
    if (spec.concurrencyPolicy === 'Replace') {
      const uids = new Set(status.active.map(({ uid }) => uid));
      for (const job of own.filter(({ metadata: { uid } }) => uids.has(uid))) {
        const removed = await this.#remove(cron, job, 'the next one takes its place');
        if (!removed) throw new Error(`could not replace job ${keyOf(job)}`);
      }
      status.active = [];
    }
    const job = await this.#start(cron, atMs);
    if (!job) return nextMs;
    if (!status.active.some(({ uid }) => uid === job.metadata.uid)) status.active.push(referenceTo(job));
    status.lastScheduleTime = formatTime(atMs);
    return nextMs;
  }

  #schedule(cron: Stored<CronJob>): Schedule | undefined {
    const { schedule, timeZone } = cron.spec;
    if (schedule.includes('TZ')) {
      const message = `CRON_TZ or TZ used in schedule ${goQuote(schedule)} is not officially supported, see ${zonesPage} for more details`;
      this.#tell(cron, 'UnsupportedSchedule', message, 'Warning');
    }
    try {
      return parseSchedule(schedule, timeZone);
    } catch (error) {
      const why = (error as Error).message;
      this.#tell(
        cron,
        'UnparseableSchedule',
        `unparseable schedule: ${goQuote(schedule)} : ${why}`,
        'Warning',
      );
      return undefined;
    }
  }

  async #start(cron: Stored<CronJob>, atMs: number): Promise<Stored<Job> | undefined> {
    const api = this.#context.client.of(jobs);
    const wanted = jobFor(cron, atMs);
    const cause = causedBy(cron, `it is ${formatTime(atMs)}`);
    try {
      const job = await api.create(wanted, { cause });
      this.#writes.wrote(keyOf(cron), this.#jobs, job);
      this.#skew.observe((Date.parse(job.metadata.creationTimestamp) - atMs) / 1000);
      this.#tell(cron, 'SuccessfulCreate', `Created job ${job.metadata.name}`);
      return job;
    } catch (error) {
      if (isTerminatingNamespace(error)) throw error;
      if (!hasReason(error, 'AlreadyExists')) {
        this.#tell(cron, 'FailedCreate', `Error creating job: ${(error as Error).message}`, 'Warning');
        throw error;
      }
      // Made before, and the note of it was lost.
      const there = await api.get(wanted.metadata);
      return isControlledBy(there, cron) ? there : undefined;
    }
  }

  /** Gives false where that could not be done. */
  async #remove(cron: Stored<CronJob>, job: Stored<Job>, why: string): Promise<boolean> {
    const { uid } = job.metadata;
    const write = {
      cause: causedBy(cron, why),
      preconditions: { uid },
      propagationPolicy: 'Background',
    } as const;
    try {
      await this.#context.client.of(jobs).delete(job.metadata, write);
      this.#writes.deleted(keyOf(cron), this.#jobs, job);
      this.#tell(cron, 'SuccessfulDelete', `Deleted job ${job.metadata.name}`);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) {
        this.#tell(cron, 'FailedDelete', `Deleted job: ${(error as Error).message}`, 'Warning');
        return false;
      }
    }
    return true;
  }

  async #report(cron: Stored<CronJob>, { active, ...rest }: CronJobStatus): Promise<void> {
    const status = { ...rest, ...(active?.length && { active }) };
    if (saysSame(cronjobs, cron.status, status)) return;
    const cause = causedBy(cron, `${active?.length ?? 0} Jobs of it run`);
    const written = await this.#context.client.of(cronjobs).updateStatus({ ...cron, status }, { cause });
    this.#writes.wrote(keyOf(cron), this.#crons, written);
  }

  #tell(cron: Stored<CronJob>, reason: string, message: string, type: 'Normal' | 'Warning' = 'Normal'): void {
    this.#context.events.record(cron, { type, reason, message });
  }
}

function referenceTo({ apiVersion, kind, metadata }: Stored<Job>): ObjectReference {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion, kind, name, namespace, uid, resourceVersion };
}
