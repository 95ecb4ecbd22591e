import { isNumber, parseJson } from '../../machinery/exact-json.ts';
import { goJson } from '../../machinery/go-text.ts';

/*
 * The paths of printer columns and selectable fields: kubectl's JSONPath without its braces, such as
 * `.status.conditions[?(@.type=="Ready")].status`.
 */

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

type Step =
  | { type: 'field'; name: string }
  | { type: 'index'; from: number | undefined; to: number | undefined; step: number; single: boolean }
  | { type: 'all' }
  | { type: 'deep' }
  | { type: 'filter'; left: Operand; operator: Comparison | undefined; right: Operand };

type Operand = { path: readonly Step[] } | { value: unknown };

export type JsonPath = readonly Step[];

/** A path that cannot be read. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

/** Longer than any path that somebody has written. */
const maxLength = 2048;

/** Reads a path. Throws JsonPathError. */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > maxLength) throw new JsonPathError(`a path of ${text.length} characters is too long`);
  return new Parser(text).path();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  path(): Step[] {
    const steps: Step[] = [];
    if (this.#text.startsWith('$')) this.#at++;
    while (this.#at < this.#text.length) steps.push(...this.#step());
    return steps;
  }

  #step(): Step[] {
    if (this.#takes('[')) return [this.#bracket()];
    if (this.#takes('..'))
      return this.#text[this.#at] === '[' ? [{ type: 'deep' }] : [{ type: 'deep' }, ...this.#field()];
    if (this.#takes('.')) return this.#text[this.#at] === '[' ? [] : this.#field();
    if (this.#at === 0) return this.#field();
    throw new JsonPathError(`unrecognized character in ${this.#text} at ${this.#at}`);
  }

  #takes(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #field(): Step[] {
    let name = '';
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] as string;
      if (char === '.' || char === '[') break;
      if (char === '\\') this.#at++;
      name += this.#text[this.#at] ?? '';
    }
    if (name === '') return [];
    return name === '*' ? [{ type: 'all' }] : [{ type: 'field', name }];
  }

  #bracket(): Step {
    const end = this.#closing();
    const inner = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    if (inner.startsWith('?(') && inner.endsWith(')')) return filterOf(inner.slice(2, -1));
    if (inner === '*') return { type: 'all' };
    const quoted = /^'((?:[^'\\]|\\.)*)'$|^"((?:[^"\\]|\\.)*)"$/.exec(inner);
    if (quoted) return { type: 'field', name: (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1') };
    return indexOf(inner);
  }

  /** Where the bracket ends that has just been opened. */
  #closing(): number {
    let depth = 1;
    let quote = '';
    for (let i = this.#at; i < this.#text.length; i++) {
      const char = this.#text[i] as string;
      if (char === '\\') i++;
      else if (quote) quote = char === quote ? '' : quote;
      else if (char === "'" || char === '"') quote = char;
      else if (char === '[') depth++;
      else if (char === ']' && --depth === 0) return i;
    }
    throw new JsonPathError(`unterminated array in ${this.#text}`);
  }
}

function indexOf(text: string): Step {
  const match = /^(-?\d+)?(?:(:)(-?\d+)?(?::(\d+))?)?$/.exec(text);
  if (!match || text === '') throw new JsonPathError(`invalid array index ${text}`);
  const [, from, colon, to, step] = match;
  const number = (digits: string | undefined) => (digits === undefined ? undefined : Number(digits));
  return { type: 'index', from: number(from), to: number(to), step: number(step) || 1, single: !colon };
}

function filterOf(text: string): Step {
  const match = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(text);
  if (!match)
    return { type: 'filter', left: operandOf(text), operator: undefined, right: { value: undefined } };
  const [, left = '', operator, right = ''] = match;
  return { type: 'filter', left: operandOf(left), operator: operator as Comparison, right: operandOf(right) };
}

function operandOf(text: string): Operand {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) return { path: parseJsonPath(trimmed.slice(1)) };
  const quoted = /^'(.*)'$|^"(.*)"$/s.exec(trimmed);
  if (quoted) return { value: quoted[1] ?? quoted[2] };
  try {
    return { value: parseJson(trimmed) };
  } catch {
    throw new JsonPathError(`unrecognized identifier ${trimmed}`);
  }
}

/** What a path leads to. Fields that are not there lead to nothing. */
export function findAll(path: JsonPath, value: unknown): unknown[] {
  let found = [value];
  for (const step of path) found = found.flatMap((item) => follow(step, item));
  return found;
}

function follow(step: Step, value: unknown): unknown[] {
  switch (step.type) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'all':
      return childrenOf(value);
    case 'deep':
      return [value, ...childrenOf(value).flatMap((child) => follow(step, child))];
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => holds(step, item)) : [];
    case 'index':
      return Array.isArray(value) ? elements(value, step) : [];
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function childrenOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}

function elements(
  list: readonly unknown[],
  { from, to, step, single }: Extract<Step, { type: 'index' }>,
): unknown[] {
  if (single) return list.slice(from, from === -1 ? undefined : (from ?? 0) + 1);
  return list.slice(from, to).filter((_, i) => i % step === 0);
}

function holds({ left, operator, right }: Extract<Step, { type: 'filter' }>, item: unknown): boolean {
  const [a] = valuesOf(left, item);
  if (operator === undefined) return a !== undefined;
  const [b] = valuesOf(right, item);
  if (operator === '==') return a === b;
  if (operator === '!=') return a !== undefined && a !== b;
  if (typeof a === 'string' && typeof b === 'string') return ordered(a, operator, b);
  return isNumber(a) && isNumber(b) && ordered(a, operator, b);
}

function ordered<T extends number | bigint | string>(a: T, operator: Comparison, b: T): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

const valuesOf = (operand: Operand, item: unknown) =>
  'path' in operand ? findAll(operand.path, item) : [operand.value];

/** A value as kubectl's JSONPath prints it. */
export function printValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : goJson(value);
}
