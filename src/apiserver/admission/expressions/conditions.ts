import type { MatchCondition } from '../../../api/admissionregistration/v1.ts';
import type { Program } from '../../../machinery/cel/cel.ts';
import type { ConditionCounts, ConditionsOwner } from './condition-counts.ts';
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

  /** Whether all hold. One that does not decides; otherwise an error of one makes it an Error. `counts` is told for `owner`. */
  async hold(
    source: VariableSource,
    { counts, owner }: { counts: ConditionCounts; owner: ConditionsOwner },
  ): Promise<boolean | Error> {
    if (this.#conditions.length === 0) return true;
    const startMs = counts.clock.monotonic();
    const errors: string[] = [];
    const holds = await this.#evaluate(source, errors);
    const { operation } = source.attributes;
    counts.note(owner, { operation, startMs, errors: errors.length, holds: holds !== false });
    return holds;
  }

  async #evaluate(source: VariableSource, errors: string[]): Promise<boolean | Error> {
    this.#compiled ??= this.#compile();
    const compiled = await this.#compiled.catch((error: Error) => error);
    if (compiled instanceof Error) return new Error(`compilation error: ${compiled.message}`);
    const { variableValues } = await import('./variables.ts');
    const lookup = variableValues(source);
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
