import { CelBudgetError, CelError } from './errors.ts';
import { effort, mayRest } from './rest.ts';
import type { CelValue } from './values.ts';
import { Work } from './work.ts';

/** What had been spent at some moment. */
export interface Spent {
  cost: number;
  elements: number;
}

/** What came of a piece, and what it took. */
type Outcome = Spent & ({ value: CelValue } | { error: CelError });

/**
 * What is known of pieces that are evaluated at most once: those of the whole expression, or of the body of a macro for one element.
 * A piece is told by its node.
 */
export class Known {
  readonly outcomes = new Map<object, Outcome>();
  #resting: { node: object; run: object } | undefined;

  /** The macro or the call at hand rests; there is one at most. */
  rest(node: object, run: object): void {
    this.#resting = { node, run };
  }

  /** What goes on now, where it has rested. */
  underWay(node: object): object | undefined {
    if (this.#resting?.node !== node) return undefined;
    const { run } = this.#resting;
    this.#resting = undefined;
    return run;
  }
}

/** Whether what a piece has come to is kept; what takes less is done again. */
export const isWorthKeeping = (taken: number): boolean => taken >= 500 && mayRest();

/**
 * One evaluation. It can rest between two elements of a macro, and within calls that take long: `Pause` is thrown, and each macro that it
 * comes through keeps its place. It goes on from the beginning, where what has been done already is known.
 */
export class Frame {
  readonly lookup: (variable: string) => CelValue;
  /** What macros have named, by place. */
  readonly slots: CelValue[] = [];
  readonly work = new Work();
  cost = 0;
  /** Undefined as long as nothing is known. */
  known: Known | undefined;
  readonly #limit: number;

  constructor(lookup: (variable: string) => CelValue, costLimit: number) {
    this.lookup = lookup;
    this.#limit = costLimit;
  }

  /** Throws CelBudgetError once too much has been spent. */
  spend(cost: number): void {
    this.cost += cost;
    effort(cost);
    if (this.cost > this.#limit) throw new CelBudgetError();
  }

  get spent(): Spent {
    return { cost: this.cost, elements: this.work.elements };
  }

  /** Goes on where so much had been spent. */
  return({ cost, elements }: Spent): void {
    this.cost = cost;
    this.work.elements = elements;
  }

  rest(node: object, run: object): void {
    this.known ??= new Known();
    this.known.rest(node, run);
  }

  /** What came of a piece that was evaluated before the last rest; undefined where it was not. Throws where that was an error. */
  recall(node: object): { value: CelValue } | undefined {
    const outcome = this.known?.outcomes.get(node);
    if (!outcome) return undefined;
    this.cost += outcome.cost;
    this.work.elements += outcome.elements;
    if ('error' in outcome) throw outcome.error;
    return outcome;
  }

  /** Keeps what came of a piece that is worth it. */
  keep(node: object, result: CelValue | CelError, before: Spent): void {
    const cost = this.cost - before.cost;
    const elements = this.work.elements - before.elements;
    if (!isWorthKeeping(cost + elements)) return;
    this.known ??= new Known();
    const outcome = result instanceof CelError ? { error: result } : { value: result };
    this.known.outcomes.set(node, { ...outcome, cost, elements });
  }
}
