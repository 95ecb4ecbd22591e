import { type Children, type FieldSet, leaf, makeNode, put } from './field-set.ts';
import { fieldElement, itemElement } from './path-element.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';
import { isBlank, isObject, type Json, shapeUnder, stepOf } from './walk.ts';

/** The paths of what a value sets; `member` tells whether its own path is one of them. */
function walk(value: unknown, shape: Shape, member: boolean): FieldSet | undefined {
  const step = stepOf(shape, value, value);
  if (step.as === 'leaf') return leaf;
  if (step.as === 'map') return makeNode(member, isObject(value) ? fieldsOf(value, step.map) : {});
  return makeNode(member, Array.isArray(value) ? itemsOf(value, step.list) : {});
}

function fieldsOf(object: Json, map: MapShape): Children {
  const children: Children = {};
  for (const name in object) {
    const value = object[name];
    if (value === undefined) continue;
    const field = map.field(name);
    const member = value === null || (isObject(value) && isBlank(value)) || !field;
    put(children, field?.element ?? fieldElement(name), walk(value, shapeUnder(map, name), member));
  }
  return children;
}

function itemsOf(list: unknown[], shape: ListShape): Children {
  const elements = list.map((item) => itemElement(item, shape));
  const children: Children = {};
  elements.forEach((element, i) => {
    // What stands twice is owned as a whole: there is no telling which of the two a field is of.
    if (Object.hasOwn(children, element)) children[element] = leaf;
    else put(children, element, walk(list[i], shape.items, true));
  });
  return children;
}

/** The set of all fields that an object sets. */
export function setOf(object: Json, shape: Shape): FieldSet | undefined {
  return walk(object, shape, false);
}

/**
 * The set, with the named fields on the way to its members as members too: `a.b.c` brings `a`, but not `a.b` if that is
 * a key of a map.
 */
export function withNamedFields(set: FieldSet | undefined, shape: Shape | undefined): FieldSet | undefined {
  if (!set) return undefined;
  const result: Record<string, FieldSet> = {};
  for (const element in set) {
    if (element === '.') result['.'] = leaf;
    else result[element] = expand(set[element] as FieldSet, element, shape);
  }
  return result;
}

function expand(node: FieldSet, element: string, parent: Shape | undefined): FieldSet {
  const named =
    element.startsWith('f:') && parent?.kind === 'map' && parent.field(element.slice(2)) !== undefined;
  const inner = withNamedFields(node, childShape(parent, element)) as FieldSet;
  for (const key in inner) if (key !== '.') return named ? { '.': leaf, ...inner } : inner;
  return inner;
}

/** The shape below a path element. */
export function childShape(shape: Shape | undefined, element: string): Shape | undefined {
  if (shape?.kind === 'deduced') return shape;
  if (shape?.kind === 'map' && element.startsWith('f:')) return shapeUnder(shape, element.slice(2));
  return shape?.kind === 'list' ? shape.items : undefined;
}
