/** One value of a metric, as prom-client takes it. */
export interface Value {
  labels: Record<string, string | number>;
  value: number;
  metricName?: string;
}

/** Counts of observations by bucket. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Observations no larger than each bound and larger than the one before; the last is for all beyond. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0).concat(0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at++;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sum += value;
  }

  /** The series of a metric of this name: cumulative buckets, the sum, the count. */
  values(name: string, labels: Record<string, string>): Value[] {
    let count = 0;
    const buckets = this.#counts.map((more, i) => {
      count += more;
      return {
        labels: { ...labels, le: this.#bounds[i] ?? '+Inf' },
        value: count,
        metricName: `${name}_bucket`,
      };
    });
    return [
      ...buckets,
      { labels, value: this.#sum, metricName: `${name}_sum` },
      { labels, value: count, metricName: `${name}_count` },
    ];
  }
}
