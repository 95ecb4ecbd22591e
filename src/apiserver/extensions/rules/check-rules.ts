import type { ValidationRule } from '../../../api/apiextensions/v1.ts';
import type { Program } from '../../../machinery/cel/cel.ts';
import { CelBudgetError, CelError } from '../../../machinery/cel/errors.ts';
import { fromJson } from '../../../machinery/cel/json-value.ts';
import { shownMessage } from '../../../machinery/cel/message.ts';
import { type CelValue, Optional } from '../../../machinery/cel/values.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalidUnshown,
  required,
} from '../../../machinery/field-error.ts';
import { Correlation } from '../schema/correlation.ts';
import { isObject } from '../schema/structure.ts';
import type { CompiledRule, RuleNode } from './compile-rules.ts';

/** What all rules of one object may cost together, and one of them by itself. */
const objectBudget = 10_000_000;
const callBudget = 1_000_000;

/** What rules may cost yet. */
export interface CostBudget {
  left: number;
}

/** What rules may cost that run at one time: those of one object, or those on all defaults of a schema. */
export const fullBudget = (): CostBudget => ({ left: objectBudget });

export interface CheckOptions {
  /** What stood there before, on an update. */
  old?: { value: unknown } | undefined;
  /** Told of broken rules that are let pass since what breaks them has not changed; without it none is let pass. */
  warn?: (message: string) => void;
  /** Full unless given; what is used is taken from it. */
  budget?: CostBudget;
}

/** Runs the rules of a schema on a value. */
export function ruleErrors(
  value: unknown,
  node: RuleNode,
  { old, warn, budget = fullBudget() }: CheckOptions,
): readonly FieldError[] {
  const checker = new Checker(budget, warn);
  const past = old && new Correlation(value, old.value, node.schema);
  checker.check(value, node, { path: '', old: old?.value, past, near: undefined });
  return checker.errors;
}

/** Where a value stands, and what stood there before. */
interface Place {
  path: string;
  old: unknown;
  past: Correlation | undefined;
  /** The nearest value around it that has a past. */
  near: Correlation | undefined;
}

class Checker {
  readonly errors: FieldError[] = [];
  readonly #warn: ((message: string) => void) | undefined;
  readonly #budget: CostBudget;

  constructor(budget: CostBudget, warn: ((message: string) => void) | undefined) {
    this.#budget = budget;
    this.#warn = warn;
  }

