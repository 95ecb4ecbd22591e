import type { Value } from './metric.ts';

/** The bounds that Go's library for Prometheus has where none are said, for spans in seconds. */
export const defaultBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Bounds of buckets, each `factor` times the one before. */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  const bounds = [first];
  while (bounds.length < count) bounds.push((bounds.at(-1) as number) * factor);
  return bounds;
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
      const bound = this.#bounds[i];
      const le = bound === undefined ? '+Inf' : boundText(bound);
      return { labels: { ...labels, le }, value: count, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { labels, value: this.#sum, metricName: `${name}_sum` },
      { labels, value: count, metricName: `${name}_count` },
    ];
  }
}

/** As Go's library for Prometheus writes it (`%g`), such as `0.005`, `1e-05`, `1e+06`: queries name bounds by their text. */
function boundText(bound: number): string {
  const [digits, power] = bound.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (bound === 0 || (exponent >= -4 && exponent < 6)) return String(bound);
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
}
