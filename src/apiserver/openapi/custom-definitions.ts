import { type Dialect, type JsonSchema, refTo, refWith } from './json-schema.ts';
import { metaType } from './operations.ts';
import type { OpenApiResource } from './resource.ts';

/** What OpenAPI 2.0 cannot say. */
const newerKeys = new Set([
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'nullable',
  'default',
  'x-kubernetes-validations',
]);

const mapValues = (from: Record<string, JsonSchema>, change: (schema: JsonSchema) => JsonSchema) =>
  Object.fromEntries(Object.entries(from).map(([key, value]) => [key, change(value)]));

/** A value that may be null, or of several types, has no type in OpenAPI 2.0; then it may be anything there. */
function withoutType({ type: _, items: __, properties: ___, ...rest }: JsonSchema): JsonSchema {
  return rest;
}

/** Clients that know OpenAPI 2.0 alone take properties as a full list: open objects show none. */
function opened(schema: JsonSchema): JsonSchema {
  if (!schema['x-kubernetes-preserve-unknown-fields']) return schema;
  const { items: _, properties: __, ...rest } = schema;
  return rest;
}

function toV2(schema: JsonSchema): JsonSchema {
  const kept = Object.fromEntries(Object.entries(schema).filter(([key]) => !newerKeys.has(key)));
  const result = schema.nullable || schema['x-kubernetes-int-or-string'] ? withoutType(kept) : opened(kept);
  if (result.items) result.items = toV2(result.items);
  if (typeof result.additionalProperties === 'object')
    result.additionalProperties = toV2(result.additionalProperties);
  if (!result.properties) return result;
  const nullable = new Set(
    Object.entries(result.properties)
      .filter(([, property]) => property.nullable)
      .map(([name]) => name),
  );
  const required = result.required?.filter((name) => !nullable.has(name));
  const { required: _, ...rest } = result;
  return { ...rest, properties: mapValues(result.properties, toV2), ...(required?.length && { required }) };
}

const apiVersion: JsonSchema = {
  type: 'string',
  description: 'Group and version the object is written in.',
};
const kind: JsonSchema = { type: 'string', description: 'Type of the object in CamelCase.' };
const openObject: JsonSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function objectDefinition(resource: OpenApiResource, dialect: Dialect): JsonSchema {
  const given = resource.schema ?? openObject;
  const schema = dialect === 'v2' ? toV2(given) : given;
  const description = 'Name, labels, owners and the rest of what identifies the object.';
  const properties = {
    ...schema.properties,
    apiVersion,
    kind,
    metadata: refWith(metaType('ObjectMeta'), { description }, dialect),
  };
  return { ...schema, properties, 'x-kubernetes-group-version-kind': [gvk(resource, resource.kind)] };
}

function listDefinition(resource: OpenApiResource, dialect: Dialect): JsonSchema {
  const metadata = refWith(metaType('ListMeta'), { description: 'Revision of the list.' }, dialect);
  const items: JsonSchema = {
    type: 'array',
    items: refTo(resource.type, dialect),
    description: 'The objects.',
  };
  return {
    description: `Many ${resource.kind} objects, as one answer.`,
    type: 'object',
    required: ['items'],
    properties: { apiVersion, items, kind, metadata },
    'x-kubernetes-group-version-kind': [gvk(resource, `${resource.kind}List`)],
  };
}

const gvk = ({ group, version }: OpenApiResource, kindName: string) => ({ group, version, kind: kindName });

/** Definitions of custom resources and their lists, by full name; each is made when it is asked for, since schemas are large. */
export function customDefinitions(
  resources: readonly OpenApiResource[],
  dialect: Dialect,
): Map<string, () => JsonSchema> {
  return new Map(
    resources
      .filter((resource) => resource.custom)
      .flatMap((resource): [string, () => JsonSchema][] => [
        [resource.type, () => objectDefinition(resource, dialect)],
        [`${resource.type}List`, () => listDefinition(resource, dialect)],
      ]),
  );
}

/** The full name of a custom resource's definition: `stable.example.com/v1 CronTab` is `com.example.stable.v1.CronTab`. */
export function customTypeName(kindName: { group: string; version: string; kind: string }): string {
  return [...kindName.group.split('.').reverse(), kindName.version, kindName.kind].join('.');
}
