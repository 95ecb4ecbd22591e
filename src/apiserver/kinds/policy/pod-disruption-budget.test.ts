import { expect, test } from 'vitest';
import type { PodDisruptionBudget } from '../../../api/policy/v1.ts';
import { created, createErrors, row, testContext, texts } from '../shared/testing.ts';
import { podDisruptionBudgetKind } from './pod-disruption-budget.ts';

const budget = (spec: PodDisruptionBudget['spec']): PodDisruptionBudget => ({
  metadata: { name: 'b', namespace: 'default' },
  spec,
});

test('a budget says how many stay, or how many may go', () => {
  expect(createErrors(podDisruptionBudgetKind, budget({ minAvailable: 1, maxUnavailable: '10%' }))).toEqual([
    'spec: Invalid value: {"minAvailable":1,"maxUnavailable":"10%"}: minAvailable and maxUnavailable cannot be both set',
  ]);
  expect(createErrors(podDisruptionBudgetKind, budget({ minAvailable: '101%' }))).toEqual([
    'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
  ]);
  expect(createErrors(podDisruptionBudgetKind, budget({ maxUnavailable: -1 }))).toEqual([
    'spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

test('its report has conditions that are whole', () => {
  const old = created(podDisruptionBudgetKind, budget({}));
  const condition = {
    type: 'DisruptionAllowed',
    status: 'Maybe',
    reason: '',
    message: '',
    lastTransitionTime: '',
  };
  const now = { ...old, status: { ...old.status, currentHealthy: -1, conditions: [condition] } };
  expect(texts(podDisruptionBudgetKind.status?.validateUpdate?.(now, old, testContext()) ?? [])).toEqual([
    'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
    'status.conditions[0].lastTransitionTime: Required value',
    'status.conditions[0].reason: Required value',
    'status.currentHealthy: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

test('the table shows what is allowed', () => {
  expect(
    row(podDisruptionBudgetKind, created(podDisruptionBudgetKind, budget({ minAvailable: '50%' }))),
  ).toMatchObject({
    'Min Available': '50%',
    'Max Unavailable': 'N/A',
    'Allowed Disruptions': 0,
  });
});
