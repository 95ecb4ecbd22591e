import { setOwn } from '../clone.ts';
import { type FieldSet, hasChildren, isMember } from './field-set.ts';
import { fieldElement, itemElement } from './path-element.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';
import { isBlank, isObject, type Json, shapeUnder, stepOf } from './walk.ts';

/*
 * Merges what is applied into what is there, and takes out what is applied no more. Neither value is changed; results
 * share what stays the same.
 */

function mergeValue(live: unknown, applied: unknown, shape: Shape): unknown {
  if (applied === undefined) return live;
  const step = stepOf(shape, live, applied);
  if (live === undefined || step.as === 'leaf' || (isBlank(live) && isBlank(applied))) return applied;
  if (step.as === 'map') return mergeMaps(live, applied, step.map);
  return mergeLists(live, applied, step.list);
}

function mergeMaps(live: unknown, applied: unknown, map: MapShape): unknown {
  if (!isObject(applied)) return isObject(live) && applied === null ? live : applied;
  const base = isObject(live) ? live : {};
  const result: Json = {};
  for (const name in base) {
    const more = Object.hasOwn(applied, name) ? applied[name] : undefined;
    setOwn(result, name, mergeValue(base[name], more, shapeUnder(map, name)));
  }
  for (const name in applied) if (!Object.hasOwn(base, name)) setOwn(result, name, applied[name]);
  return result;
}

interface Item {
  element: string;
  value: unknown;
}

const itemsOf = (list: unknown, shape: ListShape): Item[] =>
  (Array.isArray(list) ? list : []).map((value) => ({ element: itemElement(value, shape), value }));

function mergeLists(live: unknown, applied: unknown, list: ListShape): unknown {
  const [left, right] = [itemsOf(live, list), itemsOf(applied, list)];
  const merge = new ListMerge(left, right, list.items);
  const result = merge.run();
  return result.length > 0 ? result : undefined;
}

/**
 * Weaves two lists into one: elements of both in the order in which they are applied, each element that is only live
 * before the shared one that followed it.
 */
class ListMerge {
  private readonly left: readonly Item[];
  private readonly right: readonly Item[];
  private readonly shape: Shape;
  private readonly leftValues = new Map<string, unknown>();
  private readonly rightElements: ReadonlySet<string>;
  private readonly merged = new Set<string>();
  private readonly shared: string[];
  private readonly out: unknown[] = [];

  constructor(left: readonly Item[], right: readonly Item[], shape: Shape) {
    this.left = left;
    this.right = right;
    this.shape = shape;
    // Duplicates are not merged with: what is applied replaces them.
    for (const { element, value } of left) {
      this.leftValues.set(element, this.leftValues.has(element) ? undefined : value);
    }
    this.rightElements = new Set(right.map((item) => item.element));
    this.shared = right.map((item) => item.element).filter((element) => this.leftValues.has(element));
  }

  run(): unknown[] {
    let [l, r] = [0, 0];
    while (l < this.left.length || r < this.right.length) {
      const [left, right] = [this.left[l], this.right[r]];
      if (left && right && left.element === right.element) {
        this.takeRight(right);
        l++;
        r++;
      } else if (left && right && this.rightElements.has(left.element) && this.isLater(left)) {
        l++;
      } else if (left && !this.rightElements.has(left.element)) {
        this.out.push(left.value);
        l++;
      } else {
        if (left && this.merged.has(left.element)) l++;
        if (right) {
          this.takeRight(right);
          r++;
        }
      }
    }
    return this.out;
  }

  /** Shared, but not the shared element whose turn it is. */
  private isLater(item: Item): boolean {
    return this.shared.length > 0 && this.shared[0] !== item.element;
  }

  private takeRight({ element, value }: Item): void {
    this.merged.add(element);
    const merged = mergeValue(this.leftValues.get(element), value, this.shape);
    if (merged !== undefined) this.out.push(merged);
    if (this.shared[0] === element) this.shared.shift();
  }
}

/** What is live with what is applied on top; nothing is removed. Throws ShapeError. */
export function mergeApplied(live: Json, applied: Json, shape: Shape): Json {
  return (mergeValue(live, applied, shape) ?? {}) as Json;
}

/** What is left of a value; null where nothing is: the place stays, as upstream has it. */
function removeFrom(value: unknown, set: FieldSet, shape: Shape): unknown {
  const step = stepOf(shape, value, value);
  // A part of what is one value cannot go alone: all of it does.
  if (step.as === 'leaf') return typeof value === 'object' ? null : value;
  if (isBlank(value)) return null;
  if (step.as === 'map') return isObject(value) ? removeFields(value, set, step.map) : null;
  return Array.isArray(value) ? removeItems(value, set, step.list) : null;
}

function removeFields(object: Json, set: FieldSet, map: MapShape): Json | null {
  const result: Json = {};
  let some = false;
  for (const name in object) {
    const kept = keep(object[name], set[fieldElement(name)], shapeUnder(map, name));
    if (kept === undefined) continue;
    some = true;
    setOwn(result, name, kept);
  }
  return some ? result : null;
}

function removeItems(list: unknown[], set: FieldSet, shape: ListShape): unknown[] | null {
  const result = list
    .map((item) => keep(item, set[itemElement(item, shape)], shape.items))
    .filter((item) => item !== undefined);
  return result.length > 0 ? result : null;
}

function keep(value: unknown, node: FieldSet | undefined, shape: Shape): unknown {
  if (isMember(node)) return undefined;
  return node && hasChildren(node) ? removeFrom(value, node, shape) : value;
}

/** The object without the fields of a set. */
export function removeSet(object: Json, set: FieldSet | undefined, shape: Shape): Json {
  return set ? ((removeFrom(object, set, shape) ?? {}) as Json) : object;
}
