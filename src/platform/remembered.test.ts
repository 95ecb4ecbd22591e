import { expect, test } from 'vitest';
import { Remembered } from './remembered.ts';

const at = (nowMs: { value: number }) => ({ monotonic: () => nowMs.value });

test('an answer is good for as long as was said, and no longer', async () => {
  const nowMs = { value: 0 };
  const remembered = new Remembered<number>(at(nowMs), 10);
  let asked = 0;
  const get = () => remembered.get('key', async () => ({ value: ++asked, forMs: 100 }));
  expect(await get()).toBe(1);
  nowMs.value = 99;
  expect(await get()).toBe(1);
  expect(remembered.known('key')).toBe(1);
  nowMs.value = 100;
  expect(remembered.known('key')).toBeUndefined();
  expect(await get()).toBe(2);
});

test('who asks for what is being asked waits for the same answer', async () => {
  const remembered = new Remembered<number>(at({ value: 0 }), 10);
  let asked = 0;
  const ask = async () => ({ value: ++asked, forMs: 0 });
  expect(await Promise.all([remembered.get('a', ask), remembered.get('a', ask)])).toEqual([1, 1]);
});

test('neither errors nor what is good for no time are remembered', async () => {
  const remembered = new Remembered<number>(at({ value: 0 }), 10);
  await expect(remembered.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await remembered.get('a', async () => ({ value: 1, forMs: 0 }))).toBe(1);
  expect(await remembered.get('a', async () => ({ value: 2, forMs: 0 }))).toBe(2);
});
