import { goJson, goQuote } from '../go-text.ts';
import type { ListShape } from './shape.ts';

type Json = Record<string, unknown>;

/** A value that its shape cannot hold; the message is upstream's, its path in front. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** The path element of a field. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

function keyElement(item: unknown, list: ListShape, keys: readonly string[]): string {
  if (item === null) throw new ShapeError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ShapeError('associative list with keys may not have non-map elements');
  const parts: string[] = [];
  for (const key of keys.length > 1 ? [...keys].sort() : keys) {
    const fallback = list.items.kind === 'map' ? list.items.field(key)?.keyDefault : undefined;
    const value = Object.hasOwn(item, key) ? item[key] : fallback;
    if (value !== undefined) parts.push(`${JSON.stringify(key)}:${goJson(value)}`);
  }
  if (parts.length > 0) return `k:{${parts.join(',')}}`;
  const names = `[${keys.map(goQuote).join(' ')}]`;
  throw new ShapeError(
    `associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`,
  );
}

function valueElement(item: unknown): string {
  if (item === null)
    throw new ShapeError("associative list without keys has an element that's an explicit null");
  if (Array.isArray(item)) throw new ShapeError('not supported: associative list with lists as elements');
  if (typeof item === 'object')
    throw new ShapeError("associative list without keys has an element that's a map type");
  return `v:${goJson(item)}`;
}

/** The path element of an element of a list that merges. Throws ShapeError if it cannot be told apart. */
export function itemElement(item: unknown, list: ListShape): string {
  return list.keys ? keyElement(item, list, list.keys) : valueElement(item);
}

const printValue = (value: unknown) => (typeof value === 'string' ? goQuote(value) : goJson(value));

/** A path element as messages show it: `.spec`, `[name="x"]`, `[="x"]`. */
export function printElement(element: string): string {
  const body = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${body}`;
    case 'v':
      return `[=${printValue(JSON.parse(body))}]`;
    case 'k': {
      const entries = Object.entries(JSON.parse(body) as Json);
      return `[${entries.map(([key, value]) => `${key}=${printValue(value)}`).join(',')}]`;
    }
    default:
      return `[${body}]`;
  }
}

/** A path as messages show it, such as `.spec.containers[name="x"].image`. */
export function printPath(path: readonly string[]): string {
  return path.map(printElement).join('');
}
