import { LabelledCounter, LabelledHistogram } from '../../plain/labelled.ts';
import type { Metric } from '../../../platform/metrics/metric.ts';

const prefix = 'apiserver_authorization_';
const conditionBounds = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];
const webhookBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often an authorizer has decided: a request costs an addition. */
export interface DecisionCount {
  allowed: number;
  denied: number;
}

/** What came of asking a webhook once. */
export type RoundTripResult = 'success' | 'canceled' | 'timeout' | 'error';

/** What authorization counts, under upstream's names. */
export class AuthorizationCounts {
  readonly #decisions = new Map<string, { type: string; name: string; count: DecisionCount }>();
  readonly #evaluations = new LabelledCounter();
  readonly #durations = new LabelledHistogram(webhookBounds);
  readonly #open = new LabelledCounter();
  readonly #conditionErrors = new LabelledCounter();
  readonly #exclusions = new LabelledCounter();
  readonly #conditionTimes = new LabelledHistogram(conditionBounds);

  /** The count of an authorizer; the same each time. */
  decisionsOf(type: string, name: string): DecisionCount {
    const key = `${type} ${name}`;
    const known = this.#decisions.get(key);
    if (known) return known.count;
    const count = { allowed: 0, denied: 0 };
    this.#decisions.set(key, { type, name, count });
    return count;
  }

  noteRoundTrip(name: string, result: RoundTripResult, durationMs: number): void {
    this.#evaluations.add({ name, result });
    this.#durations.observe({ name, result }, durationMs / 1000);
  }

  /** A webhook could not be asked, and the request goes on to the next authorizer. */
  noteOpen(name: string, result: RoundTripResult): void {
    this.#open.add({ name, result });
  }

  /** Conditions of a webhook have come to this. */
  noteConditions(name: string, holds: boolean | Error, durationMs: number): void {
    const labels = { type: 'Webhook', name };
    this.#conditionTimes.observe(labels, durationMs / 1000);
    if (holds instanceof Error) this.#conditionErrors.add(labels);
    if (holds === false) this.#exclusions.add(labels);
  }

  get metrics(): Metric[] {
    return [
      this.#decisionMetric(),
      this.#evaluations.metric(
        `${prefix}webhook_evaluations_total`,
        'Round trips to authorization webhooks.',
      ),
      this.#durations.metric(`${prefix}webhook_duration_seconds`, 'How long they took.'),
      this.#open.metric(
        `${prefix}webhook_evaluations_fail_open_total`,
        'Requests that went on although a webhook could not be asked.',
      ),
      this.#conditionErrors.metric(
        `${prefix}match_condition_evaluation_errors_total`,
        'Questions for which a condition of a webhook failed.',
      ),
      this.#exclusions.metric(
        `${prefix}match_condition_exclusions_total`,
        'Questions that conditions kept from a webhook.',
      ),
      this.#conditionTimes.metric(
        `${prefix}match_condition_evaluation_seconds`,
        'How long conditions of webhooks took.',
      ),
    ];
  }

  #decisionMetric(): Metric {
    const values = () =>
      [...this.#decisions.values()].flatMap(({ type, name, count }) =>
        (['allowed', 'denied'] as const)
          .filter((decision) => count[decision] > 0)
          .map((decision) => ({ labels: { type, name, decision }, value: count[decision] })),
      );
    const help = 'Decisions that ended the chain, by authorizer.';
    return { name: `${prefix}decisions_total`, type: 'counter', help, values };
  }
}
