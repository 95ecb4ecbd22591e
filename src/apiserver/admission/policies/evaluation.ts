import { CelBudgetError, CelError } from '../../../machinery/cel/errors.ts';
import type { Program } from '../../../machinery/cel/cel.ts';
import { once } from '../../../machinery/cel/rest.ts';
import { type CelValue, LazyMap } from '../../../machinery/cel/values.ts';
import type { Answers } from '../expressions/answers.ts';
import { outOfBudget } from '../expressions/conditions.ts';
import { type VariableSource, variableValues } from '../expressions/variables.ts';
import type { Compiled, CompiledVariable, CompiledVariables } from './compiled-policy.ts';

/** What is left to spend, in units of cost. Expressions that are paid from the same share it. */
export interface Budget {
  left: number;
}

/** What all expressions of a policy may cost together, for one request and one set of parameters. */
export const policyBudget = (): Budget => ({ left: 10_000_000 });

interface EvaluationOptions {
  budget?: Budget;
  /** Whether the authorizer may be asked; variables that ask it fail otherwise. */
  authorizer?: boolean;
}

/** Names that only those expressions know which may ask the authorizer. */
const isOfAuthorizer = (name: string) => name === 'authorizer' || name.startsWith('authorizer.');

/** All that may be spent has been: nothing further is evaluated. */
export class OutOfBudget extends Error {
  constructor() {
    super(outOfBudget);
  }
}

/** The evaluation of a policy's expressions for one request. It can rest (`inTurns`). */
export class Evaluation {
  readonly #lookup: (name: string) => CelValue;
  /** Each is made once, also where the work of which it is a part rests and is done again. */
  readonly #evaluations = new Map<Program, () => CelValue>();
  readonly #budget: Budget;

  constructor(
    source: VariableSource<Answers>,
    variables: CompiledVariables,
    { budget = policyBudget(), authorizer = true }: EvaluationOptions = {},
  ) {
    this.#budget = budget;
    const values = variableValues(source);
    const named = new LazyMap(variables, (name) => this.#variable(variables.get(name) as CompiledVariable));
    this.#lookup = (name) => {
      if (name === 'variables') return named;
      if (!authorizer && isOfAuthorizer(name)) throw new CelError(`no such attribute(s): ${name}`);
      return values(name);
    };
  }

  /** Throws an Error that names the expression; OutOfBudget where nothing more may be spent. */
  evaluate({ program, expression }: Compiled): CelValue {
    try {
      return this.#run(program);
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      throw new Error(`expression '${expression}' resulted in error: ${error.message}`, { cause: error });
    }
  }

  #variable({ program, name }: CompiledVariable): CelValue {
    try {
      return this.#run(program);
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof CelBudgetError) throw error;
      throw new CelError(`composited variable "${name}" fails to evaluate: ${error.message}`);
    }
  }

  #run(program: Program): CelValue {
    let evaluation = this.#evaluations.get(program);
    if (!evaluation) {
      evaluation = once(program.begin(this.#lookup, { onCost: (cost) => (this.#budget.left -= cost) }));
      this.#evaluations.set(program, evaluation);
    }
    const value = evaluation();
    if (this.#budget.left < 0) throw new OutOfBudget();
    return value;
  }
}
