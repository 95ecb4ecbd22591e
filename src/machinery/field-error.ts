import type { StatusCause } from '../api/meta/v1.ts';
import { goJson, goQuote } from './go-text.ts';
import { joined, nothing } from './joined.ts';
import { StatusError } from './status-error.ts';

/** Types of `apimachinery/pkg/util/validation/field`, with the text each begins with. */
const texts = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooShort: 'Too short',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
} as const;

export type FieldErrorType = keyof typeof texts;

/** What is wrong with one field of an object. */
export interface FieldError {
  type: FieldErrorType;
  /** Path such as `spec.containers[0].name`. */
  field: string;
  /** The text after the path: type, value, detail. */
  body: string;
  /** The rule that is broken, where an object that broke it before may go on doing so. */
  rule?: string;
}

/** Nothing is wrong. */
export const noErrors: readonly FieldError[] = nothing;

/** What several checks have found. */
export const allErrors: (...found: readonly (readonly FieldError[])[]) => readonly FieldError[] = joined;

/** The errors as those of a rule that an object which broke it before may go on breaking. */
export function ratcheted(rule: string, errors: readonly FieldError[]): readonly FieldError[] {
  return errors.length === 0 ? noErrors : errors.map((error) => ({ ...error, rule }));
}

/** The errors of a changed object without those of rules that it broke before, too. */
export function withoutOldFaults(
  errors: readonly FieldError[],
  ofOld: () => readonly FieldError[],
): readonly FieldError[] {
  if (!errors.some(({ rule }) => rule)) return errors;
  const broken = new Set(ofOld().map(({ rule }) => rule));
  return errors.filter(({ rule }) => !rule || !broken.has(rule));
}

/** Go's `%v`-like rendering upstream uses for a bad value: strings quoted, objects as JSON. */
export function renderValue(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return goQuote(value);
  return typeof value === 'object' ? goJson(value) : String(value);
}

function make(type: FieldErrorType, field: string, value: string | undefined, detail: string): FieldError {
  const head = value === undefined ? texts[type] : `${texts[type]}: ${value}`;
  return { type, field, body: detail ? `${head}: ${detail}` : head };
}

export function required(field: string, detail = ''): FieldError {
  return make('FieldValueRequired', field, undefined, detail);
}

export function invalid(field: string, value: unknown, detail: string): FieldError {
  return make('FieldValueInvalid', field, renderValue(value), detail);
}

/** One error a message. */
export function invalids(field: string, value: unknown, messages: readonly string[]): readonly FieldError[] {
  return messages.length === 0 ? noErrors : messages.map((message) => invalid(field, value, message));
}

/** A bad value that is too large to be repeated. */
export function invalidUnshown(field: string, detail: string): FieldError {
  return make('FieldValueInvalid', field, undefined, detail);
}

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return make('FieldValueTypeInvalid', field, renderValue(value), detail);
}

export function duplicate(field: string, value: unknown): FieldError {
  return make('FieldValueDuplicate', field, renderValue(value), '');
}

export function notFoundValue(field: string, value: unknown): FieldError {
  return make('FieldValueNotFound', field, renderValue(value), '');
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map(goQuote).join(', ');
  return make(
    'FieldValueNotSupported',
    field,
    renderValue(value),
    supported.length ? `supported values: ${list}` : '',
  );
}

export function forbiddenField(field: string, detail: string): FieldError {
  return make('FieldValueForbidden', field, undefined, detail);
}

/** Something that kept the server from checking the field. */
export function internalError(field: string, detail: string): FieldError {
  return make('InternalError', field, undefined, detail);
}

const counted = (n: number, unit: string) => `${n} ${unit}${n === 1 ? '' : 's'}`;

export function tooLong(field: string, maxLength: number): FieldError {
  const detail = maxLength >= 0 ? `may not be more than ${counted(maxLength, 'byte')}` : 'value is too long';
  return make('FieldValueTooLong', field, undefined, detail);
}

export function tooMany(field: string, actual: number, max: number): FieldError {
  return make('FieldValueTooMany', field, String(actual), `must have at most ${counted(max, 'item')}`);
}

/** The errors as one text, each said once: `field: body`, or `[a, b]` for more than one. */
export function renderErrors(errors: readonly FieldError[]): string {
  const unique = [...new Set(errors.map((e) => `${e.field}: ${e.body}`))];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}

/** The 422 answer for an object that failed validation. */
export function invalidObject(
  kind: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes: StatusCause[] = errors.map((e) => ({ reason: e.type, message: e.body, field: e.field }));
  const qualified = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  const why = errors.length > 0 ? `: ${renderErrors(errors)}` : '';
  const details = {
    ...(name && { name }),
    ...(kind.group && { group: kind.group }),
    kind: kind.kind,
    ...(causes.length > 0 && { causes }),
  };
  return new StatusError(422, 'Invalid', `${qualified} ${goQuote(name)} is invalid${why}`, details);
}

/** Who is told of so many errors of a list or a map need not know of more, and no request keeps the server busy with them. */
const mostErrors = 1000;

/** What is wrong with each entry of a map. */
export function errorsOfEach<T>(
  map: Readonly<Record<string, T>> | undefined,
  validate: (key: string, value: T) => readonly FieldError[],
): readonly FieldError[] {
  let all = noErrors;
  for (const key in map) {
    const found = validate(key, map[key] as T);
    if (found.length > 0) all = [...all, ...found];
    if (all.length >= mostErrors) break;
  }
  return all;
}

/** What is wrong with each of many. */
export function errorsOf<T>(
  items: Iterable<T>,
  validate: (item: T, index: number) => readonly FieldError[],
): readonly FieldError[] {
  let all: FieldError[] | undefined;
  let index = 0;
  for (const item of items) {
    const found = validate(item, index++);
    if (found.length === 0) continue;
    all ??= [];
    all.push(...found);
    if (all.length >= mostErrors) break;
  }
  return all ?? noErrors;
}
