import type { LabelSelector } from '../api/meta/v1.ts';
import {
  allErrors,
  errorsOfEach,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  notSupported,
  ratcheted,
  renderErrors,
  required,
} from './field-error.ts';
import { deepEqual } from './equal.ts';
import { goQuote } from './go-text.ts';
import { labelValueErrors, qualifiedNameErrors } from './names.ts';
import { badRequest } from './status-error.ts';

export type Labels = Readonly<Record<string, string>>;

interface Labelled {
  metadata: { labels?: Labels };
}

/** Whether two objects have the same labels; none are no labels. */
export const sameLabels = (a: Labelled, b: Labelled): boolean =>
  deepEqual(a.metadata.labels ?? {}, b.metadata.labels ?? {});

/** `pkg/selection`'s operators. */
export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

/** One condition on one label. */
export interface Requirement {
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** Conditions that must all hold, sorted by key; none: everything matches. */
export type Selector = readonly Requirement[];

const operators: Operator[] = ['in', 'notin', '=', '==', '!=', 'gt', 'lt', 'exists', '!'];
const int64 = /^[-+]?[0-9]{1,19}$/;

const inInt64 = (text: string) => int64.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);

function valueCountErrors(
  operator: Operator,
  values: readonly string[],
  field: string,
): readonly FieldError[] {
  const wrong = (detail: string) => [invalid(field, values, detail)];
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length > 0 ? noErrors : wrong("for 'in', 'notin' operators, values set can't be empty");
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? noErrors : wrong('exact-match compatibility requires one single value');
    case 'exists':
    case '!':
      return values.length === 0 ? noErrors : wrong('values set must be empty for exists and does not exist');
    default:
      return comparisonErrors(values, field);
  }
}

function comparisonErrors(values: readonly string[], field: string): readonly FieldError[] {
  const one = "for 'Gt', 'Lt' operators, exactly one value is required";
  const whole = "for 'Gt', 'Lt' operators, the value must be an integer";
  const count = values.length === 1 ? noErrors : [invalid(field, values, one)];
  return allErrors(
    count,
    values.flatMap((v, i) => (inInt64(v) ? noErrors : [invalid(`${field}[${i}]`, v, whole)])),
  );
}

function keyErrors(key: string, field: string): readonly FieldError[] {
  const errors = qualifiedNameErrors(key);
  return errors.length > 0 ? [invalid(field, key, errors.join('; '))] : noErrors;
}

/** What is wrong with a condition, in upstream's words. */
export function requirementErrors({ key, operator, values }: Requirement): readonly FieldError[] {
  const known = operators.includes(operator);
  const byOperator = known
    ? valueCountErrors(operator, values, 'values')
    : [notSupported('operator', operator, operators)];
  const byValue = values.flatMap((v, i) => {
    const errors = labelValueErrors(v);
    return errors.length > 0 ? [invalid(`values[${i}][${key}]`, v, errors.join('; '))] : noErrors;
  });
  return allErrors(keyErrors(key, 'key'), byOperator, byValue);
}

const comparePlain = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The conditions in upstream's order. */
export function sortRequirements(requirements: Requirement[]): Selector {
  return requirements.sort((a, b) => comparePlain(a.key, b.key));
}

type Token = { type: 'id' | 'symbol' | 'end'; text: string };

const end: Token = { type: 'end', text: '' };
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^ \t\r\n=!(),<>\0]+))/y;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    tokens.push(match[1] ? { type: 'symbol', text: match[1] } : { type: 'id', text: match[2] as string });
  }
  tokens.push(end);
  return tokens;
}

const fail = (message: string) => badRequest(message);
const unexpected = (token: Token, wanted: string) => fail(`found '${token.text}', expected: ${wanted}`);
const isSymbol = (token: Token, text: string) => token.type === 'symbol' && token.text === text;

class Parser {
  private readonly tokens: Token[];
  private position = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  private peek(): Token {
    return this.tokens[this.position] ?? end;
  }

