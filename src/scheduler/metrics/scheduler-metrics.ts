import type { Clock } from '../../platform/clock.ts';
import {
  type Family,
  type Gauge,
  type Meter,
  type Observer,
  remembering,
} from '../../platform/metrics/meter.ts';
import type { SchedulerCache } from '../cache/cache.ts';
import type { Profile } from '../framework/framework.ts';
import * as defined from './definitions.ts';
import { ProfileMetrics } from './profile-metrics.ts';
import { noQueue, QueueMetrics } from './queue-metrics.ts';

/** What the scheduler does, under upstream's names. */
export class SchedulerMetrics {
  readonly queue: QueueMetrics;
  /** By the names of the profiles. */
  readonly profiles: ReadonlyMap<string, ProfileMetrics>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #events: (event: string) => Observer;
  readonly #size: Family<Gauge>;

  constructor(
    meter: Meter,
    { clock, profiles, cache }: { clock: Clock; profiles: readonly Profile[]; cache: SchedulerCache },
  ) {
    this.#clock = clock;
    this.queue = new QueueMetrics(meter, clock);
    this.profiles = new Map(
      profiles.map((profile) => [profile.schedulerName, new ProfileMetrics(meter, clock, profile)]),
    );
    const events = meter.histogram(defined.eventDuration);
    this.#events = remembering((event) => events.with(event));
    this.#size = meter.gauge(defined.cacheSize);
    this.#size.with('nodes').follow(() => cache.sizes.nodes);
    this.#size.with('pods').follow(() => cache.sizes.pods);
    this.#size.with('assumed_pods').follow(() => cache.sizes.assumed);
  }

  /** The scheduler has ended: what it had in mind is neither told nor kept. */
  end(): void {
    for (const type of ['nodes', 'pods', 'assumed_pods']) this.#size.with(type).set(0);
    this.queue.follow(noQueue);
  }

  /** By the monotonic clock. */
  nowMs(): number {
    return this.#clock.monotonic();
  }

  /** Note has been taken of an event that came at `startMs`. */
  handled(event: string, startMs: number): void {
    this.#events(event).observe((this.nowMs() - startMs) / 1000);
  }
}
