import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RetryAfter } from './retry-after.ts';
import { SeatDemand } from './seat-demand.ts';
import { shareSeats } from './share-seats.ts';

test('in proportion to the targets, within the bounds', () => {
  const free = (target: number) => ({ target, lower: 0, upper: 1000 });
  expect(shareSeats(60, [free(1), free(2), free(3)]).map(Math.round)).toEqual([10, 20, 30]);
  const bounded = [{ target: 1, lower: 30, upper: 1000 }, free(1), { target: 10, lower: 0, upper: 20 }];
  expect(shareSeats(100, bounded).map(Math.round)).toEqual([40, 40, 20]);
});

test('bounds hold where they can, and all is given away', () => {
  const claim = fc
    .tuple(fc.nat({ max: 50 }), fc.nat({ max: 50 }), fc.nat({ max: 100 }))
    .map(([lower, more, target]) => ({ lower, upper: lower + more, target: Math.max(lower, target) }));
  fc.assert(
    fc.property(fc.array(claim, { minLength: 1, maxLength: 8 }), fc.nat({ max: 400 }), (claims, total) => {
      const seats = shareSeats(total, claims);
      for (const [i, { lower, upper }] of claims.entries()) {
        expect(seats[i]).toBeGreaterThanOrEqual(lower);
        expect(seats[i]).toBeLessThanOrEqual(upper);
      }
      const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
      const [least, most] = [sum(claims.map((c) => c.lower)), sum(claims.map((c) => c.upper))];
      expect(sum(seats)).toBeCloseTo(Math.max(least, Math.min(most, total)), 3);
    }),
  );
});

test('demand over time: the highest, the average, the deviation', () => {
  const demand = new SeatDemand(0);
  demand.set(10, 0);
  demand.set(0, 50);
  expect(demand.take(100)).toEqual({ highest: 10, average: 5, deviation: 5 });
  expect(demand.take(200)).toEqual({ highest: 0, average: 0, deviation: 0 });
});

test('the refused are told to wait longer while there are many, and shorter again later', () => {
  const retry = new RetryAfter();
  const refuse = (second: number, count: number) => {
    for (let i = 0; i < count; i++) retry.refused(second * 1000);
  };
  refuse(100, 10);
  expect(retry.seconds).toBe(1);
  refuse(101, 10);
  expect(retry.seconds).toBe(2);
  for (let second = 102; second < 200; second++) refuse(second, 200);
  expect(retry.seconds).toBe(32);
  for (let second = 1000; second < 3000; second += 40) refuse(second, 1);
  expect(retry.seconds).toBe(1);
});
