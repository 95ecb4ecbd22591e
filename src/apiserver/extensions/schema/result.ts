import { printJson } from '../../../machinery/exact-json.ts';
import {
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../../../machinery/field-error.ts';
import { goQuote } from '../../../machinery/go-text.ts';

/** One thing that a value does against its schema. */
export type Violation =
  /** The schema's own complaint, which names no field. */
  | { kind: 'whole'; message: string }
  | { kind: 'required'; path: string }
  | { kind: 'enum'; path: string; value: unknown; allowed: readonly unknown[] }
  | { kind: 'tooLong'; path: string; limit: number }
  | { kind: 'tooMany'; path: string; count: number; limit: number }
  | { kind: 'type'; path: string; value: unknown; message: string }
  | { kind: 'invalid'; path: string; value: unknown; message: string };

/** The violations of one object that are told, and the values that would do instead: each violation may name thousands of these. */
const mostTold = 100_000;

/** What the check of one value came to. `matches` counts what held, to tell how near a miss was. */
export class Result {
  matches = 0;
  /** By what they say: nothing is said twice. */
  readonly #violations = new Map<string, Violation>();
  #told = 0;

  get isValid(): boolean {
    return this.#violations.size === 0;
  }

  get violations(): Violation[] {
    return [...this.#violations.values()];
  }

  add(violation: Violation): this {
    return this.#put(textOf(violation), violation);
  }

  merge(other: Result): this {
    for (const [text, violation] of other.#violations) this.#put(text, violation);
    this.matches += other.matches;
    return this;
  }

  #put(text: string, violation: Violation): this {
    if (this.#told >= mostTold) return this;
    this.#told += violation.kind === 'enum' ? 1 + violation.allowed.length : 1;
    this.#violations.set(text, violation);
    return this;
  }
}

/** The values that would do, as text: they are the same for all who are told of them. */
const allowedTexts = new WeakMap<readonly unknown[], string>();

/** What tells violations apart. */
function textOf(violation: Violation): string {
  if (violation.kind !== 'enum') return printJson(violation);
  const { allowed, ...rest } = violation;
  let text = allowedTexts.get(allowed);
  if (text === undefined) {
    text = printJson(allowed);
    allowedTexts.set(allowed, text);
  }
  return `${printJson(rest)}${text}`;
}

/** A value of the wrong type, where `found` is what it is. */
export function wrongType(path: string, wanted: string, found: string): Violation {
  const message = `${path} in body must be of type ${wanted}: ${goQuote(found)}`;
  return { kind: 'type', path, value: found, message };
}

/** A value beyond a limit; `what` says which. */
export function beyond(path: string, value: unknown, what: string): Violation {
  return { kind: 'invalid', path, value, message: `${path} in body should ${what}` };
}

/** The violations as errors of fields below `base` (empty: the object itself). */
export function toFieldErrors(violations: readonly Violation[], base: string): readonly FieldError[] {
  return violations.map((violation) => toFieldError(violation, base));
}

function toFieldError(violation: Violation, base: string): FieldError {
  if (violation.kind === 'whole') return invalid(base || '<nil>', '', violation.message);
  const field = fieldOf(violation.path, base);
  switch (violation.kind) {
    case 'required':
      return required(field);
    case 'enum':
      return notSupported(field, violation.value, violation.allowed.map(enumText));
    case 'tooLong':
      return tooLong(field, violation.limit);
    case 'tooMany':
      return tooMany(field, violation.count, violation.limit);
    case 'type':
      return typeInvalid(field, violation.value, violation.message);
    default:
      return invalid(field, violation.value, violation.message);
  }
}

function fieldOf(path: string, base: string): string {
  const name = path.replace(/^\./, '');
  if (!name) return base || '<nil>';
  return base ? `${base}.${name}` : name;
}

const enumText = (value: unknown) => (typeof value === 'string' ? value : printJson(value));
