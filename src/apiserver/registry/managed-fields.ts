import type { JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { getOwn } from '../../machinery/clone.ts';
import type { FieldSet } from '../../machinery/managed-fields/field-set.ts';
import { leaf, union } from '../../machinery/managed-fields/field-set.ts';
import { shapeOfJsonSchema, shapeWithoutSchema } from '../../machinery/managed-fields/json-schema-shape.ts';
import { type Versions, type WriteContext } from '../../machinery/managed-fields/ownership.ts';
import { type Shape, shapeOfType } from '../../machinery/managed-fields/shape.ts';
import { updateManagedFields } from '../../machinery/managed-fields/update.ts';
import { findType, formatApiVersion } from '../../machinery/schema.ts';
import type { Facet, FacetFields } from './facet.ts';
import type { Kind, OwnershipRules, StorageCodec } from './kind.ts';
import { stampType } from './metadata.ts';
import { conversionsOf } from './conversions.ts';
import type { Call, Registry } from './registry.ts';
import type { WriteOptions } from './request-options.ts';

/** One write as the record of managers sees it, in the form of the client's version. */
export interface ManagedWrite {
  object: KubernetesObject;
  old: KubernetesObject | undefined;
  options: WriteOptions;
}

/** What a write says of its writer. */
export function writerOf({ request, environment }: Call, { fieldManager }: WriteOptions) {
  const { subresource } = request.info;
  return { manager: fieldManager, subresource, timeMs: environment.platform.clock.now() };
}

/** Writes into the object's `managedFields` who wrote what. */
export function recordWriter(call: Call, { object, old, options }: ManagedWrite): void {
  const write = { ...writerOf(call, options), live: old, next: object };
  setManagedFields(object, updateManagedFields(managedContext(call), write));
}

export function setManagedFields(object: KubernetesObject, entries: ManagedFieldsEntry[] | undefined): void {
  if (entries) object.metadata.managedFields = entries;
  else delete object.metadata.managedFields;
}

/** The facet of an object as its managers see it, where they are kept for it alone. */
export function managedFacet(facet: Facet, fields: FacetFields, object: KubernetesObject): KubernetesObject {
  const shown = (facet.patched ?? facet.show)(object);
  return { ...shown, metadata: { ...shown.metadata, managedFields: fields.of(object) } };
}

/** The object with what was sent of the facet taken in, and who wrote what. */
export function takeFacet(
  call: Call,
  facet: Facet,
  {
    sent,
    old,
    options,
  }: { sent: KubernetesObject; old: KubernetesObject | undefined; options: WriteOptions },
): KubernetesObject {
  const { fields } = facet;
  if (!fields || !old) {
    const object = facet.take(sent, old);
    recordWriter(call, { object, old, options });
    return object;
  }
  const live = managedFacet(facet, fields, old);
  const write = { ...writerOf(call, options), live, next: sent };
  const entries = fields.back(old, updateManagedFields(fields.context, write));
  const object = facet.take(sent, old);
  setManagedFields(object, entries);
  return object;
}

/** What is the same for all writes through one resource, with how this one converts custom objects. */
export function managedContext(call: Call): WriteContext {
  const context = sharedContext(call);
  const { codec } = call.registry.kind;
  return codec && codec.schemas.size > 1 ? { ...context, versions: customVersions(call, codec) } : context;
}

const contexts = new WeakMap<Registry, Map<string, { versions: object; context: WriteContext }>>();

/** What is the same for all writes through one resource or subresource; made again where its versions change. */
function sharedContext({ registry, environment, request }: Call): WriteContext {
  const { subresource } = request.info;
  const versions = environment.versions(registry);
  const known = contexts.get(registry)?.get(subresource);
  if (known?.versions === versions) return known.context;
  const context: WriteContext = {
    apiVersion: formatApiVersion(registry.view.resource),
    shape: shapeOf(registry.view),
    ...ownableThrough(registry.kind, subresource),
    ...(versions.length > 1 && !registry.kind.codec && { versions: builtInVersions(versions) }),
  };
  const all = contexts.get(registry) ?? new Map();
  contexts.set(registry, all.set(subresource, { versions, context }));
  return context;
}

type Ownable = Pick<WriteContext, 'resetFields' | 'onlyFields'>;

const noRules: OwnershipRules = {};
const withoutStatus: OwnershipRules = { resets: ['status'] };
const withoutSpec: OwnershipRules = { resets: ['spec'] };

/** What a write through this subresource cannot set, and so does not own. */
function ownableThrough(kind: Kind, subresource: string): Ownable {
  const main = kind.status ? withoutStatus : noRules;
  if (subresource === 'status') return rulesOf(kind.status, withoutSpec);
  return rulesOf(getOwn(kind.parts, subresource), main);
}

function rulesOf(given: OwnershipRules | undefined, usual: OwnershipRules): Ownable {
  const rules = given?.resets || given?.sets ? given : usual;
  return { resetFields: setOfPaths(rules.resets), onlyFields: setOfPaths(rules.sets) };
}

function setOfPaths(paths: readonly string[] | undefined): FieldSet | undefined {
  const sets = (paths ?? []).map((path) =>
    path
      .split('.')
      .reduceRight<FieldSet>((node, name) => ({ [name === '*' ? name : `f:${name}`]: node }), leaf),
  );
  return sets.reduce<FieldSet | undefined>(union, undefined);
}

const customShapes = new WeakMap<JSONSchemaProps, Shape>();

/** How the fields of a kind merge. */
export function shapeOf(kind: Kind): Shape {
  if (findType(kind.resource.type)) return shapeOfType(kind.resource.type);
  return kind.schema ? shapeOfSchema(kind.schema) : shapeWithoutSchema();
}

function shapeOfSchema(schema: JSONSchemaProps): Shape {
  const known = customShapes.get(schema);
  if (known) return known;
  const shape = shapeOfJsonSchema(schema);
  customShapes.set(schema, shape);
  return shape;
}

/** Converts between the versions of a kind by way of the one that is stored. */
function builtInVersions(versions: readonly Registry[]): Versions {
  const find = (apiVersion: string) =>
    versions.find((v) => formatApiVersion(v.view.resource) === apiVersion)?.view;
  return {
    shape(apiVersion) {
      const view = find(apiVersion);
      return view && shapeOf(view);
    },
    convert(object, from, to) {
      const [source, target] = [find(from) as Kind, find(to) as Kind];
      const given = object as unknown as KubernetesObject;
      const stored = source.storedAs ? source.storedAs.toStored(given) : given;
      const converted = { ...(target.storedAs ? target.storedAs.fromStored(stored) : stored) };
      stampType(converted, target.resource);
      return converted as unknown as Record<string, unknown>;
    },
  };
}

/** Converts between all versions of a definition, as it says. */
function customVersions(call: Call, codec: StorageCodec<KubernetesObject>): Versions {
  return {
    shape(apiVersion) {
      const schema = codec.schemas.get(apiVersion);
      return schema && shapeOfSchema(schema);
    },
    convert: (object, _, to) => conversionsOf(call).convert(codec, object, to),
  };
}
