import type { HorizontalPodAutoscaler } from '../../api/autoscaling/v2.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { Counter, Family, Meter, Observer, Reading } from '../../platform/metrics/meter.ts';

const prefix = 'horizontal_pod_autoscaler_controller';
const stability = 'ALPHA';

/** What a look came to, and whose fault it is that it did not: the autoscaler's spec's, or not. */
export interface Result {
  action: 'scale_up' | 'scale_down' | 'none';
  error: 'spec' | 'internal' | 'none';
}

/** What asking for this many instead of that many does. */
export const actionOf = (wanted: number, current: number): Result['action'] =>
  wanted > current ? 'scale_up' : wanted < current ? 'scale_down' : 'none';

/** What autoscalers do, under upstream's names. `scalers` is asked whenever somebody looks. */
export class ScalerMetrics {
  readonly #looks: Family<Counter>;
  readonly #lookDurations: Family<Observer>;
  readonly #computations: Family<Counter>;
  readonly #computationDurations: Family<Observer>;

  constructor(meter: Meter, scalers: () => readonly HorizontalPodAutoscaler[]) {
    const labels = ['action', 'error'];
    const bounds = exponentialBounds(0.001, 2, 15);
    const counter = (name: string, help: string, more: string[] = []) =>
      meter.counter({ name: `${prefix}_${name}`, help, stability, labels: [...labels, ...more] });
    const histogram = (name: string, help: string, more: string[] = []) =>
      meter.histogram({ name: `${prefix}_${name}`, help, stability, labels: [...labels, ...more], bounds });
    this.#looks = counter('reconciliations_total', 'Looks at autoscalers.');
    this.#lookDurations = histogram('reconciliation_duration_seconds', 'How long looks at autoscalers took.');
    const ofType = ['metric_type'];
    this.#computations = counter('metric_computation_total', 'Looks at single metrics.', ofType);
    const took = 'How long looks at single metrics took.';
    this.#computationDurations = histogram('metric_computation_duration_seconds', took, ofType);
    const count = {
      name: `${prefix}_num_horizontal_pod_autoscalers`,
      help: 'Autoscalers.',
      stability,
    } as const;
    meter
      .gauge(count)
      .with()
      .follow(() => scalers().length);
    meter.readings(
      {
        name: `${prefix}_desired_replicas`,
        help: 'Replicas that autoscalers hold to be right.',
        stability,
        labels: ['namespace', 'hpa_name'],
      },
      () => scalers().flatMap(desiredBy),
    );
  }

  looked({ action, error }: Result, ms: number): void {
    this.#looks.with(action, error).add();
    this.#lookDurations.with(action, error).observe(ms / 1000);
  }

  computed(type: string, { action, error }: Result, ms: number): void {
    this.#computations.with(action, error, type).add();
    this.#computationDurations.with(action, error, type).observe(ms / 1000);
  }
}

function desiredBy({ metadata, status }: HorizontalPodAutoscaler): Reading[] {
  if (status?.desiredReplicas === undefined) return [];
  return [[[metadata.namespace ?? '', metadata.name ?? ''], status.desiredReplicas]];
}