  private next(): Token {
    const token = this.peek();
    this.position++;
    return token;
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    if (this.peek().type === 'end') return requirements;
    if (!this.startsRequirement()) throw unexpected(this.peek(), "!, identifier, or 'end of string'");
    for (;;) {
      requirements.push(this.wrapped());
      const separator = this.next();
      if (separator.type === 'end') return requirements;
      if (!isSymbol(separator, ',')) throw unexpected(separator, "',' or 'end of string'");
      if (!this.startsRequirement()) throw unexpected(this.peek(), "identifier after ','");
    }
  }

  private startsRequirement(): boolean {
    return this.peek().type === 'id' || isSymbol(this.peek(), '!');
  }

  private wrapped(): Requirement {
    try {
      return this.requirement();
    } catch (error) {
      throw fail(`unable to parse requirement: ${(error as Error).message}`);
    }
  }

  private requirement(): Requirement {
    const negated = isSymbol(this.peek(), '!');
    if (negated) this.next();
    const token = this.next();
    if (token.type !== 'id') throw unexpected(token, 'identifier');
    const wrongKey = keyErrors(token.text, '<nil>');
    if (wrongKey.length > 0) throw fail(renderErrors(wrongKey));
    const after = this.peek();
    const alone = after.type === 'end' || isSymbol(after, ',');
    if (negated || alone)
      return this.checked({ key: token.text, operator: negated ? '!' : 'exists', values: [] });
    const operator = this.operator();
    const values = operator === 'in' || operator === 'notin' ? this.values() : [this.exactValue()];
    return this.checked({ key: token.text, operator, values });
  }

  private checked(requirement: Requirement): Requirement {
    const errors = requirementErrors(requirement);
    if (errors.length > 0) throw fail(renderErrors(errors));
    return requirement;
  }

  private operator(): Operator {
    const token = this.next();
    const found: Record<string, Operator> = { '=': '=', '==': '==', '!=': '!=', '>': 'gt', '<': 'lt' };
    if (token.type === 'symbol' && Object.hasOwn(found, token.text)) return found[token.text] as Operator;
    if (token.type === 'id' && (token.text === 'in' || token.text === 'notin')) return token.text;
    throw unexpected(token, 'in, notin, =, ==, !=, gt, lt');
  }

  /** `(a,b)`: a set, so doubles fall together; an empty place is the empty string. */
  private values(): string[] {
    const open = this.next();
    if (!isSymbol(open, '(')) throw fail(`found '${open.text}' expected: '('`);
    const first = this.peek();
    if (first.type !== 'id' && !isSymbol(first, ',') && !isSymbol(first, ')')) {
      throw unexpected(first, "',', ')' or identifier");
    }
    const values = new Set<string>();
    for (;;) {
      const item = this.peek();
      if (item.type === 'end') throw unexpected(item, "',', or identifier");
      values.add(item.type === 'id' ? this.next().text : '');
      const separator = this.next();
      if (isSymbol(separator, ')')) return [...values].sort(comparePlain);
      if (!isSymbol(separator, ',')) throw unexpected(separator, "',' or ')'");
    }
  }

  private exactValue(): string {
    const token = this.peek();
    if (token.type === 'end' || isSymbol(token, ',')) return '';
    this.position++;
    if (token.type !== 'id') throw unexpected(token, 'identifier');
    return token.text;
  }
}

/** Reads a selector such as `app=web,tier in (a,b),!old`. Throws a BadRequest with upstream's text. */
export function parseLabelSelector(text: string): Selector {
  return sortRequirements(new Parser(text).parse());
}

/** A selector for exactly these labels. */
export function selectorFromLabels(labels: Labels): Selector {
  return sortRequirements(
    Object.entries(labels).map(([key, value]) => ({ key, operator: '=', values: [value] })),
  );
}

const expressionOperators: Record<string, Operator> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/**
 * The conditions of a `metav1.LabelSelector`. Undefined (no selector) selects nothing and gives undefined; an empty one
 * selects everything. Throws a BadRequest for a malformed one.
 */
