import type { Clock } from '../../platform/clock.ts';
import type { Counter, Family, Meter, Observer } from '../../platform/metrics/meter.ts';
import * as defined from './definitions.ts';

/** What is counted and measured of pods that make room for others, under upstream's names. */
export class PreemptionMetrics {
  readonly attempts: Counter;
  readonly victims: Observer;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #evictions: Family<Counter>;
  readonly #durations: Family<Observer>;

  constructor(meter: Meter, clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.attempts = meter.counter(defined.preemptionAttempts).with();
    this.victims = meter.histogram(defined.preemptionVictims).with();
    this.#evictions = meter.counter(defined.evictions);
    this.#durations = meter.histogram(defined.evictionDuration);
  }

  /** Evicts as `evict` does. */
  async evicting<T>(evict: () => Promise<T>): Promise<T> {
    const startMs = this.#clock.monotonic();
    let result = 'error';
    try {
      const gone = await evict();
      result = 'success';
      return gone;
    } finally {
      this.#evictions.with(result).add();
      this.#durations.with(result).observe((this.#clock.monotonic() - startMs) / 1000);
    }
  }
}
