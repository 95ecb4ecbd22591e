/** An object that an extender has sent. */
export type Untyped = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Untyped =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What an extender has sent is not what it should be. */
export class AnswerError extends Error {
  constructor(what: string, wanted: string) {
    super(`json: cannot unmarshal the answer: ${what} must be ${wanted}`);
  }
}

/** A field under its name, upper or lower case: extenders write both, and upstream reads both. */
function fieldOf(object: Untyped, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name] ?? undefined;
  const lower = name.toLowerCase();
  const key = Object.keys(object).find((other) => other.toLowerCase() === lower);
  return key === undefined ? undefined : (object[key] ?? undefined);
}

/** The answer itself; `null` says nothing. */
export function objectOf(value: unknown, what = 'it'): Untyped {
  if (value === null || value === undefined) return {};
  if (!isObject(value)) throw new AnswerError(what, 'an object');
  return value;
}

/** Undefined where there is no such field. */
export function listIn(object: Untyped, name: string): readonly unknown[] | undefined {
  const value = fieldOf(object, name);
  if (value !== undefined && !Array.isArray(value)) throw new AnswerError(name, 'a list');
  return value;
}

export function objectIn(object: Untyped, name: string): Untyped | undefined {
  const value = fieldOf(object, name);
  return value === undefined ? undefined : objectOf(value, name);
}

export function textIn(object: Untyped, name: string): string {
  return textOf(fieldOf(object, name) ?? '', name);
}

export function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new AnswerError(what, 'a string');
  return value;
}

export function wholeNumberIn(object: Untyped, name: string): number {
  const value = fieldOf(object, name) ?? 0;
  if (!Number.isInteger(value)) throw new AnswerError(name, 'a whole number');
  return value as number;
}

/** Names and what is said of each. */
export function textsIn(object: Untyped, name: string): ReadonlyMap<string, string> {
  const texts = Object.entries(objectIn(object, name) ?? {});
  return new Map(texts.map(([key, value]) => [key, textOf(value ?? '', name)]));
}
