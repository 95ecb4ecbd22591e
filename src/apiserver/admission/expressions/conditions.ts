import type { MatchCondition } from '../../../api/admissionregistration/v1.ts';
import type { Program } from '../../../machinery/cel/cel.ts';
import { inTurns, once, Pause, resting } from '../../../machinery/cel/rest.ts';
import type { CelValue } from '../../../machinery/cel/values.ts';
import { aggregated } from '../../../machinery/go-text.ts';
import { withAnswers } from './answers.ts';
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
    const { holds, errors } = await this.#evaluate(source);
    const { operation } = source.attributes;
    counts.note(owner, { operation, startMs, errors, holds: holds !== false });
    return holds;
  }

  async #evaluate(source: VariableSource): Promise<Outcome> {
    this.#compiled ??= this.#compile();
    const compiled = await this.#compiled.catch((error: Error) => error);
    if (compiled instanceof Error)
      return { holds: new Error(`compilation error: ${compiled.message}`), errors: 0 };
    const { conditionValues } = await import('./variables.ts');
    return withAnswers(source, (asking) => allOf(compiled, conditionValues(asking)));
  }

  async #compile(): Promise<CompiledCondition[]> {
    const { compileBool } = await import('./compile.ts');
    const scope = { authorizer: true, params: this.#params };
    const compiled: CompiledCondition[] = [];
    function* work(conditions: readonly MatchCondition[]): Generator<void, CompiledCondition[]> {
      for (const { expression } of conditions) {
        yield;
        compiled.push({ expression, program: compileBool(expression, scope) });
      }
      return compiled;
    }
    return inTurns(resting(work(this.#conditions)));
  }
}

/** What conditions have come to, and how many of them failed. */
interface Outcome {
  holds: boolean | Error;
  errors: number;
}

/** Evaluates conditions, which can rest (`inTurns`). */
function allOf(compiled: readonly CompiledCondition[], lookup: (name: string) => CelValue): () => Outcome {
  const budget = { left: conditionsBudget };
  const onCost = (cost: number) => (budget.left -= cost);
  const conditions = compiled.map(({ program, expression }) => {
    return { expression, evaluate: once(program.begin(lookup, { onCost })) };
  });
  return () => evaluateAll(conditions, budget);
}

/** All are evaluated before any of them decides: what they cost together counts first. */
function evaluateAll(
  conditions: readonly { expression: string; evaluate(): CelValue }[],
  budget: { readonly left: number },
): Outcome {
  const errors: string[] = [];
  let failed: Outcome | undefined;
  for (const { evaluate, expression } of conditions) {
    try {
      if (evaluate() === false) failed ??= { holds: false, errors: errors.length };
    } catch (error) {
      if (error instanceof Pause) throw error;
      errors.push(`expression '${expression}' resulted in error: ${(error as Error).message}`);
    }
    if (budget.left < 0) return { holds: new Error(outOfBudget), errors: 0 };
  }
  if (failed) return failed;
  if (errors.length === 0) return { holds: true, errors: 0 };
  return { holds: new Error(aggregated(errors)), errors: errors.length };
}