  get #isSpent(): boolean {
    return this.#budget.left < 0;
  }

  check(value: unknown, node: RuleNode, place: Place): void {
    if (value === null || value === undefined || this.#isSpent) return;
    this.#own(value, node, place);
    if (Array.isArray(value)) this.#items(value, node, place);
    else if (isObject(value)) this.#fields(value, node, place);
  }

  #items(list: readonly unknown[], { items }: RuleNode, { path, past, near }: Place): void {
    if (!items) return;
    for (const [i, item] of list.entries()) {
      const itemPast = past?.index(i);
      this.check(item, items, {
        path: `${path}[${i}]`,
        old: itemPast?.old,
        past: itemPast,
        near: past ?? near,
      });
    }
  }

  #fields(object: Record<string, unknown>, node: RuleNode, { path, old, past, near }: Place): void {
    const before = isObject(old) ? old : {};
    for (const key of Object.keys(object)) {
      const known = node.properties.get(key);
      const child = known ?? node.values;
      if (!child) continue;
      const own = known ? (path ? `${path}.${key}` : key) : `${path}[${key}]`;
      const isIdentity = path === '' && (key === 'apiVersion' || key === 'kind');
      // As upstream, rules on what an object is are kept, changed or not.
      const place = isIdentity
        ? { path: own, old: before[key], past: undefined, near: undefined }
        : { path: own, old: before[key], past: past?.key(key), near: past ?? near };
      this.check(object[key], child, place);
    }
  }

  #own(value: unknown, node: RuleNode, place: Place): void {
    if (node.rules.length === 0) return;
    const type = node.schema.type ?? '';
    const self = fromJson(value, node.type);
    const oldSelf =
      place.old === undefined || place.old === null ? undefined : fromJson(place.old, node.type);
    for (const rule of node.rules) {
      if (this.#isSpent) return;
      if (this.#budget.left === 0) {
        this.#spent(place.path, type);
        return;
      }
      this.#run(rule, { value, self, oldSelf, type, place });
    }
  }

  #spent(path: string, type: string): void {
    const why =
      'validation failed due to running out of cost budget, no further validation rules will be run';
    this.errors.push(invalid(path || '<nil>', type, why));
    this.#budget.left = -1;
  }

  #run(compiled: CompiledRule, on: Subject): void {
    const { rule, program, error } = compiled;
    const { type, place, oldSelf } = on;
    const path = place.path || '<nil>';
    if (error) this.errors.push(invalid(path, type, `rule compile error: ${error}`));
    if (!program || (compiled.usesOldSelf && oldSelf === undefined && !rule.optionalOldSelf)) return;
    const outcome = this.#evaluate(program, rule, on);
    if (this.#budget.left < 0) {
      this.#spent(place.path, type);
    } else if (outcome instanceof CelError) {
      this.errors.push(invalid(path, type, failureText(outcome, rule)));
      if (outcome instanceof CelBudgetError) this.#budget.left = -1;
    } else if (outcome !== true) this.#broken(compiled, on);
  }

  #evaluate(program: Program, rule: ValidationRule, { self, oldSelf }: Subject): CelValue | CelError {
    const before = rule.optionalOldSelf ? new Optional(oldSelf) : oldSelf;
    const lookup = (name: string) => (name === 'self' ? self : (before ?? null));
    try {
      return program.evaluate(lookup, {
        costLimit: callBudget,
        onCost: (cost) => (this.#budget.left -= cost),
      });
    } catch (error) {
      if (error instanceof CelError) return error;
      throw error;
    }
  }

  #broken(compiled: CompiledRule, on: Subject): void {
    const { rule, fieldPath, usesOldSelf } = compiled;
    const { place, value, type } = on;
    const blamed = [place.path, fieldPath].filter(Boolean).join('.').replaceAll('.[', '[') || '<nil>';
    const shown = type === 'object' || type === 'array' ? undefined : { value };
    const error = errorOf(rule, { field: blamed, shown, detail: this.#messageOf(compiled, on) });
    const isOld = (place.past ?? place.near)?.unchanged ?? false;
    if (this.#warn && !usesOldSelf && isOld) this.#warn(`${error.field}: ${error.body}`);
    else this.errors.push(error);
  }

  #messageOf({ rule, message }: CompiledRule, on: Subject): string {
    const said = message && this.#evaluate(message, rule, on);
    return shownMessage(said) || rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
  }
}

/** One value under its rules. */
interface Subject {
  value: unknown;
  self: CelValue;
  oldSelf: CelValue | undefined;
  type: string;
  place: Place;
}

const ruleText = ({ message, rule }: ValidationRule) => (message || rule).trim();

function failureText(error: CelError, rule: ValidationRule): string {
  const { message } = error;
  if (message.startsWith('no such overload')) {
    return `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${ruleText(rule)}`;
  }
  if (error instanceof CelBudgetError) {
    return `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${ruleText(rule)}`;
  }
  return `${message} evaluating rule: ${ruleText(rule)}`;
}

interface Blame {
  field: string;
  shown: { value: unknown } | undefined;
  detail: string;
}

function errorOf({ reason }: ValidationRule, { field, shown, detail }: Blame): FieldError {
  if (reason === 'FieldValueForbidden') return forbiddenField(field, detail);
  if (reason === 'FieldValueRequired') return required(field, detail);
  if (reason === 'FieldValueDuplicate') {
    const bare = { type: 'FieldValueDuplicate', field, body: 'Duplicate value' } as const;
    return shown ? duplicate(field, shown.value) : bare;
  }
  return shown ? invalid(field, shown.value, detail) : invalidUnshown(field, detail);
}
