import { Histogram } from '../../platform/metrics/histogram.ts';
import type { Metric, Value } from '../../platform/metrics/metric.ts';

type Labels = Record<string, string>;

const keyOf = (labels: Labels) => Object.values(labels).join(' ');

/** A count for each set of labels. */
export class LabelledCounter {
  readonly #values = new Map<string, { labels: Labels; value: number }>();

  add(labels: Labels): void {
    const key = keyOf(labels);
    const known = this.#values.get(key);
    if (known) known.value++;
    else this.#values.set(key, { labels, value: 1 });
  }

  metric(name: string, help: string): Metric {
    return { name, help, type: 'counter', values: (): Value[] => [...this.#values.values()] };
  }
}

/** A histogram for each set of labels. */
export class LabelledHistogram {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { labels: Labels; histogram: Histogram }>();

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  observe(labels: Labels, value: number): void {
    const key = keyOf(labels);
    let known = this.#series.get(key);
    if (!known) {
      known = { labels, histogram: new Histogram(this.#bounds) };
      this.#series.set(key, known);
    }
    known.histogram.observe(value);
  }

  metric(name: string, help: string): Metric {
    const values = () =>
      [...this.#series.values()].flatMap(({ labels, histogram }) => histogram.values(name, labels));
    return { name, help, type: 'histogram', values };
  }
}
