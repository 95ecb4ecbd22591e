import { setOwn } from './clone.ts';

/** A copy of a JSON value whose keys are in order, as Go writes the keys of maps. */
export function sortedKeys<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sortedKeys) as T;
  if (typeof value !== 'object' || value === null) return value;
  const sorted: Record<string, unknown> = {};
  const source = value as Record<string, unknown>;
  for (const key of Object.keys(source).sort()) setOwn(sorted, key, sortedKeys(source[key]));
  return sorted as T;
}
