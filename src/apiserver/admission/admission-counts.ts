import type { Clock } from '../../platform/clock.ts';
import { LabelledCounter, LabelledHistogram } from '../plain/labelled.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import { AdmissionTimes } from './admission-times.ts';
import { ConditionCounts } from './expressions/condition-counts.ts';
import { PodSecurityCounts } from './pod-security/pod-security-counts.ts';
import { WebhookCounts } from './webhooks/webhook-counts.ts';

/** Upstream's. The first is meant for expressions that look at one field. */
const bounds = [0.000_000_5, 0.001, 0.01, 0.1, 1];

/** What an expression of a policy has come to. */
export interface PolicyCheck {
  policy: string;
  binding: string;
  ms: number;
  /** What went wrong; empty where nothing did. */
  message: string;
  /** What a validating policy has done about it. */
  action?: 'allow' | 'deny' | 'audit' | 'warn';
}

function errorTypeOf(message: string): string {
  if (message === '') return 'no_error';
  if (message.startsWith('compilation')) return 'compile_error';
  const isOverBudget = message.startsWith('validation failed due to running out of cost budget');
  return isOverBudget ? 'out_of_budget' : 'invalid_error';
}

/** The checks of one kind of policies. */
export class PolicyCounts {
  readonly #checks = new LabelledCounter();
  readonly #durations = new LabelledHistogram(bounds);

  note({ policy, binding, ms, message, action }: PolicyCheck): void {
    const labels = {
      ...(action && { enforcement_action: action }),
      error_type: errorTypeOf(message),
      policy,
      policy_binding: binding,
    };
    this.#checks.add(labels);
    this.#durations.observe(labels, ms / 1000);
  }

  metrics(kind: 'validating' | 'mutating'): Metric[] {
    const prefix = `apiserver_${kind}_admission_policy_check`;
    return [
      this.#checks.metric(`${prefix}_total`, `Expressions of ${kind} policies, by what they have come to.`),
      this.#durations.metric(`${prefix}_duration_seconds`, `How long expressions of ${kind} policies took.`),
    ];
  }
}

/** What admission counts, under upstream's names. */
export class AdmissionCounts {
  readonly times: AdmissionTimes;
  readonly podSecurity = new PodSecurityCounts();
  readonly webhooks = new WebhookCounts();
  readonly conditions: ConditionCounts;
  readonly validating = new PolicyCounts();
  readonly mutating = new PolicyCounts();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.times = new AdmissionTimes(clock);
    this.conditions = new ConditionCounts(clock);
  }

  get metrics(): Metric[] {
    return [
      ...this.times.metrics,
      ...this.podSecurity.metrics,
      ...this.webhooks.metrics,
      ...this.conditions.metrics,
      ...this.validating.metrics('validating'),
      ...this.mutating.metrics('mutating'),
    ];
  }
}
