import { type FieldSet, sorted } from './field-set.ts';
import { Outline } from './outlines.ts';
import { Changes, withoutIdentity, withoutManagedFields, type WriteContext, written } from './ownership.ts';
import type { Shape } from './shape.ts';
import type { Json } from './walk.ts';

/*
 * What the creator of an object owns follows from the fields that are there, not from what is in them. A controller
 * creates thousands of objects with the same fields: the set is worked out for the first of them and shared by the others.
 */

interface Known extends Pick<WriteContext, 'resetFields' | 'onlyFields'> {
  fields: FieldSet | undefined;
}

const outlines = new WeakMap<Shape, Outline<Known>>();
/** Some megabytes, where objects hardly have anything in common. */
const maxPlacesOfShape = 32_768;

function outlinesOf(shape: Shape): Outline<Known> {
  const known = outlines.get(shape);
  if (known && known.places <= maxPlacesOfShape) return known;
  const begin = new Outline<Known>();
  outlines.set(shape, begin);
  return begin;
}

/** The fields that a new object's creator owns, in order; shared, so not to be changed. Throws ShapeError. */
export function createdFields(object: Json, context: WriteContext): FieldSet | undefined {
  const next = withoutManagedFields(object);
  const { shape, resetFields, onlyFields } = context;
  const outline = outlinesOf(shape).of(next, shape);
  const found = outline?.known;
  if (found && found.resetFields === resetFields && found.onlyFields === onlyFields) return found.fields;
  const set = withoutIdentity(written(new Changes({}, next, context).own));
  const fields = set && sorted(set);
  if (outline) outline.known = { resetFields, onlyFields, fields };
  return fields;
}
