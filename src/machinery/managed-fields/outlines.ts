import { itemElement } from './path-element.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';
import { isBlank, isObject, type Json, shapeUnder, stepOf } from './walk.ts';

/** What an outline is made of: the names of fields, the elements of lists, and how values begin and end. */
type Token = string | number;

const [absent, emptyList, emptyMap, leaf, zero, strange, map, list, end] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
] as const;

/** Longer outlines are not worth keeping. */
const maxSteps = 1024;
let steps = 0;

/**
 * What stands behind an outline in a tree of many: it is walked without making anything, where objects like this one have come
 * this way before.
 */
export class Outline<T> {
  /** What is known of values with this outline. */
  known: T | undefined;
  #token: Token | undefined;
  #next: Outline<T> | undefined;
  /** All but the first. */
  #others: Map<Token, Outline<T>> | undefined;
  readonly #tree: { places: number };

  constructor(tree = { places: 0 }) {
    this.#tree = tree;
    tree.places++;
  }

  /** How many places the tree has. */
  get places(): number {
    return this.#tree.places;
  }

  /** The outline of a value that begins here; undefined where it is too long. Throws ShapeError. */
  of(value: unknown, shape: Shape): Outline<T> | undefined {
    steps = 0;
    return outlineOf(value, shape, this);
  }

  /** The outline that goes on with a token. */
  with(token: Token): Outline<T> | undefined {
    if (++steps > maxSteps) return undefined;
    if (this.#token === token) return this.#next;
    const made = this.#others?.get(token);
    if (made) return made;
    const next = new Outline<T>(this.#tree);
    if (this.#token === undefined) {
      this.#token = token;
      this.#next = next;
    } else {
      this.#others ??= new Map();
      this.#others.set(token, next);
    }
    return next;
  }
}

/** Which fields a value has, and what tells the elements of its lists apart: all that a set of fields is made of. */
function outlineOf<T>(value: unknown, shape: Shape, at: Outline<T>): Outline<T> | undefined {
  if (value === null) return at.with(absent);
  if (isBlank(value)) return at.with(Array.isArray(value) ? emptyList : emptyMap);
  const step = stepOf(shape, value, value);
  if (step.as === 'map') return isObject(value) ? outlineOfMap(value, step.map, at) : at.with(strange);
  if (step.as === 'list')
    return Array.isArray(value) ? outlineOfList(value, step.list, at) : at.with(strange);
  return at.with(isZero(value) ? zero : leaf);
}

/** What a struct may have anyway is owned by nobody who says no more. */
const isZero = (value: unknown) => value === '' || value === 0 || value === false || value === '0';

function outlineOfMap<T>(object: Json, shape: MapShape, begin: Outline<T>): Outline<T> | undefined {
  let at = begin.with(map);
  for (const name in object) {
    const value = object[name];
    if (value === undefined) continue;
    at = at?.with(name);
    if (!at) return undefined;
    at = outlineOf(value, shapeUnder(shape, name), at);
  }
  return at?.with(end);
}

function outlineOfList<T>(
  items: readonly unknown[],
  shape: ListShape,
  begin: Outline<T>,
): Outline<T> | undefined {
  let at = begin.with(list);
  for (const item of items) {
    at = at?.with(itemElement(item, shape));
    if (!at) return undefined;
    at = outlineOf(item, shape.items, at);
  }
  return at?.with(end);
}
