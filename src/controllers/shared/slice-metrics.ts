import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { Counter, Family, Meter, Observer } from '../../platform/metrics/meter.ts';
import type { SlicePlan } from './slices.ts';

const bounds = exponentialBounds(2, 2, 15);

/** What one object's endpoints come to. */
interface Share {
  endpoints: number;
  /** Slices that they would fill. */
  slices: number;
}

export interface SliceMetricsOptions {
  meter: Meter;
  /** The controller, as upstream's names begin. */
  prefix: string;
  stability: 'ALPHA' | 'BETA';
  /** Slices of the controller, asked whenever somebody looks. */
  slices(): number;
}

/** What a controller does with slices, under upstream's names. */
export class SliceMetrics {
  readonly #changes: Family<Counter>;
  readonly #added: Observer;
  readonly #removed: Observer;
  readonly #shares = new Map<string, Share>();

  constructor({ meter, prefix, stability, slices }: SliceMetricsOptions) {
    const per = (what: string, help: string) =>
      meter.histogram({ name: `${prefix}_endpoints_${what}_per_sync`, help, stability, bounds }).with();
    this.#added = per('added', 'Endpoints that a look at one object added.');
    this.#removed = per('removed', 'Endpoints that a look at one object took away.');
    this.#changes = meter.counter({
      name: `${prefix}_changes`,
      help: 'Slices written.',
      stability: 'ALPHA',
      labels: ['operation'],
    });
    const total = (part: keyof Share) => () => {
      let sum = 0;
      for (const share of this.#shares.values()) sum += share[part];
      return sum;
    };
    const gauge = (name: string, help: string, read: () => number) =>
      meter
        .gauge({ name: `${prefix}_${name}`, help, stability })
        .with()
        .follow(read);
    gauge('endpoints_desired', 'Endpoints that there should be.', total('endpoints'));
    gauge('desired_endpoint_slices', 'Slices that the endpoints would fill.', total('slices'));
    gauge('num_endpoint_slices', 'Slices that there are.', slices);
  }

  /** What is to be done for the object of a key has been planned. */
  planned(key: string, { counts }: SlicePlan): void {
    const { endpoints, slices } = counts;
    this.#shares.set(key, { endpoints, slices });
    this.#added.observe(counts.added);
    this.#removed.observe(counts.removed);
  }

  changed(operation: 'create' | 'update' | 'delete'): void {
    this.#changes.with(operation).add();
  }

  forget(key: string): void {
    this.#shares.delete(key);
  }
}
