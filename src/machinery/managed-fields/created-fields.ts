import { type FieldSet, sorted } from './field-set.ts';
import { Changes, withoutIdentity, withoutManagedFields, type WriteContext, written } from './ownership.ts';
import { itemElement } from './path-element.ts';
import type { ListShape, MapShape, Shape } from './shape.ts';
import { isBlank, isObject, type Json, shapeUnder, stepOf } from './walk.ts';

/*
 * What the creator of an object owns follows from the fields that are there, not from what is in them. A controller
 * creates thousands of objects with the same fields: the set is worked out for the first of them and shared by the others.
 */

interface Known extends Pick<WriteContext, 'resetFields' | 'onlyFields'> {
  fields: FieldSet | undefined;
}

const known = new WeakMap<Shape, Map<string, Known>>();
const maxKnownOfShape = 512;
/** Outlines of larger objects are not worth keeping. */
const maxOutlineLength = 8192;

/** The fields that a new object's creator owns, in order; shared, so not to be changed. Throws ShapeError. */
export function createdFields(object: Json, context: WriteContext): FieldSet | undefined {
  const next = withoutManagedFields(object);
  const key = outline(next, context.shape);
  const { resetFields, onlyFields } = context;
  const ofShape = known.get(context.shape) ?? new Map<string, Known>();
  const found = ofShape.get(key);
  if (found && found.resetFields === resetFields && found.onlyFields === onlyFields) return found.fields;
  const set = withoutIdentity(written(new Changes({}, next, context).own));
  const fields = set && sorted(set);
  if (key.length > maxOutlineLength) return fields;
  if (ofShape.size >= maxKnownOfShape) ofShape.clear();
  known.set(context.shape, ofShape.set(key, { resetFields, onlyFields, fields }));
  return fields;
}

/** Which fields a value has, and what tells the elements of its lists apart: all that a set of fields is made of. */
export function outline(value: unknown, shape: Shape): string {
  if (value === undefined) return '';
  if (value === null) return '0';
  if (isBlank(value)) return Array.isArray(value) ? '()' : '{}';
  const step = stepOf(shape, value, value);
  if (step.as === 'map') return isObject(value) ? outlineOfMap(value, step.map) : '!';
  if (step.as === 'list') return Array.isArray(value) ? outlineOfList(value, step.list) : '!';
  return '.';
}

function outlineOfMap(object: Json, map: MapShape): string {
  let text = '{';
  for (const name in object) {
    const value = object[name];
    if (value !== undefined) text += `${name.length}:${name}${outline(value, shapeUnder(map, name))}`;
  }
  return `${text}}`;
}

function outlineOfList(list: unknown[], shape: ListShape): string {
  let text = '(';
  for (const item of list) {
    const element = itemElement(item, shape);
    text += `${element.length}:${element}${outline(item, shape.items)}`;
  }
  return `${text})`;
}
