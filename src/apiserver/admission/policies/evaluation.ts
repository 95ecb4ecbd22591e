import { CelBudgetError, CelError } from '../../../machinery/cel/errors.ts';
import type { Program } from '../../../machinery/cel/cel.ts';
import { once } from '../../../machinery/cel/rest.ts';
import { type CelValue, LazyMap } from '../../../machinery/cel/values.ts';
import type { Answers } from '../expressions/answers.ts';
import { outOfBudget } from '../expressions/conditions.ts';
import { type VariableSource, variableValues } from '../expressions/variables.ts';
import type { Compiled, CompiledVariable, CompiledVariables } from './compiled-policy.ts';

/** What all expressions of a policy may cost together, for one request and one set of parameters. */
const policyBudget = 10_000_000;

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
  #left = policyBudget;

  constructor(source: VariableSource<Answers>, variables: CompiledVariables) {
    const values = variableValues(source);
    const named = new LazyMap(variables, (name) => this.#variable(variables.get(name) as CompiledVariable));
    this.#lookup = (name) => (name === 'variables' ? named : values(name));
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
      evaluation = once(program.begin(this.#lookup, { onCost: (cost) => (this.#left -= cost) }));
      this.#evaluations.set(program, evaluation);
    }
    const value = evaluation();
    if (this.#left < 0) throw new OutOfBudget();
    return value;
  }
}
