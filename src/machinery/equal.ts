import { compareQuantities, isQuantity } from './quantity.ts';
import { type FieldSchema, type ScalarName, typeSchema } from './schema.ts';
import { own } from './own.ts';

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const absent = (v: unknown) => v === undefined || v === null;

/** Whether two JSON values are the same; a key that is undefined is one that is missing. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  for (const key in a) if (!deepEqual(a[key], own(b, key))) return false;
  for (const key in b) if (b[key] !== undefined && !Object.hasOwn(a, key)) return false;
  return true;
}

/**
 * Whether two objects of a type mean the same, as `equality.Semantic.DeepEqual` sees it: an empty list or map is a
 * missing one, a field that is no pointer upstream is missing when it is zero, quantities compare by value.
 */
export function semanticEqual(a: unknown, b: unknown, typeName: string): boolean {
  return fieldEqual(a, b, { type: 'ref', ref: typeName });
}

function fieldEqual(a: unknown, b: unknown, field: FieldSchema): boolean {
  if (a === b) return true;
  switch (field.type) {
    case 'array':
      return listEqual(asList(a), asList(b), field.items as FieldSchema);
    case 'map':
      return mapEqual(asObject(a), asObject(b), () => field.values as FieldSchema);
    case 'ref':
      return refEqual(a, b, field);
    case 'any':
      return deepEqual(a ?? undefined, b ?? undefined);
    default:
      return scalarEqual(a, b, field);
  }
}

const asList = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const asObject = (v: unknown): Json => (isObject(v) ? v : {});

function listEqual(a: unknown[], b: unknown[], items: FieldSchema): boolean {
  return a.length === b.length && a.every((item, i) => fieldEqual(item, b[i], items));
}

function mapEqual(a: Json, b: Json, fieldOf: (key: string) => FieldSchema): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && fieldEqual(a[key], b[key], fieldOf(key)));
}

const zeroOf = { string: '', bytes: '', boolean: false, int32: 0, int64: 0, double: 0 } as const;

function scalarEqual(a: unknown, b: unknown, field: FieldSchema): boolean {
  if (field.pointer || (!absent(a) && !absent(b))) return absent(a) ? absent(b) : a === b;
  const zero = zeroOf[field.type as keyof typeof zeroOf];
  return (a ?? zero) === (b ?? zero);
}

/** What upstream holds of scalars that are no pointers and are missing. */
const zeroScalars: Partial<Record<ScalarName, unknown>> = { IntOrString: 0, Duration: '0s' };

function refEqual(a: unknown, b: unknown, field: FieldSchema): boolean {
  const type = typeSchema(field.ref as string);
  if (type.scalar === 'Quantity') return quantityEqual(a, b, field);
  if (type.scalar) {
    const zero = field.pointer ? undefined : zeroScalars[type.scalar];
    return deepEqual(a ?? zero, b ?? zero);
  }
  if (field.pointer && absent(a) !== absent(b)) return false;
  const [x, y] = [asObject(a), asObject(b)];
  for (const [key, child] of type.fields) if (!fieldEqual(own(x, key), own(y, key), child)) return false;
  return true;
}

function quantityEqual(a: unknown, b: unknown, field: FieldSchema): boolean {
  if (field.pointer && absent(a) !== absent(b)) return false;
  const [x, y] = [(a ?? '0') as string, (b ?? '0') as string];
  return isQuantity(x) && isQuantity(y) ? compareQuantities(x, y) === 0 : x === y;
}
