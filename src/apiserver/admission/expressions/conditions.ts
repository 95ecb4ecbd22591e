import type { MatchCondition } from '../../../api/admissionregistration/v1.ts';
import type { Program } from '../../../machinery/cel/cel.ts';
import type { VariableSource } from './variables.ts';

/** What one request may spend on the conditions of one configuration. */
const conditionsBudget = 2_500_000;

export const outOfBudget =
  'validation failed due to running out of cost budget, no further validation rules will be run';

interface CompiledCondition {
  expression: string;
  program: Program;
}

/** Conditions that requests must meet. The engine is loaded by who needs it first. */
export class Conditions {
  readonly #conditions: readonly MatchCondition[];
  readonly #params: boolean;
  #compiled: Promise<CompiledCondition[]> | undefined;

  constructor(conditions: readonly MatchCondition[] | undefined, { params = false } = {}) {
    this.#conditions = conditions ?? [];
    this.#params = params;
  }

  /** Whether all hold. One that does not decides; otherwise an error of one makes it an Error. */
  async hold(source: VariableSource): Promise<boolean | Error> {
    if (this.#conditions.length === 0) return true;
    this.#compiled ??= this.#compile();
    const compiled = await this.#compiled.catch((error: Error) => error);
    if (compiled instanceof Error) return new Error(`compilation error: ${compiled.message}`);
    const { variableValues } = await import('./variables.ts');
    const lookup = variableValues(source);
    const errors: string[] = [];
    let left = conditionsBudget;
    for (const { program, expression } of compiled) {
      try {
        const holds = program.evaluate(lookup, { onCost: (cost) => (left -= cost) });
        if (holds === false) return false;
      } catch (error) {
        errors.push(`expression '${expression}' resulted in error: ${(error as Error).message}`);
      }
      if (left < 0) return new Error(outOfBudget);
    }
    if (errors.length === 0) return true;
    return new Error(errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`);
  }

  async #compile(): Promise<CompiledCondition[]> {
    const { compileBool } = await import('./compile.ts');
    return this.#conditions.map(({ expression }) => ({
      expression,
      program: compileBool(expression, { authorizer: true, params: this.#params }),
    }));
  }
}
