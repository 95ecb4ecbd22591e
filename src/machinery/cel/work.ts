import { CelBudgetError } from './errors.ts';
import { effort } from './rest.ts';

/**
 * What costs do not count, as upstream's do not: the elements that stand in elements where values are compared or written out, those that
 * come out where lists are flattened, and the length of text that is made. Thirty lists of two lists each hold a thousand million.
 */
const most = 1_000_000;
/** So much is free, so that small values cost what upstream says. */
const free = 10_000;
const perUnit = 0.1;

/** What one evaluation has done that its cost does not say. */
export class Work {
  elements = 0;

  /** What the evaluation is charged for it. */
  get cost(): number {
    return Math.floor(Math.max(0, this.elements - free) * perUnit);
  }
}

let current = new Work();

/** Does something that counts for an evaluation. Others can be made within it, such as that of a variable which it names. */
export function workingOn<T>(counter: Work, doing: () => T): T {
  const outer = current;
  current = counter;
  try {
    return doing();
  } finally {
    current = outer;
  }
}

/** Counts so many elements. Throws CelBudgetError where one evaluation goes over more than it may. */
export function work(elements: number): void {
  current.elements += elements;
  effort(elements);
  if (current.elements > most) throw new CelBudgetError();
}

/** Counts text that is gone over or made: a character is quickly done with. */
export const workOnText = (characters: number): void => work(characters * 0.001);
