import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

test('the newest are remembered, and who is asked for is among them', () => {
  const recent = new Recent<number, string>(3);
  for (let i = 0; i < 5; i++) recent.set(i, `${i}`);
  expect([2, 3, 4].map((i) => recent.get(i))).toEqual(['2', '3', '4']);
  for (let i = 10; i < 20; i++) {
    recent.set(i, `${i}`);
    expect(recent.get(4)).toBe('4');
  }
  expect([0, 1, 2, 3, 10].map((i) => recent.get(i))).toEqual(Array(5).fill(undefined));
  recent.set(4, 'new');
  expect(recent.get(4)).toBe('new');
  recent.delete(4);
  expect(recent.get(4)).toBeUndefined();
  recent.clear();
  expect(recent.get(19)).toBeUndefined();
});
