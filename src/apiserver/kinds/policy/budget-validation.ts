import type { PodDisruptionBudget } from '../../../api/policy/v1.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../machinery/label-selector.ts';
import { atMostAll, countOrPercent, statusCounts } from '../apps/workload-validation.ts';
import { conditionErrors } from '../shared/conditions.ts';
import { optionalSupported } from '../shared/validate.ts';

/** What holds for a budget at any time. */
export function budgetErrors({ spec }: PodDisruptionBudget): readonly FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = spec;
  const both = minAvailable !== undefined && maxUnavailable !== undefined;
  const counts = { minAvailable, maxUnavailable };
  return [
    ...(both ? [invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set')] : []),
    ...Object.entries(counts).flatMap(([name, count]) => [
      ...countOrPercent(`spec.${name}`, count),
      ...atMostAll(`spec.${name}`, count),
    ]),
    ...labelSelectorErrors(selector, 'spec.selector'),
    ...optionalSupported('spec.unhealthyPodEvictionPolicy', policy, ['AlwaysAllow', 'IfHealthyBudget']),
  ];
}

/** What a report of a budget's state may say. */
export function budgetStatusErrors({ status }: PodDisruptionBudget): readonly FieldError[] {
  const names = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'];
  return [...conditionErrors('status.conditions', status?.conditions), ...statusCounts(status, { names })];
}
