import { deepEqual } from '../equal.ts';
import { type Children, type FieldSet, leaf, makeNode } from './field-set.ts';
import { fieldElement, itemElement } from './path-element.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';
import { fieldValue, isBlank, isObject, type Json, namesOf, shapeUnder, stepOf } from './walk.ts';

/** What changed from one object to the next. No path is in more than one of the sets. */
export interface Comparison {
  added?: FieldSet;
  modified?: FieldSet;
  removed?: FieldSet;
}

const same: Comparison = Object.freeze({});
const addedLeaf: Comparison = Object.freeze({ added: leaf });

/** Collects the comparisons of a node's children. Nearly every write only adds, or only modifies. */
class Collector {
  private added: Children | undefined;
  private modified: Children | undefined;
  private removed: Children | undefined;

  add(element: string, { added, modified, removed }: Comparison): void {
    if (added) (this.added ??= {})[element] = added;
    if (modified) (this.modified ??= {})[element] = modified;
    if (removed) (this.removed ??= {})[element] = removed;
  }

  /** The comparison of the node itself, which is there on one side only if `only` says so. */
  finish(only: 'added' | 'removed' | undefined): Comparison {
    const added = nodeOf(only === 'added', this.added);
    const removed = nodeOf(only === 'removed', this.removed);
    const { modified } = this;
    if (!added && !modified && !removed) return same;
    return { ...(added && { added }), ...(modified && { modified }), ...(removed && { removed }) };
  }
}

const nodeOf = (member: boolean, children: Children | undefined): FieldSet | undefined =>
  children ? makeNode(member, children) : member ? leaf : undefined;

function onlySide(a: unknown, b: unknown): 'added' | 'removed' | undefined {
  if (a === undefined) return 'added';
  return b === undefined ? 'removed' : undefined;
}

function compareLeaf(a: unknown, b: unknown): Comparison {
  if (a === undefined) return addedLeaf;
  if (b === undefined) return { removed: leaf };
  return deepEqual(a, b) ? same : { modified: leaf };
}

function compareValue(a: unknown, b: unknown, shape: Shape): Comparison {
  if (a === b) return same;
  const step = stepOf(shape, a, b);
  if (step.as === 'leaf' || (isBlank(a) && isBlank(b))) return compareLeaf(a, b);
  return step.as === 'map' ? compareMaps(a, b, step.map) : compareLists(a, b, step.list);
}

function compareMaps(a: unknown, b: unknown, map: MapShape): Comparison {
  if (!isContainerOf(a, isObject) || !isContainerOf(b, isObject)) return exchanged(a, b, map);
  const [left, right] = [(a ?? undefined) as Json | undefined, (b ?? undefined) as Json | undefined];
  const collector = new Collector();
  for (const name of namesOf(left, right, map)) {
    const field = map.field(name);
    const [l, r] = [fieldValue(left, name, field), fieldValue(right, name, field)];
    if (l !== r)
      collector.add(field?.element ?? fieldElement(name), compareValue(l, r, shapeUnder(map, name)));
  }
  return collector.finish(onlySide(a, b));
}

/** An object took the place of something else, or the other way round: its fields come or go with it. */
function exchanged(a: unknown, b: unknown, map: MapShape): Comparison {
  if (!isObject(a) && !isObject(b)) return { modified: leaf };
  const fields = isObject(a) ? compareMaps(a, undefined, map) : compareMaps(undefined, b, map);
  const side = isObject(a) ? 'removed' : 'added';
  const { '.': _, ...children } = fields[side] ?? {};
  return { ...(Object.keys(children).length > 0 && { [side]: children }), modified: leaf };
}

const isContainerOf = (value: unknown, is: (v: unknown) => boolean) =>
  value === undefined || value === null || is(value);

/** The elements of a list under what tells them apart; several under one if they are duplicates. */
function index(list: unknown, shape: ListShape): Map<string, unknown[]> {
  const items = new Map<string, unknown[]>();
  for (const item of Array.isArray(list) ? list : []) {
    const element = itemElement(item, shape);
    const others = items.get(element);
    if (others) others.push(item);
    else items.set(element, [item]);
  }
  return items;
}

function compareLists(a: unknown, b: unknown, list: ListShape): Comparison {
  if (!isContainerOf(a, Array.isArray) || !isContainerOf(b, Array.isArray)) return { modified: leaf };
  // To find out how elements are told apart is a hundred times as dear, and most lists stay as they are.
  if (a !== undefined && deepEqual(a, b)) return same;
  const [left, right] = [index(a, list), index(b, list)];
  const collector = new Collector();
  for (const [element, items] of left) {
    collector.add(element, compareItems(items, right.get(element) ?? none, list.items));
  }
  for (const [element, items] of right) {
    if (!left.has(element)) collector.add(element, compareItems(none, items, list.items));
  }
  return collector.finish(onlySide(a, b));
}

const none: unknown[] = [];

/** Duplicates count as one value; where they come or go, so does what stood in their place alone. */
function compareItems(left: unknown[], right: unknown[], shape: Shape): Comparison {
  if (left.length <= 1 && right.length <= 1) return compareValue(left[0], right[0], shape);
  if (left.length > 1 && right.length > 1) return deepEqual(left, right) ? same : { modified: leaf };
  if (left.length > 1)
    return { ...(right.length > 0 && compareValue(undefined, right[0], shape)), removed: leaf };
  return { ...(left.length > 0 && compareValue(left[0], undefined, shape)), added: leaf };
}

/** Compares two objects of a shape. Throws ShapeError for lists whose elements cannot be told apart. */
export function compare(before: Json, after: Json, shape: Shape): Comparison {
  return compareValue(before, after, shape);
}
