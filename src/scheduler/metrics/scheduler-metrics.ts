import type { Pod } from '../../api/core/v1.ts';
import type { Clock } from '../../platform/clock.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import {
  byLastLabel,
  type Counter,
  type Family,
  type Meter,
  type Observer,
} from '../../platform/metrics/meter.ts';
import type { SchedulerCache } from '../cache/cache.ts';
import { QueueMetrics } from './queue-metrics.ts';

/** What has come of an attempt to place a pod. */
export type Result = 'scheduled' | 'unschedulable' | 'error';

/** What the scheduler does, under upstream's names. */
export class SchedulerMetrics {
  readonly queue: QueueMetrics;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #attempts: Family<Counter>;
  readonly #events: (event: string) => Observer;
  readonly #cacheSize;

  constructor(meter: Meter, clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.queue = new QueueMetrics(meter, clock);
    this.#attempts = meter.counter({
      name: 'scheduler_schedule_attempts_total',
      help: 'Attempts to place pods, by what came of them: unschedulable where no node would do, error where something went wrong.',
      stability: 'STABLE',
      labels: ['result', 'profile'],
    });
    this.#events = byLastLabel(
      meter.histogram({
        name: 'scheduler_event_handling_duration_seconds',
        help: 'How long it took to take note of what happened in the cluster.',
        stability: 'ALPHA',
        labels: ['event'],
        bounds: exponentialBounds(0.0001, 2, 12),
      }),
    );
    this.#cacheSize = meter.gauge({
      name: 'scheduler_cache_size',
      help: 'Nodes and pods that the scheduler counts with, and those of the pods whose binding has not shown up yet.',
      stability: 'ALPHA',
      labels: ['type'],
    });
  }

  /** Reads from this cache from now on. */
  follow(cache: SchedulerCache): void {
    this.#cacheSize.with('nodes').follow(() => cache.sizes.nodes);
    this.#cacheSize.with('pods').follow(() => cache.sizes.pods);
    this.#cacheSize.with('assumed_pods').follow(() => cache.sizes.assumed);
  }

  /** By the monotonic clock. */
  nowMs(): number {
    return this.#clock.monotonic();
  }

  /** Note has been taken of an event that came at `startMs`. */
  handled(event: string, startMs: number): void {
    this.#events(event).observe((this.nowMs() - startMs) / 1000);
  }

  /** What has come of an attempt to place the pod. */
  attempted({ spec }: Pod, result: Result): void {
    this.#attempts.with(result, spec.schedulerName ?? '').add();
  }
}
