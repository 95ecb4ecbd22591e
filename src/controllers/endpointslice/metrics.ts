import type { Service } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Counter, Family, Meter, Observer, Reading } from '../../platform/metrics/meter.ts';
import { SliceMetrics } from '../shared/slice-metrics.ts';
import type { SlicePlan } from '../shared/slices.ts';
import { asksForTopology } from './topology.ts';

const prefix = 'endpoint_slice_controller';
/** Those that Prometheus has unless told others. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the endpointslice controller does, under upstream's names. */
export class EndpointSliceMetrics extends SliceMetrics {
  readonly #perSync: Family<Observer>;
  readonly #syncs: Family<Counter>;
  /** What Services say of how their traffic is to be shared out. */
  readonly #distributions = new Map<string, string>();

  constructor(meter: Meter, slices: () => number) {
    super({ meter, prefix, stability: 'BETA', slices });
    this.#perSync = meter.histogram({
      name: `${prefix}_endpointslices_changed_per_sync`,
      help: 'Slices that a look at one Service changed.',
      stability: 'ALPHA',
      labels: ['topology', 'traffic_distribution'],
      bounds,
    });
    this.#syncs = meter.counter({
      name: `${prefix}_syncs`,
      help: 'Looks at Services.',
      stability: 'ALPHA',
      labels: ['result'],
    });
    meter.readings(
      {
        name: `${prefix}_services_count_by_traffic_distribution`,
        help: 'Services by how their traffic is to be shared out.',
        stability: 'BETA',
        labels: ['traffic_distribution'],
      },
      () => this.#byDistribution(),
    );
  }

  /** A Service without endpoints has a slice that says so. */
  override planned(key: string, plan: SlicePlan): void {
    const counts = { ...plan.counts, slices: Math.max(1, plan.counts.slices) };
    super.planned(key, { ...plan, counts });
  }

  /** What was planned for a Service has been carried out. */
  carriedOut(key: string, service: Stored<Service>, { create, update, remove }: SlicePlan): void {
    const isShared = asksForTopology(service);
    const distribution = (isShared ? undefined : service.spec.trafficDistribution) ?? '';
    this.#distributions.set(key, distribution);
    const changes = create.length + update.length + remove.length;
    this.#perSync.with(isShared ? 'Auto' : 'Disabled', distribution).observe(changes);
  }

  synced(result: 'success' | 'error'): void {
    this.#syncs.with(result).add();
  }

  override forget(key: string): void {
    super.forget(key);
    this.#distributions.delete(key);
  }

  #byDistribution(): Iterable<Reading> {
    const counts = new Map<string, number>();
    for (const distribution of this.#distributions.values())
      if (distribution) counts.set(distribution, (counts.get(distribution) ?? 0) + 1);
    return [...counts].map(([distribution, count]): Reading => [[distribution], count]);
  }
}
