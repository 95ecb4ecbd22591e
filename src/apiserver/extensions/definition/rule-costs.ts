import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { times } from '../../../machinery/cel/extent.ts';
import { maxCostOf } from '../../../machinery/cel/max-cost.ts';
import { type CelType, optionalType } from '../../../machinery/cel/types.ts';
import { type FieldError, forbiddenField } from '../../../machinery/field-error.ts';
import { type Measure, mostInRequest } from '../rules/rule-extent.ts';
import type { CompiledRule } from '../rules/compile-rules.ts';

/** What one expression may cost on all values that one object can have for it, and what all of a schema may. */
const ruleLimit = 10_000_000;
const schemaLimit = 100_000_000;
const blamed = 4;

const hint =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';

function tooExpensive(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const precise = factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1);
  return `${what} exceeds budget by factor of ${factor > 100 ? 'more than 100' : precise}x ${hint}`;
}

/** How often a schema's children can be there for each time the schema is; undefined: no bound. */
export function childrenPerValue(schema: JSONSchemaProps): number | undefined {
  const { type, maxItems, maxProperties, additionalProperties } = schema;
  const bounded = (max: number | undefined) => (max === undefined ? undefined : Math.max(max, 0));
  if (type === 'array') return bounded(maxItems);
  return type === 'object' && additionalProperties !== undefined ? bounded(maxProperties) : 1;
}

/** Where a rule stands, and what it sees. */
export interface CostedRule {
  field: string;
  compiled: CompiledRule;
  type: CelType;
  measure: Measure;
  /** How many values of the schema one object can have; undefined: no bound but its size. */
  count: number | undefined;
}

/** Adds up what the rules of one schema may cost. */
export class RuleCosts {
  #total = 0;
  readonly #expensive: { field: string; cost: number }[] = [];
  readonly #tolerant: boolean;

  /** `tolerant`: the schema is as it was, so that single rules are not measured again. */
  constructor(tolerant: boolean) {
    this.#tolerant = tolerant;
  }

  /** What is wrong with the cost of one rule. */
  ruleErrors(rule: CostedRule): readonly FieldError[] {
    const { rule: written, program } = rule.compiled;
    return program ? this.#check(rule, { name: 'rule', text: written.rule }) : [];
  }

  /** What is wrong with the cost of the message of one rule. */
  messageErrors(rule: CostedRule): readonly FieldError[] {
    const { rule: written, message } = rule.compiled;
    return message ? this.#check(rule, { name: 'messageExpression', text: written.messageExpression }) : [];
  }

  #check(
    rule: CostedRule,
    { name, text = '' }: { name: string; text: string | undefined },
  ): readonly FieldError[] {
    const { type, measure, compiled } = rule;
    const past = compiled.rule.optionalOldSelf ? optionalType(type) : type;
    const extents = new Map([
      ['self', measure.extent],
      ['oldSelf', measure.extent],
    ]);
    const options = { variables: { self: type, oldSelf: past }, extents, made: measure.extent };
    const once = maxCostOf(text, options);
    const cost = name === 'rule' ? times(once, rule.count ?? mostInRequest(measure.leastBytes)) : once;
    const field = `${rule.field}.${name}`;
    this.#note(field, cost);
    if (cost <= ruleLimit || this.#tolerant) return [];
    return [forbiddenField(field, tooExpensive(`estimated ${name} cost`, cost, ruleLimit))];
  }

  #note(field: string, cost: number): void {
    this.#total += cost;
    if (cost >= schemaLimit / 100) this.#expensive.push({ field, cost });
  }

  /** What is wrong with the cost of all rules together. */
  totalErrors(field: string): readonly FieldError[] {
    if (this.#total <= schemaLimit) return [];
    const why = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const most = this.#expensive.sort((a, b) => b.cost - a.cost).slice(0, blamed);
    const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...most.map((rule) => forbiddenField(rule.field, why)),
      forbiddenField(field, tooExpensive(what, this.#total, schemaLimit)),
    ];
  }
}
