import type { Pod } from '../api/core/v1.ts';
import type { Counter, Family, Meter } from '../platform/metrics/meter.ts';

/** What has come of an attempt to place a pod. */
export type Result = 'scheduled' | 'unschedulable' | 'error';

/** What the scheduler does, under upstream's names. */
export class SchedulerMetrics {
  readonly #attempts: Family<Counter>;

  constructor(meter: Meter) {
    this.#attempts = meter.counter({
      name: 'scheduler_schedule_attempts_total',
      help: 'Attempts to place pods, by what came of them: unschedulable where no node would do, error where something went wrong.',
      stability: 'STABLE',
      labels: ['result', 'profile'],
    });
  }

  /** What has come of an attempt to place the pod. */
  attempted({ spec }: Pod, result: Result): void {
    this.#attempts.with(result, spec.schedulerName ?? '').add();
  }
}
