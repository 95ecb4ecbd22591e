import { parseJson } from '../exact-json.ts';
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

const ranks: Record<string, number> = { f: 0, k: 1, v: 2, i: 3 };
const valueRanks: Record<string, number> = { number: 0, bigint: 0, string: 1, boolean: 2 };
const orderOf = <T extends string | number | bigint | boolean>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);

function compareValues(a: unknown, b: unknown): number {
  const [x, y] = [valueRanks[typeof a] ?? 3, valueRanks[typeof b] ?? 3];
  return x === y && x < 3 ? orderOf(a as string, b as string) : orderOf(x, y);
}

type Keys = readonly (readonly [string, unknown])[];

function compareKeys(left: Keys, right: Keys): number {
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [x, y] = [left[i] as [string, unknown], right[i] as [string, unknown]];
    const order = orderOf(x[0], y[0]) || compareValues(x[1], y[1]);
    if (order !== 0) return order;
  }
  return orderOf(left.length, right.length);
}

/** An element and what it says, read once however many it is compared with. */
interface ReadElement {
  element: string;
  kind: string;
  said: unknown;
}

function readElement(element: string): ReadElement {
  const kind = element[0] as string;
  if (kind !== 'k' && kind !== 'v' && kind !== 'i') return { element, kind, said: undefined };
  const value: unknown = parseJson(element.slice(2));
  return { element, kind, said: kind === 'k' ? Object.entries(value as Json) : value };
}

function compareElements(a: ReadElement, b: ReadElement): number {
  if (a.kind !== b.kind) return orderOf(ranks[a.kind] ?? -1, ranks[b.kind] ?? -1);
  if (a.kind === 'k') return compareKeys(a.said as Keys, b.said as Keys);
  return a.kind === 'v' || a.kind === 'i' ? compareValues(a.said, b.said) : orderOf(a.element, b.element);
}

/** Path elements in the order of a set: fields, keys, values, indices; numbers by their size. */
export function inOrder(elements: readonly string[]): string[] {
  const read = elements.map(readElement);
  return read.sort(compareElements).map(({ element }) => element);
}

/** A path element that a client wrote, in the one form that it has; undefined for what is none. */
export function normalElement(text: string): string | undefined {
  const body = text.slice(2);
  if (text.startsWith('f:')) return text;
  if (text.startsWith('i:')) return /^[0-9]{1,9}$/.test(body) ? `i:${Number(body)}` : undefined;
  if (!text.startsWith('k:') && !text.startsWith('v:')) return undefined;
  try {
    const value: unknown = parseJson(body);
    if (text.startsWith('v:')) return typeof value === 'object' ? undefined : `v:${goJson(value)}`;
    return isObject(value) ? `k:${goJson(sortedByKey(value))}` : undefined;
  } catch {
    return undefined;
  }
}

const sortedByKey = (object: Json): Json =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => orderOf(a, b)));

const printValue = (value: unknown) => (typeof value === 'string' ? goQuote(value) : goJson(value));

/** A path element as messages show it: `.spec`, `[name="x"]`, `[="x"]`. */
export function printElement(element: string): string {
  const body = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${body}`;
    case 'v':
      return `[=${printValue(parseJson(body))}]`;
    case 'k': {
      const entries = Object.entries(parseJson(body) as Json);
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
