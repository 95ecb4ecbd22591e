import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

const count = 60;

/** For each of so many turns, who had theirs. */
function passed<T>(turns: Turns<T>, howMany: number): T[][] {
  return Array.from({ length: howMany }, () => [...turns.pass(1)]);
}

test('each has one turn in a round, the first after half a round at the earliest, whenever it came', () => {
  for (let before = 0; before < count; before++) {
    const turns = new Turns<string>(count);
    passed(turns, before);
    turns.add('a');
    const [first, ...rounds] = [0, 1, 2].map((round) =>
      passed(turns, count).flatMap((members, turn) => (members.length > 0 ? [round * count + turn + 1] : [])),
    );
    expect(first).toHaveLength(1);
    expect(first?.[0]).toBeGreaterThan(count / 2);
    expect(rounds.map((round) => round.length)).toEqual([1, 1]);
  }
});

test('few have their turns together, whenever they came; many are spread', () => {
  const turns = new Turns<number>(count);
  for (let i = 0; i < count; i++) {
    if (i % 3 === 0) turns.add(i);
    turns.pass(1);
  }
  expect(passed(turns, count).filter((members) => members.length > 0)).toHaveLength(2);
  for (let i = 0; i < 5000; i++) turns.add(1000 + i);
  const sizes = passed(turns, count).map((members) => members.length);
  expect(Math.max(...sizes)).toBeLessThan(250);
  expect(sizes.reduce((a, b) => a + b)).toBe(5000 + count / 3);
});

test('turns in which nobody has theirs can be passed at once', () => {
  const turns = new Turns<string>(count);
  expect(turns.untilNext).toBe(count / 2);
  turns.add('a');
  const seen: string[] = [];
  let passes = 0;
  for (let at = 0; at < 10 * count; passes++) {
    const { untilNext } = turns;
    seen.push(...turns.pass(untilNext));
    at += untilNext;
  }
  expect(seen).toHaveLength(10);
  expect(passes).toBe(20);
  turns.delete('a');
  expect(passed(turns, count).flat()).toEqual([]);
});
