/** A configuration that cannot be used. The message begins with the field. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(path: string, problem: string) {
    super(path ? `${path}: ${problem}` : problem);
  }
}

/** An object of a file, not looked at yet. */
export type Untyped = Readonly<Record<string, unknown>>;

const join = (path: string, key: string) => (path && key ? `${path}.${key}` : path || key);

/** The object at a key; empty where there is none. */
export function objectAt(parent: Untyped, key: string, path: string): Untyped {
  const value = parent[key] ?? {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigurationError(join(path, key), 'must be an object');
  return value as Untyped;
}

export function listAt(parent: Untyped, key: string, path: string): readonly unknown[] {
  const value = parent[key] ?? [];
  if (!Array.isArray(value)) throw new ConfigurationError(join(path, key), 'must be a list');
  return value;
}

/** A list of objects. */
export const objectsAt = (parent: Untyped, key: string, path: string): Untyped[] =>
  listAt(parent, key, path).map((entry, i) => objectAt({ '': entry }, '', `${join(path, key)}[${i}]`));

export function stringAt(parent: Untyped, key: string, path: string): string | undefined {
  const value = parent[key] ?? undefined;
  if (value !== undefined && typeof value !== 'string')
    throw new ConfigurationError(join(path, key), 'must be a string');
  return value;
}

/** False where nothing is said. */
export function booleanAt(parent: Untyped, key: string, path: string): boolean {
  const value = parent[key] ?? false;
  if (typeof value !== 'boolean') throw new ConfigurationError(join(path, key), 'must be true or false');
  return value;
}

/** A whole number within a range. */
export function numberAt(
  parent: Untyped,
  key: string,
  { path, range: [least, most] }: { path: string; range: [number, number] },
): number | undefined {
  const value = parent[key] ?? undefined;
  if (value === undefined) return undefined;
  if (!Number.isInteger(value)) throw new ConfigurationError(join(path, key), 'must be a whole number');
  if ((value as number) < least || (value as number) > most)
    throw new ConfigurationError(
      join(path, key),
      `Invalid value: ${value}: not in valid range [${least}-${most}]`,
    );
  return value as number;
}

/** Refuses what nobody knows: a misspelt field would be silently without effect. */
export function expectKeys(object: Untyped, known: readonly string[], path: string): void {
  for (const key of Object.keys(object))
    if (!known.includes(key)) throw new ConfigurationError(join(path, key), 'unknown field');
}
