import type { Job } from '../../api/batch/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { Counter, Family, Meter, Observer } from '../../platform/metrics/meter.ts';
import { isFinished } from '../shared/pods.ts';
import type { Count, Ends } from './count.ts';
import { IndexSet } from './indexes.ts';
import { isIndexed, isTracked } from './pods.ts';

/** What one look at a Job came to do, by upstream's names. */
export type SyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

const isHeld = (pod: Pod | undefined) => pod !== undefined && isTracked(pod) && isFinished(pod);
const modeOf = ({ spec }: Job) => spec?.completionMode ?? 'NonIndexed';
const syncLabels = ['completion_mode', 'result', 'action'];

/** What becomes of Jobs, under upstream's names. */
export class JobMetrics {
  readonly #syncs: Family<Counter>;
  readonly #durations: Family<Observer>;
  readonly #jobs: Family<Counter>;
  readonly #pods: Family<Counter>;
  readonly #foreign: Family<Counter>;
  readonly #indexes: Family<Counter>;
  readonly #creations: Family<Counter>;
  readonly #policies: Family<Counter>;
  readonly #held: Family<Counter>;

  constructor(meter: Meter) {
    const [stability, labels] = ['STABLE', syncLabels] as const;
    this.#syncs = meter.counter({
      name: 'job_controller_job_syncs_total',
      help: 'Looks at Jobs.',
      stability,
      labels,
    });
    this.#durations = meter.histogram({
      name: 'job_controller_job_sync_duration_seconds',
      help: 'How long looks at Jobs took, with what was done about them.',
      bounds: exponentialBounds(0.004, 2, 15),
      stability,
      labels,
    });
    this.#jobs = meter.counter({
      name: 'job_controller_jobs_finished_total',
      help: 'Jobs that came to their end.',
      stability,
      labels: ['completion_mode', 'result', 'reason'],
    });
    this.#pods = meter.counter({
      name: 'job_controller_job_pods_finished_total',
      help: 'Pods of Jobs that have ended and been counted.',
      stability,
      labels: ['completion_mode', 'result'],
    });
    this.#foreign = meter.counter({
      name: 'job_controller_jobs_by_external_controller_total',
      help: 'Jobs that another controller deals with.',
      stability: 'ALPHA',
      labels: ['controller_name'],
    });
    this.#indexes = meter.counter({
      name: 'job_controller_job_finished_indexes_total',
      help: 'Indexes that came to their end.',
      stability: 'ALPHA',
      labels: ['status', 'backoffLimit'],
    });
    this.#creations = meter.counter({
      name: 'job_controller_job_pods_creation_total',
      help: 'Pods that were made for Jobs, or could not be, and whether for one that was there before.',
      stability: 'ALPHA',
      labels: ['reason', 'status'],
    });
    this.#policies = meter.counter({
      name: 'job_controller_pod_failures_handled_by_failure_policy_total',
      help: 'Failed pods that a rule of the failure policy of their Job fits, by what it says.',
      stability: 'BETA',
      labels: ['action'],
    });
    this.#held = meter.counter({
      name: 'job_controller_terminated_pods_tracking_finalizer_total',
      help: 'Pods that have ended and are held until they are counted, as they come and go.',
      stability: 'BETA',
      labels: ['event'],
    });
  }

  synced(job: Job, { action, ms, isError }: { action: SyncAction; ms: number; isError: boolean }): void {
    const values = [modeOf(job), isError ? 'error' : 'success', action];
    this.#syncs.with(...values).add();
    this.#durations.with(...values).observe(ms / 1000);
  }

  /** The status of a Job has been written: what it counts now that it did not before. */
  counted(before: Job, after: Job): void {
    const more = (valueOf: (job: Job) => number) => Math.max(0, valueOf(after) - valueOf(before));
    const indexes = (text: string | undefined) => IndexSet.parse(text, after.spec?.completions).size;
    const doneIndexes = more(({ status }) => indexes(status?.completedIndexes));
    const succeeded = isIndexed(after) ? doneIndexes : more(({ status }) => status?.succeeded ?? 0);
    this.#pods.with(modeOf(after), 'succeeded').add(succeeded);
    this.#pods.with(modeOf(after), 'failed').add(more(({ status }) => status?.failed ?? 0));
    if (!isIndexed(after)) return;
    const limit = after.spec?.backoffLimitPerIndex === undefined ? 'global' : 'perIndex';
    this.#indexes.with('succeeded', limit).add(doneIndexes);
    this.#indexes.with('failed', limit).add(more(({ status }) => indexes(status?.failedIndexes)));
  }

  /** A pod has been made for a Job, or could not be. */
  created(job: Job, { failed, terminating }: Count, isMade: boolean): void {
    const isAgain = failed > 0 || terminating.length > 0;
    const isForFailed = failed > 0 && job.spec?.podReplacementPolicy === 'Failed';
    const again = isForFailed ? 'recreate_failed' : 'recreate_terminating_or_failed';
    this.#creations.with(isAgain ? again : 'new', isMade ? 'succeeded' : 'failed').add();
  }

  /** Failures have been taken in. */
  judged(failed: Ends['failed']): void {
    for (const { verdict } of failed) if (verdict.message) this.#policies.with(verdict.action).add();
  }

  /** A pod has changed; one of the two is missing where it has come or gone. */
  podChanged(before: Pod | undefined, after: Pod | undefined): void {
    const [was, is] = [isHeld(before), isHeld(after)];
    if (was !== is) this.#held.with(is ? 'add' : 'delete').add();
  }

  finished(job: Job, result: 'succeeded' | 'failed', reason = ''): void {
    this.#jobs.with(modeOf(job), result, reason).add();
  }

  isManagedBy(controller: string): void {
    this.#foreign.with(controller).add();
  }
}
