import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';

/** An object as JSON has it. */
export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema of a list's items; structural schemas have one at most. */
export function itemsOf(schema: JSONSchemaProps): JSONSchemaProps | undefined {
  return Array.isArray(schema.items) ? undefined : schema.items;
}

/** The schema of what stands under other keys than the named ones. */
export function valuesOf(schema: JSONSchemaProps): JSONSchemaProps | undefined {
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}

/** The schema of one named property. Names are the user's: nothing is inherited. */
export function propertyOf(schema: JSONSchemaProps, name: string): JSONSchemaProps | undefined {
  const { properties } = schema;
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of whatever stands under a key. */
export function childOf(schema: JSONSchemaProps | undefined, name: string): JSONSchemaProps | undefined {
  return schema && (propertyOf(schema, name) ?? valuesOf(schema));
}

/** Fields that every object has without its schema saying so. */
export const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Calls `visit` for a schema and all schemas within it, wherever they stand. */
export function eachSchema(schema: JSONSchemaProps, visit: (schema: JSONSchemaProps) => void): void {
  visit(schema);
  for (const inner of innerSchemas(schema)) eachSchema(inner, visit);
}

function innerSchemas(schema: JSONSchemaProps): JSONSchemaProps[] {
  const { items, not, allOf = [], anyOf = [], oneOf = [], properties = {} } = schema;
  const values = valuesOf(schema);
  return [
    ...(Array.isArray(items) ? items : items ? [items] : []),
    ...Object.values(properties),
    ...(values ? [values] : []),
    ...allOf,
    ...anyOf,
    ...oneOf,
    ...(not ? [not] : []),
  ];
}
