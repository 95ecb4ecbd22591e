import { embedded, unfolded, withoutWhatV2Lacks } from './custom-schema.ts';
import { type Dialect, type JsonSchema, refTo, refWith } from './json-schema.ts';
import { metaType } from './operations.ts';
import { listTypeOf, type OpenApiResource } from './resource.ts';

const apiVersion: JsonSchema = {
  type: 'string',
  description: 'Group and version the object is written in.',
};
const kind: JsonSchema = { type: 'string', description: 'Type of the object in CamelCase.' };
const identityOf = (dialect: Dialect) => {
  const description = 'Name, labels, owners and the rest of what identifies the object.';
  return { apiVersion, kind, metadata: refWith(metaType('ObjectMeta'), { description }, dialect) };
};

/** By which fields clients may select objects, where there are any besides the usual ones. */
const selectable = ({ selectableFields = [] }: OpenApiResource): JsonSchema =>
  selectableFields.length === 0
    ? {}
    : { 'x-kubernetes-selectable-fields': selectableFields.map((fieldPath) => ({ fieldPath })) };

/**
 * What is said of the object itself. Where the schema leaves it open, or is none that this version of the API takes, nothing is:
 * clients would take what is said for all there is.
 */
function ownSchema({ schema }: OpenApiResource, dialect: Dialect): JsonSchema {
  const isOpen = dialect === 'v2' && schema?.['x-kubernetes-preserve-unknown-fields'];
  if (schema?.type !== 'object' || isOpen) return { type: 'object' };
  const shaped = dialect === 'v2' ? withoutWhatV2Lacks(schema) : unfolded(schema);
  const identity = identityOf(dialect);
  const whole = embedded(shaped, { identity, dialect });
  return { ...whole, properties: { ...whole.properties, ...identity } };
}

const objectDefinition = (resource: OpenApiResource, dialect: Dialect): JsonSchema => ({
  ...ownSchema(resource, dialect),
  'x-kubernetes-group-version-kind': [gvk(resource, resource.kind)],
  ...selectable(resource),
});

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
    'x-kubernetes-group-version-kind': [gvk(resource, resource.listKind ?? `${resource.kind}List`)],
    ...selectable(resource),
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
        [listTypeOf(resource), () => listDefinition(resource, dialect)],
      ]),
  );
}

/** The full name of a custom resource's definition: `stable.example.com/v1 CronTab` is `com.example.stable.v1.CronTab`. */
export function customTypeName(kindName: { group: string; version: string; kind: string }): string {
  return [...kindName.group.split('.').reverse(), kindName.version, kindName.kind].join('.');
}
