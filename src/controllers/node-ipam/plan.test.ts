import { expect, test } from 'vitest';
import { blockOf, nextBlock } from './plan.ts';

test('blocks follow each other up to the end of the range', () => {
  expect(blockOf('10.244.0.0/16', 24, 0)).toBe('10.244.0.0/24');
  expect(blockOf('10.244.0.0/16', 24, 255)).toBe('10.244.255.0/24');
  expect(blockOf('10.244.0.0/16', 24, 256)).toBeUndefined();
  expect(blockOf('10.0.0.0/8', 20, 17)).toBe('10.1.16.0/20');
});

test('the lowest free block is given', () => {
  expect(nextBlock('10.244.0.0/16', 24, new Set(['10.244.0.0/24', '10.244.2.0/24']))).toBe('10.244.1.0/24');
  const all = new Set(['10.0.0.0/25', '10.0.0.128/25']);
  expect(nextBlock('10.0.0.0/24', 25, all)).toBeUndefined();
});
