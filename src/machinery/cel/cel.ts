import type { CelType } from './types.ts';
import type { CelValue } from './values.ts';

/** What an expression may name, and what it has to be. */
export interface CompileOptions {
  /** Names an expression may use, with their types; `dyn` where nothing is known. */
  variables: Readonly<Record<string, CelType>>;
}

/** An expression ready to be evaluated, as often as wanted. */
export interface Program {
  /** What it evaluates to, as far as that can be told beforehand. */
  readonly type: CelType;
  /** Throws a CelError. Nothing is read that the expression does not ask for. */
  evaluate(lookup: (variable: string) => CelValue, options?: EvaluateOptions): CelValue;
}

export interface EvaluateOptions {
  /** What the evaluation may cost at most, counted as upstream does; {@link callCostLimit} where absent. */
  costLimit?: number;
  /** Told what was spent, also where the evaluation fails. */
  onCost?(cost: number): void;
}
