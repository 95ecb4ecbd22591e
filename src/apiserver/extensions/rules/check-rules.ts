import type { ValidationRule } from '../../../api/apiextensions/v1.ts';
import type { Program } from '../../../machinery/cel/cel.ts';
import { CelBudgetError, CelError } from '../../../machinery/cel/errors.ts';
import { fromJson } from '../../../machinery/cel/json-value.ts';
import { shownMessage } from '../../../machinery/cel/message.ts';
import { effort, once, restIfDue } from '../../../machinery/cel/rest.ts';
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

/** Runs the rules of a schema on a value. Can rest: what this gives is called until it does not throw Pause. */
export function checkingRules(
  value: unknown,
  node: RuleNode,
  { old, warn, budget = fullBudget() }: CheckOptions = {},
): () => readonly FieldError[] {
  const past = old && new Correlation(value, old.value, node.schema);
  const ruled: Ruled[] = [];
  collect(value, node, { place: { path: '', old: old?.value, past, near: undefined }, ruled });
  const checker = new Checker(ruled, budget, warn);
  return () => checker.finish();
}

/** Where a value stands, and what stood there before. */
interface Place {
  path: string;
  old: unknown;
  past: Correlation | undefined;
  /** The nearest value around it that has a past. */
  near: Correlation | undefined;
}

/** A value that has rules. */
interface Ruled {
  value: unknown;
  node: RuleNode;
  place: Place;
}

interface Collecting {
  place: Place;
  /** Where those that are found are put. */
  ruled: Ruled[];
}

/** Finds the values that have rules, each before those in it. */
function collect(value: unknown, node: RuleNode, { place, ruled }: Collecting): void {
  if (value === null || value === undefined) return;
  if (node.rules.length > 0) ruled.push({ value, node, place });
  if (Array.isArray(value)) collectItems(value, node, { place, ruled });
  else if (isObject(value)) collectFields(value, node, { place, ruled });
}

function collectItems(list: readonly unknown[], { items }: RuleNode, { place, ruled }: Collecting): void {
  if (!items) return;
  const { path, past, near } = place;
  for (const [i, item] of list.entries()) {
    const itemPast = past?.index(i);
    const itemPlace = { path: `${path}[${i}]`, old: itemPast?.old, past: itemPast, near: past ?? near };
    collect(item, items, { place: itemPlace, ruled });
  }
}

function collectFields(object: Record<string, unknown>, node: RuleNode, collecting: Collecting): void {
  const { path, old, past, near } = collecting.place;
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
    collect(object[key], child, { place, ruled: collecting.ruled });
  }
}

/** What running a rule takes besides what it costs, in units of cost. */
const effortPerRule = 10;

class Checker {
  readonly #errors: FieldError[] = [];
  readonly #ruled: readonly Ruled[];
  readonly #warn: ((message: string) => void) | undefined;
  readonly #budget: CostBudget;
  /** The value whose turn it is, and which of its rules. */
  #at = 0;
  #rule = 0;
  #subject: Subject | undefined;
  /** Of the rule at hand. */
  readonly #evaluations = new Map<Program, () => CelValue>();

  constructor(ruled: readonly Ruled[], budget: CostBudget, warn: ((message: string) => void) | undefined) {
    this.#ruled = ruled;
    this.#budget = budget;
    this.#warn = warn;
  }

  get #isSpent(): boolean {
    return this.#budget.left < 0;
  }

  /** Runs the rules that have not been run. */
  finish(): readonly FieldError[] {
    for (; this.#at < this.#ruled.length && !this.#isSpent; this.#at++) {
      const { node } = this.#ruled[this.#at] as Ruled;
      this.#subject ??= subjectOf(this.#ruled[this.#at] as Ruled);
      for (; this.#rule < node.rules.length && !this.#isSpent; this.#rule++) {
        restIfDue();
        if (this.#budget.left === 0) this.#spent(this.#subject.place.path, this.#subject.type);
        else this.#run(node.rules[this.#rule] as CompiledRule, this.#subject);
        effort(effortPerRule);
        this.#evaluations.clear();
      }
      this.#rule = 0;
      this.#subject = undefined;
    }
    return this.#errors;
  }

  #spent(path: string, type: string): void {
    const why =
      'validation failed due to running out of cost budget, no further validation rules will be run';
    this.#errors.push(invalid(path || '<nil>', type, why));
    this.#budget.left = -1;
  }

  #run(compiled: CompiledRule, on: Subject): void {
    const { rule, program, error } = compiled;
    const { type, place, oldSelf } = on;
    const path = place.path || '<nil>';
    if (error) this.#errors.push(invalid(path, type, `rule compile error: ${error}`));
    if (!program || (compiled.usesOldSelf && oldSelf === undefined && !rule.optionalOldSelf)) return;
    const outcome = this.#evaluate(program, rule, on);
    if (this.#budget.left < 0) {
      this.#spent(place.path, type);
    } else if (outcome instanceof CelError) {
      this.#errors.push(invalid(path, type, failureText(outcome, rule)));
      if (outcome instanceof CelBudgetError) this.#budget.left = -1;
    } else if (outcome !== true) this.#broken(compiled, on);
  }

  #evaluate(program: Program, rule: ValidationRule, subject: Subject): CelValue | CelError {
    let evaluation = this.#evaluations.get(program);
    if (!evaluation) this.#evaluations.set(program, (evaluation = this.#begin(program, rule, subject)));
    try {
      return evaluation();
    } catch (error) {
      if (error instanceof CelError) return error;
      throw error;
    }
  }

  #begin(program: Program, rule: ValidationRule, { self, oldSelf }: Subject): () => CelValue {
    const before = rule.optionalOldSelf ? new Optional(oldSelf) : oldSelf;
    const lookup = (name: string) => (name === 'self' ? self : (before ?? null));
    const onCost = (cost: number) => (this.#budget.left -= cost);
    return once(program.begin(lookup, { costLimit: callBudget, onCost }));
  }

  #broken(compiled: CompiledRule, on: Subject): void {
    const { rule, fieldPath, usesOldSelf } = compiled;
    const { place, value, type } = on;
    const blamed = [place.path, fieldPath].filter(Boolean).join('.').replaceAll('.[', '[') || '<nil>';
    const shown = type === 'object' || type === 'array' ? undefined : { value };
    const said = compiled.message && this.#evaluate(compiled.message, rule, on);
    const spent = this.#spentOnMessage(said, rule);
    const detail = shownMessage(said) || rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
    const error = spent ? invalid(blamed, type, spent) : errorOf(rule, { field: blamed, shown, detail });
    const isOld = (place.past ?? place.near)?.unchanged ?? false;
    if (this.#warn && !usesOldSelf && isOld) this.#warn(`${error.field}: ${error.body}`);
    else this.#errors.push(error);
  }

  /** What is said instead where the expression for the message took what was left; no further rule is run then. */
  #spentOnMessage(said: CelValue | CelError | undefined, rule: ValidationRule): string | undefined {
    const none = 'no further validation rules will be run';
    if (this.#budget.left < 0) {
      return `messageExpression evaluation failed due to running out of cost budget, ${none}`;
    }
    if (!(said instanceof CelBudgetError)) return undefined;
    this.#budget.left = -1;
    return `${none} due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`;
  }
}

function subjectOf({ value, node, place }: Ruled): Subject {
  const { old } = place;
  const oldSelf = old === undefined || old === null ? undefined : fromJson(old, node.type);
  return { value, self: fromJson(value, node.type), oldSelf, type: node.schema.type ?? '', place };
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
