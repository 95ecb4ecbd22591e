import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

test('a burst goes at once, what comes after it in turn', () => {
  const bucket = new TokenBucket({ perSecond: 50, burst: 3 });
  expect([1, 2, 3, 4, 5].map(() => bucket.take(1000))).toEqual([0, 0, 0, 20, 40]);
  // The two that were promised are still to come.
  expect(bucket.take(1020)).toBe(40);
  expect(bucket.take(1080)).toBe(0);
});

test('a quiet time gives back no more than a burst', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 });
  expect([0, 60_000, 60_000, 60_000].map((nowMs) => bucket.take(nowMs))).toEqual([0, 0, 0, 100]);
});

test('who does not wait takes what is there, and promises nothing', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 });
  expect([1000, 1000, 1000, 1099, 1100].map((nowMs) => bucket.tryTake(nowMs))).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
});
