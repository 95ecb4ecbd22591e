import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { Meter, Observer } from '../../platform/metrics/meter.ts';
import { SliceMetrics } from '../shared/slice-metrics.ts';
import type { SlicePlan } from '../shared/slices.ts';

const prefix = 'endpoint_slice_mirroring_controller';
const stability = 'ALPHA';

/** What the endpointslicemirroring controller does, under upstream's names. */
export class MirroringMetrics extends SliceMetrics {
  readonly #updated: Observer;
  readonly #skipped: Observer;
  readonly #duration: Observer;

  constructor(meter: Meter, slices: () => number) {
    super({ meter, prefix, stability, slices });
    const bounds = exponentialBounds(2, 2, 15);
    const per = (what: string, help: string) =>
      meter.histogram({ name: `${prefix}_${what}_per_sync`, help, stability, bounds }).with();
    this.#updated = per('endpoints_updated', 'Endpoints that a look at one object changed.');
    this.#skipped = per('addresses_skipped', 'Addresses that a look at one object left out.');
    this.#duration = meter
      .histogram({
        name: `${prefix}_endpoints_sync_duration`,
        help: 'How long looks at Endpoints took, in seconds.',
        stability,
        bounds: exponentialBounds(0.001, 2, 15),
      })
      .with();
  }

  override planned(key: string, plan: SlicePlan): void {
    super.planned(key, plan);
    this.#updated.observe(plan.counts.updated);
  }

  skipped(count: number): void {
    this.#skipped.observe(count);
  }

  synced(ms: number): void {
    this.#duration.observe(ms / 1000);
  }
}
