import type { Stability } from './metric.ts';

/** What a metric is called, and what it says. */
export interface MetricOptions {
  /** Upstream's, with its prefix. */
  name: string;
  help: string;
  stability: Stability;
  /** Names of the labels; none unless given. */
  labels?: readonly string[];
}

export interface HistogramOptions extends MetricOptions {
  /** The largest value of each bucket but the last. */
  bounds: readonly number[];
}

export interface Counter {
  /** One more, unless said how many. */
  add(by?: number): void;
  /** What `read` says, which only grows, counts too; whom it followed before it has done with. */
  follow(read: () => number): void;
}

export interface Gauge {
  set(value: number): void;
  /** The value is what `read` says whenever somebody looks. */
  follow(read: () => number): void;
}

export interface Observer {
  observe(value: number): void;
}

/** All series of one metric. */
export interface Family<S> {
  /** The one with these values of the labels, in the order of their names. Where it is hot, find it once and keep it. */
  with(...values: string[]): S;
}

/** Finds series by what tells them apart, each once: `find` is asked for those that have not been met. */
export function remembering<K, S>(find: (key: K) => S): (key: K) => S {
  const known = new Map<K, S>();
  return (key) => {
    let series = known.get(key);
    if (!series) {
      series = find(key);
      known.set(key, series);
    }
    return series;
  };
}

/** A value that has not been asked for by its labels, with their values in the order of their names. */
export type Reading = readonly [values: readonly string[], value: number];

/**
 * Counts and measures what a process does. Who asks for a metric that is there gets that one, so that a part that is made
 * anew counts on where the one before it ended.
 */
export interface Meter {
  /** Whether anybody can look; otherwise what takes more than a moment need not be measured. */
  readonly isRead: boolean;
  counter(options: MetricOptions): Family<Counter>;
  gauge(options: MetricOptions): Family<Gauge>;
  histogram(options: HistogramOptions): Family<Observer>;
  /** A gauge whose series are not known beforehand: they are what `read` gives whenever somebody looks, instead of what did before. */
  readings(options: MetricOptions, read: () => Iterable<Reading>): void;
}

const nothing: Counter & Gauge & Observer = { add() {}, set() {}, follow() {}, observe() {} };
const nobody = { with: () => nothing };

/** A meter that measures nothing. */
export const silentMeter: Meter = {
  isRead: false,
  counter: () => nobody,
  gauge: () => nobody,
  histogram: () => nobody,
  readings() {},
};
