import type { Job } from '../../api/batch/v1.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { Counter, Family, Meter, Observer } from '../../platform/metrics/meter.ts';

/** What one look at a Job came to do, by upstream's names. */
export type SyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

const modeOf = ({ spec }: Job) => spec?.completionMode ?? 'NonIndexed';
const syncLabels = ['completion_mode', 'result', 'action'];

/** What becomes of Jobs, under upstream's names. */
export class JobMetrics {
  readonly #syncs: Family<Counter>;
  readonly #durations: Family<Observer>;
  readonly #jobs: Family<Counter>;
  readonly #pods: Family<Counter>;
  readonly #foreign: Family<Counter>;

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
  }

  synced(job: Job, { action, ms, isError }: { action: SyncAction; ms: number; isError: boolean }): void {
    const values = [modeOf(job), isError ? 'error' : 'success', action];
    this.#syncs.with(...values).add();
    this.#durations.with(...values).observe(ms / 1000);
  }

  /** The status of a Job has been written: what it counts now that it did not before. */
  counted(before: Job, after: Job): void {
    const results = { succeeded: 'succeeded', failed: 'failed' } as const;
    for (const [field, result] of Object.entries(results) as [keyof typeof results, string][]) {
      const more = (after.status?.[field] ?? 0) - (before.status?.[field] ?? 0);
      if (more > 0) this.#pods.with(modeOf(after), result).add(more);
    }
  }

  finished(job: Job, result: 'succeeded' | 'failed', reason = ''): void {
    this.#jobs.with(modeOf(job), result, reason).add();
  }

  isManagedBy(controller: string): void {
    this.#foreign.with(controller).add();
  }
}
