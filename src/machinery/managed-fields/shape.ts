import { printedZero } from '../always-printed.ts';
import { type FieldSchema, type TypeSchema, typeSchema } from '../schema.ts';
import { fieldElement } from './path-element.ts';

/*
 * How values merge: the part of a type that server-side apply looks at. Built-in types and the schemas of custom
 * resources come down to the same shapes.
 */

/** A single value, whatever it holds. */
export interface LeafShape {
  kind: 'leaf';
  /** What may stand here; anything if not said. */
  scalar?: 'string' | 'boolean' | 'number' | 'any';
}

/** A list whose elements are merged: a set of values, or objects told apart by keys. */
export interface ListShape {
  kind: 'list';
  /** Fields that tell elements apart, in order; none for a set of values. */
  keys?: readonly string[];
  items: Shape;
}

/** An object whose fields are merged one by one. */
export interface MapShape {
  kind: 'map';
  /** The shape of a field that the type names. */
  field(name: string): FieldShape | undefined;
  /** The names of the fields that stand in each object, even if JSON leaves them out. */
  present: readonly string[];
  /** The shape of what is under other keys; undefined if there may be none. */
  values?: Shape;
}

/** A named field, and how JSON shows that it is not set. */
export interface FieldShape {
  shape: Shape;
  /** The field's path element, made once. */
  element: string;
  /** What the field counts as where it tells apart the elements of a list and is missing. */
  keyDefault?: string | number | bigint | boolean;
  /** What stands there where the field is missing; undefined for nothing. */
  absent?: unknown;
}

/** Known by the value alone: objects merge, lists do not. */
export interface DeducedShape {
  kind: 'deduced';
}

/** An object or list that is one value: who sets a part of it owns all. */
export interface AtomicShape {
  kind: 'atomic';
  of: 'list' | 'map';
  /** What it holds, to check what is applied. */
  inner: Shape;
}

export type Shape = LeafShape | ListShape | MapShape | DeducedShape | AtomicShape;

/** A shape of its own for values that nothing is known of. */
export const deduced: DeducedShape = { kind: 'deduced' };
const anyLeaf: LeafShape = { kind: 'leaf', scalar: 'any' };

/** An object with any keys, all of one shape. */
export function mapOf(values: Shape): MapShape {
  return { kind: 'map', field: () => undefined, present: [], values };
}

const scalarKinds: Partial<Record<FieldSchema['type'], LeafShape['scalar']>> = {
  string: 'string',
  bytes: 'string',
  boolean: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
};

const types = new WeakMap<TypeSchema, Shape>();

function scalarShape(type: TypeSchema): Shape {
  switch (type.scalar) {
    case 'RawExtension':
    case 'FieldsV1':
      return deduced;
    case 'Verbs':
    case 'ExtraValue':
      return { kind: 'atomic', of: 'list', inner: { kind: 'list', items: anyLeaf } };
    case 'Duration':
      return { kind: 'leaf', scalar: 'string' };
    case 'Time':
    case 'MicroTime':
    case 'Quantity':
    case 'IntOrString':
      return anyLeaf;
    default:
      return { kind: 'leaf' };
  }
}

/** The shape of a type, by its full name. */
export function shapeOfType(name: string): Shape {
  const type = typeSchema(name);
  let shape = types.get(type);
  if (!shape) {
    shape = type.scalar ? scalarShape(type) : structShape(type);
    if (type.mapType === 'atomic') shape = { kind: 'atomic', of: 'map', inner: shape };
    types.set(type, shape);
  }
  return shape;
}

function structShape(type: TypeSchema): MapShape {
  const known = new Map<string, FieldShape>();
  const field = (name: string): FieldShape | undefined => {
    const schema = type.fields.get(name);
    if (!schema || known.has(name)) return known.get(name);
    const shape = fieldShape(name, schema);
    known.set(name, shape);
    return shape;
  };
  const present = [...type.fields].filter(([, f]) => printedZero(f) !== undefined).map(([name]) => name);
  return { kind: 'map', field, present };
}

function keyDefault(field: FieldSchema): FieldShape['keyDefault'] {
  if (field.default !== undefined) return field.default as FieldShape['keyDefault'];
  if (!field.required || field.pointer) return undefined;
  return { string: '', int32: 0, int64: 0, boolean: false }[field.type as string];
}

function fieldShape(name: string, field: FieldSchema): FieldShape {
  const absent = printedZero(field);
  const fallback = keyDefault(field);
  return {
    shape: shapeOfField(field),
    element: fieldElement(name),
    ...(absent !== undefined && { absent }),
    ...(fallback !== undefined && { keyDefault: fallback }),
  };
}

function shapeOfField(field: FieldSchema): Shape {
  switch (field.type) {
    case 'array':
      return listShape(field);
    case 'map': {
      const shape = mapOf(shapeOfField(field.values as FieldSchema));
      return field.mapType === 'atomic' ? { kind: 'atomic', of: 'map', inner: shape } : shape;
    }
    case 'ref': {
      const shape = shapeOfType(field.ref as string);
      if (field.mapType === 'granular' && shape.kind === 'atomic') return shape.inner;
      return field.mapType === 'atomic' && shape.kind === 'map'
        ? { kind: 'atomic', of: 'map', inner: shape }
        : shape;
    }
    case 'any':
      return deduced;
    default:
      return { kind: 'leaf', scalar: scalarKinds[field.type] };
  }
}

/** Where the type does not say how a list merges, its patch strategy does; else it is one value. */
function listShape(field: FieldSchema): Shape {
  const items = shapeOfField(field.items as FieldSchema);
  const merges = field.patchStrategy?.split(',').includes('merge') ?? false;
  const keys = field.listMapKeys ?? (merges && field.patchMergeKey ? [field.patchMergeKey] : undefined);
  const listType = field.listType ?? (merges ? (keys ? 'map' : 'set') : 'atomic');
  if (listType === 'map' && keys) return { kind: 'list', keys, items };
  if (listType === 'set') return { kind: 'list', items };
  return { kind: 'atomic', of: 'list', inner: { kind: 'list', items } };
}
