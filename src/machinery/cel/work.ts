import { CelBudgetError } from './errors.ts';

/**
 * What costs do not count, as upstream's do not: the elements that stand in elements where values are compared or written out, those that
 * come out where lists are flattened, and the length of text that is made. Thirty lists of two lists each hold a thousand million.
 */
const most = 1_000_000;
/** So much is free, so that small values cost what upstream says. */
const free = 10_000;
const perUnit = 0.1;

let done = 0;

/** Begins to count for an evaluation. */
export function beginWork(): void {
  done = 0;
}

/** Counts so many elements. Throws CelBudgetError where one evaluation goes over more than it may. */
export function work(elements: number): void {
  done += elements;
  if (done > most) throw new CelBudgetError();
}

/** Counts text that is gone over or made: a character is quickly done with. */
export const workOnText = (characters: number): void => work(characters * 0.001);

/** What the evaluation is charged for it. */
export function workCost(): number {
  return Math.floor(Math.max(0, done - free) * perUnit);
}
