import { isNumber } from '../exact-json.ts';
import { fieldElement } from './path-element.ts';
import { deduced, type FieldShape, type MapShape, mapOf, type Shape, shapeOfType } from './shape.ts';

/** What of a custom resource's structural schema decides how values merge. */
interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema | JsonSchema[];
  default?: unknown;
  'x-kubernetes-list-type'?: string;
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: string;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
}

const scalarTypes: Record<string, 'string' | 'boolean' | 'number'> = {
  string: 'string',
  boolean: 'boolean',
  integer: 'number',
  number: 'number',
};

function shapeOf(schema: JsonSchema): Shape {
  if (schema['x-kubernetes-int-or-string']) return { kind: 'leaf', scalar: 'any' };
  if (schema.type === 'array') return listShape(schema);
  if (schema['x-kubernetes-embedded-resource']) return objectShape(schema, commonFields());
  if (schema.type === 'object' || schema.properties) return objectShape(schema, {});
  const scalar = schema.type === undefined ? undefined : scalarTypes[schema.type];
  return scalar ? { kind: 'leaf', scalar } : deduced;
}

function listShape(schema: JsonSchema): Shape {
  const itemSchema = Array.isArray(schema.items) ? schema.items[0] : schema.items;
  const items = itemSchema ? shapeOf(itemSchema) : deduced;
  const keys = schema['x-kubernetes-list-map-keys'];
  switch (schema['x-kubernetes-list-type']) {
    case 'map':
      return { kind: 'list', items, keys: keys ?? [] };
    case 'set':
      return { kind: 'list', items };
    default:
      return { kind: 'atomic', of: 'list', inner: { kind: 'list', items } };
  }
}

function objectShape(schema: JsonSchema, known: Record<string, FieldShape>): Shape {
  const fields = new Map<string, FieldShape>(Object.entries(known));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (fields.has(name)) continue;
    fields.set(name, { shape: shapeOf(property), element: fieldElement(name), ...keyDefaultOf(property) });
  }
  const shape: MapShape = { kind: 'map', field: (name) => fields.get(name), present: [] };
  const values = valuesOf(schema);
  const whole = values ? { ...shape, values } : shape;
  return schema['x-kubernetes-map-type'] === 'atomic' ? { kind: 'atomic', of: 'map', inner: whole } : whole;
}

function keyDefaultOf({ default: value }: JsonSchema): { keyDefault?: string | number | bigint | boolean } {
  return typeof value === 'string' || isNumber(value) || typeof value === 'boolean'
    ? { keyDefault: value }
    : {};
}

function valuesOf(schema: JsonSchema): Shape | undefined {
  const more = schema.additionalProperties;
  if (typeof more === 'object') return shapeOf(more);
  if (more === true || schema['x-kubernetes-preserve-unknown-fields']) return deduced;
  // An object of which nothing is said may hold anything.
  return more === undefined && !schema.properties ? deduced : undefined;
}

/** What every object has, an embedded one too, whatever else its schema says. */
const commonFields = (): Record<string, FieldShape> => ({
  apiVersion: text('apiVersion'),
  kind: text('kind'),
  metadata: {
    shape: shapeOfType('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'),
    element: fieldElement('metadata'),
  },
});

const text = (name: string): FieldShape => ({
  shape: { kind: 'leaf', scalar: 'string' },
  element: fieldElement(name),
});

/** The shape of a custom resource, from the schema of its version (`openAPIV3Schema`). */
export function shapeOfJsonSchema(schema: object): Shape {
  return objectShape({ properties: {}, ...schema } as JsonSchema, commonFields());
}

/** The shape of an object of which no schema is known. */
export function shapeWithoutSchema(): Shape {
  const fields = commonFields();
  return { ...mapOf(deduced), field: (name) => (Object.hasOwn(fields, name) ? fields[name] : undefined) };
}
