import type { Clock } from '../../../platform/clock.ts';
import { LabelledCounter, LabelledHistogram } from '../../plain/labelled.ts';
import type { Metric } from '../../../platform/metrics/metric.ts';

/** Whose conditions they are. */
export interface ConditionsOwner {
  kind: 'webhook' | 'policy';
  name: string;
  type: 'admit' | 'validating' | 'validate';
}

const prefix = 'apiserver_admission_match_condition_';
const bounds = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

/** What conditions have come to, under upstream's names. */
export class ConditionCounts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly #errors = new LabelledCounter();
  readonly #exclusions = new LabelledCounter();
  readonly #durations = new LabelledHistogram(bounds);

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.clock = clock;
  }

  /** Conditions have been evaluated since `startMs`. Only of webhooks is counted that they keep a request away. */
  note(
    { kind, name, type }: ConditionsOwner,
    {
      operation,
      startMs,
      errors,
      holds,
    }: { operation: string; startMs: number; errors: number; holds: boolean },
  ): void {
    const labels = { kind, name, operation, type };
    for (let i = 0; i < errors; i++) this.#errors.add(labels);
    if (!holds && kind === 'webhook') this.#exclusions.add(labels);
    if (!holds || errors > 0) this.#durations.observe(labels, (this.clock.monotonic() - startMs) / 1000);
  }

  get metrics(): Metric[] {
    return [
      this.#errors.metric(`${prefix}evaluation_errors_total`, 'Conditions that failed.'),
      this.#exclusions.metric(
        `${prefix}exclusions_total`,
        'Requests of which conditions kept a webhook from being asked.',
      ),
      this.#durations.metric(
        `${prefix}evaluation_seconds`,
        'How long conditions took that did not all hold.',
      ),
    ];
  }
}
