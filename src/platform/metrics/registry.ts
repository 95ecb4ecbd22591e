import { Histogram } from './histogram.ts';
import type {
  Counter,
  Family,
  Gauge,
  HistogramOptions,
  Meter,
  MetricOptions,
  Observer,
  Reading,
} from './meter.ts';
import type { Metric, Value } from './metric.ts';

type Labels = Record<string, string>;

class Series<S> implements Family<S> {
  readonly #names: readonly string[];
  readonly #make: () => S;
  readonly #all = new Map<string, { labels: Labels; series: S }>();

  constructor({ labels = [] }: MetricOptions, make: () => S) {
    this.#names = labels;
    this.#make = make;
  }

  with(...values: string[]): S {
    const key = values.join('\u0000');
    let known = this.#all.get(key);
    if (!known) {
      known = { labels: labelled(this.#names, values), series: this.#make() };
      this.#all.set(key, known);
    }
    return known.series;
  }

  values(valuesOf: (series: S, labels: Labels) => Value[]): Value[] {
    return [...this.#all.values()].flatMap(({ labels, series }) => valuesOf(series, labels));
  }
}

const labelled = (names: readonly string[], values: readonly string[]): Labels =>
  Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));

class Count implements Counter {
  #own = 0;
  #read = () => 0;

  get value(): number {
    return this.#own + this.#read();
  }

  add(by = 1): void {
    this.#own += by;
  }

  follow(read: () => number): void {
    this.#own = this.value;
    this.#read = read;
  }
}

class Level implements Gauge {
  #read = () => 0;

  get value(): number {
    return this.#read();
  }

  set(value: number): void {
    this.#read = () => value;
  }

  follow(read: () => number): void {
    this.#read = read;
  }
}

/** A meter whose metrics can be read. */
export class MetricRegistry implements Meter {
  readonly isRead = true;
  readonly #metrics = new Map<string, Metric & { family: Family<unknown> }>();
  readonly #readers = new Map<string, () => Iterable<Reading>>();

  /** All there are by now. */
  metrics(): Iterable<Metric> {
    return this.#metrics.values();
  }

  counter(options: MetricOptions): Family<Counter> {
    return this.#family(options, 'counter', () => {
      const family = new Series(options, () => new Count());
      return { family, values: () => family.values(single) };
    });
  }

  gauge(options: MetricOptions): Family<Gauge> {
    return this.#family(options, 'gauge', () => {
      const family = new Series(options, () => new Level());
      return { family, values: () => family.values(single) };
    });
  }

  histogram(options: HistogramOptions): Family<Observer> {
    const { name, bounds } = options;
    return this.#family(options, 'histogram', () => {
      const family = new Series(options, () => new Histogram(bounds));
      return { family, values: () => family.values((series, labels) => series.values(name, labels)) };
    });
  }

  readings(options: MetricOptions, read: () => Iterable<Reading>): void {
    const { name, labels = [] } = options;
    this.#readers.set(name, read);
    const values = () =>
      [...(this.#readers.get(name)?.() ?? [])].map(([texts, value]) => ({
        labels: labelled(labels, texts),
        value,
      }));
    this.#family(options, 'gauge', () => ({ family: nobody, values }));
  }

  #family<S>(
    { name, help, stability }: MetricOptions,
    type: Metric['type'],
    make: () => { family: Family<S>; values: () => Value[] },
  ): Family<S> {
    const known = this.#metrics.get(name);
    if (known) return known.family as Family<S>;
    const made = make();
    this.#metrics.set(name, { name, help, stability, type, ...made });
    return made.family;
  }
}

const nobody: Family<undefined> = { with: () => undefined };

const single = ({ value }: { readonly value: number }, labels: Labels): Value[] => [{ labels, value }];
