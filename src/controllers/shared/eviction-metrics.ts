import type { Counter, Meter, Observer } from '../../platform/metrics/meter.ts';

/** Counts pods that were sent away because of taints, and measures how late, under upstream's names. */
export class EvictionMetrics {
  readonly #deletions: Counter;
  readonly #lateness: Observer;

  /** `controller` is what the metrics are called by, such as `taint_eviction_controller`. */
  constructor(meter: Meter, controller: string) {
    const stability = 'ALPHA';
    const deletions = 'Pods that were sent away because of taints.';
    const lateness = 'How long after its time was up a pod was sent away because of taints.';
    const bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];
    this.#deletions = meter
      .counter({ name: `${controller}_pod_deletions_total`, help: deletions, stability })
      .with();
    this.#lateness = meter
      .histogram({ name: `${controller}_pod_deletion_duration_seconds`, help: lateness, stability, bounds })
      .with();
  }

  /** A pod was sent away so long after its time was up. */
  sentAway(lateMs: number): void {
    this.#deletions.add();
    this.#lateness.observe(lateMs / 1000);
  }
}
