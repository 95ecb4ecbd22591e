import { describe, expect, test } from 'vitest';
import type { Node, NodeSelectorTerm } from '../api/core/v1.ts';
import { matchesNode, matchesSelector } from './node-selection.ts';
import { covers, isRepelled } from './tolerations.ts';

const node: Node = { metadata: { name: 'n1', labels: { zone: 'a', size: '5', word: 'x' } }, spec: {} };

describe('a node selector', () => {
  test.each([
    ['In', 'zone', ['a', 'b'], true],
    ['In', 'none', ['a'], false],
    ['NotIn', 'zone', ['a'], false],
    ['NotIn', 'none', ['a'], true],
    ['Exists', 'zone', undefined, true],
    ['DoesNotExist', 'zone', undefined, false],
    ['Gt', 'size', ['4'], true],
    ['Gt', 'size', ['5'], false],
    ['Lt', 'size', ['6'], true],
    ['Lt', 'word', ['6'], false],
    ['Lt', 'size', ['9223372036854775807'], true],
    ['Lt', 'size', ['9223372036854775808'], false],
    ['Exists', 'constructor', undefined, false],
    ['Like', 'zone', ['a'], false],
    ['constructor', 'zone', ['a'], false],
  ])('%s %s %j: %s', (operator, key, values, expected) => {
    const nodeSelectorTerms = [{ matchExpressions: [{ key, operator, values }] }];
    expect(matchesSelector(node, { nodeSelectorTerms })).toBe(expected);
  });

  test('is met by one of its terms; a term by all it says, and never by saying nothing', () => {
    const named = (name: string): NodeSelectorTerm => ({
      matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }],
    });
    const inZone: NodeSelectorTerm = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] };
    const meets = (...nodeSelectorTerms: NodeSelectorTerm[]) => matchesSelector(node, { nodeSelectorTerms });
    expect(meets(named('n2'), named('n1'))).toBe(true);
    expect(meets({ ...named('n2'), ...inZone })).toBe(false);
    expect(meets({ ...named('n1'), ...inZone })).toBe(true);
    expect(meets({})).toBe(false);
    expect(meets()).toBe(false);
    expect(matchesSelector(node, undefined)).toBe(true);
  });

  test('of a pod is its plain selector and what its affinity requires, together', () => {
    const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'size', operator: 'Exists' }] }] };
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    const asks = (nodeSelector: Record<string, string>) =>
      matchesNode({ spec: { containers: [], nodeSelector, affinity } }, node);
    expect(asks({ zone: 'a' })).toBe(true);
    expect(asks({ zone: 'b' })).toBe(false);
    expect(matchesNode({ spec: { containers: [] } }, node)).toBe(true);
  });
});

describe('a toleration', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoExecute' };
  test.each([
    [{ key: 'k', value: 'v' }, true],
    [{ key: 'k', operator: 'Equal', value: 'w' }, false],
    [{ key: 'k', operator: 'Exists' }, true],
    [{ key: 'k', operator: 'Exists', effect: 'NoSchedule' }, false],
    [{ operator: 'Exists' }, true],
    [{ operator: 'Exists', effect: 'NoExecute' }, true],
    [{ key: 'l', operator: 'Exists' }, false],
    [{ value: 'v' }, false],
  ])('%j: %s', (toleration, expected) => {
    expect(covers(toleration, taint)).toBe(expected);
    expect(isRepelled([taint], [toleration])).toBe(!expected);
  });

  test('is needed for taints that keep off or drive away, not for those that only ask', () => {
    expect(isRepelled([{ key: 'k', effect: 'PreferNoSchedule' }], undefined)).toBe(false);
    expect(isRepelled([{ key: 'k', effect: 'NoSchedule' }], undefined)).toBe(true);
    expect(isRepelled([{ key: 'k', effect: 'NoSchedule' }], undefined, ['NoExecute'])).toBe(false);
    expect(isRepelled(undefined, undefined)).toBe(false);
  });
});