export function compileLabelSelector(selector: LabelSelector | undefined): Selector | undefined {
  if (!selector) return undefined;
  const exact = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: '=', values: [value] }),
  );
  const others = (selector.matchExpressions ?? []).map((e): Requirement => {
    const operator = Object.hasOwn(expressionOperators, e.operator)
      ? expressionOperators[e.operator]
      : undefined;
    if (!operator) throw fail(`${goQuote(e.operator)} is not a valid label selector operator`);
    return { key: e.key, operator, values: e.values ?? [] };
  });
  const all = [...exact, ...others];
  const errors = all.flatMap(requirementErrors);
  if (errors.length > 0) throw fail(renderErrors(errors));
  return sortRequirements(all);
}

const compiled = new WeakMap<LabelSelector, Selector>();

/**
 * The same, read and made ready once for each selector object: for what is compared with many others, and is never written into. A
 * selector may have thousands of conditions. Throws as {@link compileLabelSelector} does.
 */
export function compiledOnce(selector: LabelSelector | undefined): Selector | undefined {
  if (!selector) return undefined;
  const before = compiled.get(selector);
  if (before) return before;
  const made = compileLabelSelector(selector) as Selector;
  if (!isShort(made)) preparedOf(made);
  compiled.set(selector, made);
  return made;
}

const exact = new WeakMap<Labels, Selector>();

/** A selector for exactly these labels, made once for each object that holds them: as {@link compiledOnce}. */
export function exactlyOnce(labels: Labels): Selector {
  const before = exact.get(labels);
  if (before) return before;
  const made = selectorFromLabels(labels);
  exact.set(labels, made);
  return made;
}

function compareInts(actual: string, wanted: string | undefined): number {
  if (wanted === undefined || !inInt64(actual) || !inInt64(wanted)) return Number.NaN;
  const difference = BigInt(actual) - BigInt(wanted);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

function requirementMatches({ key, operator, values }: Requirement, labels: Labels): boolean {
  return valueMatches(Object.hasOwn(labels, key) ? labels[key] : undefined, operator, values);
}

/** Whether a value, undefined where there is none, is as an operator and its values want it. */
export function valueMatches(
  value: string | undefined,
  operator: Operator,
  values: readonly string[],
): boolean {
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
      return value !== undefined && compareInts(value, values[0]) > 0;
    case 'lt':
      return value !== undefined && compareInts(value, values[0]) < 0;
  }
}

/** Up to so many conditions and values are simply gone through. */
const fewConditions = 16;

function isShort(selector: Selector): boolean {
  let count = selector.length;
  for (let i = 0; i < selector.length && count <= fewConditions; i++)
    count += (selector[i] as Requirement).values.length;
  return count <= fewConditions;
}

/** All that a selector says of one key. */
interface KeyRule {
  /** Whether the key must be there. */
  needed: boolean;
  absent: boolean;
  /** The values of which it must have one, where there are such. */
  allowed?: ReadonlySet<string>;
  refused?: Set<string>;
  /** What is no question of one value out of several. */
  others?: Requirement[];
}

/** A selector of many conditions, in the form in which labels look for what is said of them. */
interface Prepared {
  needed: readonly string[];
  rules: ReadonlyMap<string, KeyRule>;
}

const preparedSelectors = new WeakMap<Selector, Prepared>();

function preparedOf(selector: Selector): Prepared {
  const before = preparedSelectors.get(selector);
  if (before) return before;
  const rules = new Map<string, KeyRule>();
  for (const requirement of selector) {
    const { key } = requirement;
    let rule = rules.get(key);
    if (!rule) rules.set(key, (rule = { needed: false, absent: false }));
    addTo(rule, requirement);
  }
  const needed = [...rules].flatMap(([key, rule]) => (rule.needed ? [key] : []));
  const prepared = { needed, rules };
  preparedSelectors.set(selector, prepared);
  return prepared;
}

