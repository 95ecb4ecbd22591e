import { expect, test } from 'vitest';
import { replicasets } from '../../api/generated/resources.ts';
import { saysSame } from './status.ts';

test('a status with zeros says what one without them does, but not where a pointer tells zero from missing', () => {
  const there = { replicas: 0, observedGeneration: 1 };
  const zeros = { readyReplicas: 0, availableReplicas: 0, conditions: [] };
  expect(saysSame(replicasets, there, { ...there, ...zeros })).toBe(true);
  expect(saysSame(replicasets, undefined, zeros)).toBe(true);
  expect(saysSame(replicasets, there, { ...there, readyReplicas: 1 })).toBe(false);
  expect(saysSame(replicasets, there, { ...there, terminatingReplicas: 0 })).toBe(false);
});
