import { CelList, CelMap, type CelValue, Opaque } from '../values.ts';
import { isPlain } from './text.ts';

/** What a call costs, as upstream counts: by how large the values are that it is given. */
export type Cost = (args: readonly CelValue[]) => number;

/** What going over the characters of a text costs, each; and those of a pattern. */
export const perCharacter = 0.1;
const perPatternCharacter = 0.25;

/** So much is more than any expression may cost; what comes then need not be counted. */
const beyondAll = 20_000_000;

/** What a call that makes a list costs besides its elements. */
const newList = 11;

/** How many characters, bytes, elements or entries a value has; 1 of all others. */
export function sizeOf(value: CelValue | undefined): number {
  if (typeof value === 'string') return isPlain(value) ? value.length : Array.from(value).length;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof CelList || value instanceof CelMap) return value.size;
  return value instanceof Opaque ? value.size : 1;
}

/** Going over its first argument, so often. */
export const overFirst =
  (times = 1): Cost =>
  ([value]) =>
    Math.ceil(sizeOf(value) * times * perCharacter);

/** Going over two values at once, up to the end of the shorter one. */
export const overShorter: Cost = ([a, b]) => Math.ceil(smallerSize(a, b) * perCharacter);

/** Of texts, the long one is not counted where the other one is clearly shorter: comparing them costs little. */
function smallerSize(a: CelValue | undefined, b: CelValue | undefined): number {
  if (typeof a !== 'string' || typeof b !== 'string') return Math.min(sizeOf(a), sizeOf(b));
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  const size = sizeOf(short);
  return size * 2 <= long.length ? size : Math.min(size, sizeOf(long));
}

/** Going over two values, one after the other. */
export const overBoth: Cost = ([a, b]) => Math.ceil((sizeOf(a) + sizeOf(b)) * perCharacter);

/** Values of Kubernetes are compared at once, others by going over them. */
export const equality: Cost = (args) => (args[0] instanceof Opaque ? 1 : overShorter(args));

/** Looking for one text in another. */
export const containment: Cost = ([text, part]) =>
  part === '' ? 0 : Math.ceil(sizeOf(text) * perCharacter) * Math.ceil(sizeOf(part) * perCharacter);

/** Matching a text with a pattern of so many characters. */
export const matchingCost = (text: CelValue | undefined, patternSize: number): number =>
  patternSize === 0
    ? 0
    : Math.ceil((sizeOf(text) + 1) * perCharacter) * Math.ceil(patternSize * perPatternCharacter);

/** Going over the text, with each part of the pattern. */
export const searching: Cost = ([text, pattern]) => matchingCost(text, sizeOf(pattern));

/** Going over a value and all that is in it. */
export const overContents: Cost = ([value]) => contents(value as CelValue);

function contents(value: CelValue): number {
  if (typeof value === 'string') return Math.floor(Buffer.byteLength(value) * perCharacter);
  if (value instanceof Uint8Array) return Math.floor(value.length * perCharacter);
  let cost = 0;
  if (value instanceof CelList)
    for (const item of value) {
      cost += contents(item);
      if (cost > beyondAll) break;
    }
  else if (value instanceof CelMap)
    for (const key of value.keys()) cost += contents(key) + contents(value.get(key) as CelValue);
  else return 1;
  return cost;
}

/** Joining the texts of a list: going over what comes of it, twice. */
export const joining: Cost = ([list, separator = '']) => {
  let size = Math.max(sizeOf(list) - 1, 0) * sizeOf(separator);
  for (const item of list as CelList) {
    size += sizeOf(item);
    if (size > beyondAll) break;
  }
  return Math.ceil(size * 2 * perCharacter);
};

/** Making a list of so many elements. */
export const making =
  (count: (args: readonly CelValue[]) => number): Cost =>
  (args) =>
    newList + Math.max(0, count(args));

/** Comparing the elements of a list with one another. */
export const selfComparison: Cost = ([list]) => {
  const [first] = list as CelList;
  const isText = typeof first === 'string' || first instanceof Uint8Array;
  return newList + Math.floor(sizeOf(list) ** 2 * (isText ? 2 + perCharacter : 2));
};

/** Comparing the elements of two lists with each other, so often. */
export const pairing =
  (times = 1): Cost =>
  ([a, b]) =>
    1 + sizeOf(a) * sizeOf(b) * times;