function addTo(rule: KeyRule, requirement: Requirement): void {
  const { operator, values } = requirement;
  switch (operator) {
    case 'notin':
    case '!=':
      rule.refused ??= new Set();
      for (const value of values) rule.refused.add(value);
      return;
    case '!':
      rule.absent = true;
      return;
    case 'in':
    case '=':
    case '==':
      rule.allowed = new Set(rule.allowed ? values.filter((v) => rule.allowed?.has(v)) : values);
      break;
    case 'gt':
    case 'lt':
      (rule.others ??= []).push(requirement);
      break;
  }
  rule.needed = true;
}

/** Costs as much as there are labels, however much the selector says. */
function preparedMatches({ needed, rules }: Prepared, labels: Labels): boolean {
  for (const key of needed) if (!Object.hasOwn(labels, key)) return false;
  for (const key of Object.keys(labels)) {
    const rule = rules.get(key);
    if (rule && !allows(rule, labels[key] as string)) return false;
  }
  return true;
}

function allows({ absent, allowed, refused, others }: KeyRule, value: string): boolean {
  if (absent || refused?.has(value) || (allowed && !allowed.has(value))) return false;
  return others?.every(({ operator, values }) => valueMatches(value, operator, values)) ?? true;
}

/**
 * Whether labels satisfy a selector; `undefined`, as {@link compileLabelSelector} gives it, matches nothing. A selector of many conditions
 * is made ready at the first comparison, so it must be the same array, unchanged, at the next.
 */
export function matchesLabels(selector: Selector | undefined, labels: Labels | undefined): boolean {
  if (!selector) return false;
  if (isShort(selector)) return selector.every((r) => requirementMatches(r, labels ?? {}));
  return preparedMatches(preparedOf(selector), labels ?? {});
}

function formatRequirement({ key, operator, values }: Requirement): string {
  const list = [...values].sort(comparePlain).join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`;
    case 'gt':
      return `${key}>${list}`;
    case 'lt':
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}

/** The selector as text, as upstream prints it. */
export function formatLabelSelector(selector: Selector): string {
  return selector.map(formatRequirement).join(',');
}

/** What is wrong with a set of labels that stands at `field`. */
export function labelsErrors(labels: Labels | undefined, field: string): readonly FieldError[] {
  return errorsOfEach(labels, (key, value) =>
    allErrors(
      invalids(field, key, qualifiedNameErrors(key)),
      invalids(field, value, labelValueErrors(value)),
    ),
  );
}

/** What is wrong with a `metav1.LabelSelector` that stands at `field`. */
export function labelSelectorErrors(
  selector: LabelSelector | undefined,
  field: string,
  valueRule?: string,
): readonly FieldError[] {
  if (!selector) return noErrors;
  const expressions = (selector.matchExpressions ?? []).flatMap((e, i) =>
    expressionErrors({ ...e, values: e.values ?? [] }, `${field}.matchExpressions[${i}]`, valueRule),
  );
  return allErrors(labelsErrors(selector.matchLabels, `${field}.matchLabels`), expressions);
}

function expressionErrors(
  e: { key: string; operator: string; values: string[] },
  field: string,
  valueRule: string | undefined,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (e.operator === 'In' || e.operator === 'NotIn') {
    const why = "must be specified when `operator` is 'In' or 'NotIn'";
    if (e.values.length === 0) errors.push(required(`${field}.values`, why));
  } else if (e.operator === 'Exists' || e.operator === 'DoesNotExist') {
    const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    if (e.values.length > 0) errors.push(forbiddenField(`${field}.values`, why));
  } else {
    errors.push(invalid(`${field}.operator`, e.operator, 'not a valid selector operator'));
  }
  errors.push(...qualifiedNameErrors(e.key).map((m) => invalid(`${field}.key`, e.key, m)));
  const values = e.values.flatMap((v, i) => invalids(`${field}.values[${i}]`, v, labelValueErrors(v)));
  return [...errors, ...(valueRule ? ratcheted(valueRule, values) : values)];
}
