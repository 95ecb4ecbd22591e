import type { Clock } from '../../platform/clock.ts';
import { Histogram } from '../../platform/metrics/histogram.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import type { AdmissionPlugin, Operation } from './admission.ts';

/** What plugins are asked to do: to change an object, or to look at it. */
export type Step = 'admit' | 'validate';

const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
const steps = ['admit', 'validate'] as const;

/** What is measured: a place among the series of a plugin. */
export const placeOf = (operation: Operation, step: Step): number =>
  operations.indexOf(operation) * 4 + (step === 'admit' ? 0 : 2);

const labelsAt = (place: number) => ({
  operation: operations[place >> 2] as Operation,
  rejected: String((place & 1) === 1),
  type: steps[(place & 2) >> 1] as Step,
});

/** How long one plugin, or all together, took, by operation, step and outcome. */
class Times {
  readonly #series: (Histogram | undefined)[] = Array.from({ length: operations.length * 4 });

  observe(place: number, isRejected: boolean, ms: number): void {
    const at = isRejected ? place + 1 : place;
    const histogram = this.#series[at] ?? (this.#series[at] = new Histogram(bounds));
    histogram.observe(ms / 1000);
  }

  values(name: string, more: Record<string, string>) {
    return this.#series.flatMap(
      (histogram, place) => histogram?.values(name, { ...more, ...labelsAt(place) }) ?? [],
    );
  }
}

/** How long admission takes, under upstream's names. */
export class AdmissionTimes {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly #steps = new Times();
  readonly #plugins = new Map<AdmissionPlugin, Times>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.clock = clock;
  }

  /** A plugin has been asked since `startMs`. Gives what time it is. */
  plugin(plugin: AdmissionPlugin, place: number, isRejected: boolean, startMs: number): number {
    const nowMs = this.clock.monotonic();
    let times = this.#plugins.get(plugin);
    if (!times) {
      times = new Times();
      this.#plugins.set(plugin, times);
    }
    times.observe(place, isRejected, nowMs - startMs);
    return nowMs;
  }

  /** All plugins have been asked since `startMs`. */
  step(place: number, isRejected: boolean, startMs: number): void {
    this.#steps.observe(place, isRejected, this.clock.monotonic() - startMs);
  }

  get metrics(): Metric[] {
    const plugins = 'apiserver_admission_controller_admission_duration_seconds';
    const together = 'apiserver_admission_step_admission_duration_seconds';
    return [
      {
        name: plugins,
        type: 'histogram',
        help: 'How long each admission plugin took.',
        values: () => [...this.#plugins].flatMap(([{ name }, times]) => times.values(plugins, { name })),
      },
      {
        name: together,
        type: 'histogram',
        help: 'How long all admission plugins together took.',
        values: () => this.#steps.values(together, {}),
      },
    ];
  }
}
