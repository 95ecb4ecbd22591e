import { expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import { gaveUpNode, keptNode } from './changes.ts';

const saying = (nominatedNodeName?: string): Pod => ({
  metadata: { name: 'p' },
  spec: { containers: [] },
  status: { nominatedNodeName },
});

test.each([
  ['what the API says counts', saying('b'), saying('a'), 'a', 'b', true],
  ['what it says no more is given up', saying(), saying('a'), 'a', undefined, true],
  ['an empty name is none', saying(''), saying('a'), 'a', undefined, true],
  ['what it does not show yet is not forgotten', saying(), saying(), 'a', 'a', false],
  ['what it says first counts too', saying('b'), saying(), 'a', 'b', false],
  ['a pod that is new has what it says', saying('a'), undefined, undefined, 'a', false],
  ['and nothing else', saying(), undefined, 'a', undefined, false],
])('of nodes that are kept for pods, %s', (_, now, old, known, kept, isGivenUp) => {
  expect(keptNode(now, old, known)).toBe(kept);
  expect(gaveUpNode(now, old)).toBe(isGivenUp);
});
