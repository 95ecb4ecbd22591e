import { expect, test } from 'vitest';
import { Blocks, blockOf } from './plan.ts';

test('blocks follow each other up to the end of the range', () => {
  expect(blockOf('10.244.0.0/16', 24, 0)).toBe('10.244.0.0/24');
  expect(blockOf('10.244.0.0/16', 24, 255)).toBe('10.244.255.0/24');
  expect(blockOf('10.244.0.0/16', 24, 256)).toBeUndefined();
  expect(blockOf('10.0.0.0/8', 20, 17)).toBe('10.1.16.0/20');
});

test('the lowest free block is given', () => {
  const blocks = new Blocks('10.244.0.0/16', 24);
  blocks.take('10.244.0.0/24');
  blocks.take('10.244.2.0/24');
  expect([blocks.takeNext(), blocks.takeNext()]).toEqual(['10.244.1.0/24', '10.244.3.0/24']);
  blocks.giveBack('10.244.2.0/24');
  expect([blocks.takeNext(), blocks.takeNext()]).toEqual(['10.244.2.0/24', '10.244.4.0/24']);
});

test('a range is used up, and no more of it is given until some comes back', () => {
  const blocks = new Blocks('10.0.0.0/24', 25);
  expect([1, 2, 3].map(() => blocks.takeNext())).toEqual(['10.0.0.0/25', '10.0.0.128/25', undefined]);
  blocks.giveBack('10.0.0.128/25');
  expect(blocks.takeNext()).toBe('10.0.0.128/25');
});
