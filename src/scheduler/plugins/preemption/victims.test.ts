import { expect, test } from 'vitest';
import type { Pod } from '../../../api/core/v1.ts';
import type { PodDisruptionBudget } from '../../../api/policy/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import { type PodInfo, podInfo } from '../../cache/node-info.ts';
import { Budgets, type Candidate, candidateOf, leastHarm, splitByBudget } from './victims.ts';

function pod(name: string, priority: number, more: { started?: string; app?: string } = {}): PodInfo {
  const { started = '2026-01-01T00:00:00Z', app } = more;
  const labels = app ? { app } : undefined;
  const metadata = { name, namespace: 'n', uid: name, resourceVersion: '1', creationTimestamp: '', labels };
  return podInfo({
    metadata,
    spec: { priority, containers: [] },
    status: { startTime: started },
  } as Stored<Pod>);
}

const candidate = (node: string, victims: PodInfo[], violations = 0) =>
  candidateOf(node, victims, violations);
const chosen = (...candidates: Candidate[]) => leastHarm(candidates)?.node;

test('the least harm: budgets, then priorities, then numbers, then time', () => {
  const one = candidate('one', [pod('a', 5)]);
  expect(chosen(candidate('breaks', [pod('b', 1)], 1), one)).toBe('one');
  expect(chosen(one, candidate('lower', [pod('c', 4), pod('d', 4)]))).toBe('lower');
  expect(chosen(candidate('two', [pod('e', 5), pod('f', -5)]), one)).toBe('one');
  const young = pod('g', 5, { started: '2026-02-01T00:00:00Z' });
  expect(chosen(one, candidate('young', [young]))).toBe('young');
  expect(chosen(one, candidate('same', [pod('h', 5)]))).toBe('one');
  expect(chosen()).toBeUndefined();
});

test('a budget is used up pod by pod, the more important first', () => {
  const budget = (disruptionsAllowed: number, more: object = {}): PodDisruptionBudget => ({
    metadata: { name: 'b', namespace: 'n' },
    spec: { selector: { matchLabels: { app: 'x' } } },
    status: { disruptionsAllowed, ...more },
  });
  const pods = [pod('a', 3, { app: 'x' }), pod('b', 2, { app: 'x' }), pod('c', 1, { app: 'y' }), pod('d', 1)];
  const names = (budgets: PodDisruptionBudget[]) => {
    const { violating, others } = splitByBudget(pods, new Budgets(budgets));
    return [violating, others].map((list) => list.map((p) => p.pod.metadata.name).join(''));
  };
  expect(names([])).toEqual(['', 'abcd']);
  expect(names([budget(1)])).toEqual(['b', 'acd']);
  expect(names([budget(0)])).toEqual(['ab', 'cd']);
  expect(names([budget(0, { disruptedPods: { a: '2026-01-01T00:00:00Z' } })])).toEqual(['b', 'acd']);
  expect(names([{ ...budget(0), spec: { selector: {} } }])).toEqual(['', 'abcd']);
  expect(names([{ ...budget(0), metadata: { name: 'b', namespace: 'other' } }])).toEqual(['', 'abcd']);
});

test('which budgets pods are under is found out once for all that have the same labels', () => {
  let looks = 0;
  const values = new Proxy<string[]>(['x'], { get: (list, key) => (looks++, Reflect.get(list, key)) });
  const selector = { matchExpressions: [{ key: 'app', operator: 'In', values }] };
  const spec = { selector };
  const budgets = new Budgets([
    { metadata: { name: 'b', namespace: 'n' }, spec, status: { disruptionsAllowed: 1 } },
  ]);
  const under = (pods: PodInfo[]) => {
    const before = looks;
    return { ...splitByBudget(pods, budgets), looks: looks - before };
  };
  const first = under([pod('a', 1, { app: 'x' })]);
  expect(first.others).toHaveLength(1);
  const many = under(Array.from({ length: 100 }, (_, i) => pod(`p${i}`, 1, { app: 'x' })));
  expect(many.violating).toHaveLength(99);
  expect(many.looks).toBe(0);
});
