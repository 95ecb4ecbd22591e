import type { KubernetesObject } from '../../api/resource.ts';
import type { FieldSet } from '../../machinery/managed-fields/field-set.ts';
import { leaf } from '../../machinery/managed-fields/field-set.ts';
import { shapeOfJsonSchema, shapeWithoutSchema } from '../../machinery/managed-fields/json-schema-shape.ts';
import type { Convert, WriteContext } from '../../machinery/managed-fields/ownership.ts';
import { type Shape, shapeOfType } from '../../machinery/managed-fields/shape.ts';
import { updateManagedFields } from '../../machinery/managed-fields/update.ts';
import { findType, formatApiVersion } from '../../machinery/schema.ts';
import type { Kind } from './kind.ts';
import { stampType } from './metadata.ts';
import type { Call, Registry } from './registry.ts';
import type { WriteOptions } from './request-options.ts';

/** One write as the record of managers sees it, in the form of the client's version. */
export interface ManagedWrite {
  object: KubernetesObject;
  old: KubernetesObject | undefined;
  options: WriteOptions;
}

/** Writes into the object's `managedFields` who wrote what. */
export function recordWriter(call: Call, { object, old, options }: ManagedWrite): void {
  const managedFields = updateManagedFields({
    ...managedContext(call),
    live: old,
    next: object,
    manager: options.fieldManager,
    subresource: call.request.info.subresource,
    timeMs: call.environment.platform.clock.now(),
  });
  if (managedFields) object.metadata.managedFields = managedFields;
  else delete object.metadata.managedFields;
}

const contexts = new WeakMap<Registry, Map<string, { versions: object; context: WriteContext }>>();

/** What is the same for all writes through one resource or subresource; made again where its versions change. */
export function managedContext({ registry, environment, request }: Call): WriteContext {
  const { subresource } = request.info;
  const versions = environment.versions(registry);
  const known = contexts.get(registry)?.get(subresource);
  if (known?.versions === versions) return known.context;
  const context: WriteContext = {
    apiVersion: formatApiVersion(registry.view.resource),
    shape: shapeOf(registry.view),
    resetFields: resetFields(registry.kind, subresource),
    ...(versions.length > 1 && { convert: converter(versions) }),
  };
  const all = contexts.get(registry) ?? new Map();
  contexts.set(registry, all.set(subresource, { versions, context }));
  return context;
}

const statusFields: FieldSet = { 'f:status': leaf };
const specFields: FieldSet = { 'f:spec': leaf };
const allButStatus: FieldSet = { 'f:metadata': leaf, 'f:spec': leaf };

/** What a write through this subresource cannot set, and so does not own. */
function resetFields(kind: Kind, subresource: string): FieldSet | undefined {
  if (subresource === 'status') return kind.codec ? allButStatus : specFields;
  return kind.status ? statusFields : undefined;
}

const customShapes = new WeakMap<Kind, Shape>();

/** How the fields of a kind merge. */
export function shapeOf(kind: Kind): Shape {
  if (findType(kind.resource.type)) return shapeOfType(kind.resource.type);
  const known = customShapes.get(kind);
  if (known) return known;
  const shape = kind.schema ? shapeOfJsonSchema(kind.schema) : shapeWithoutSchema();
  customShapes.set(kind, shape);
  return shape;
}

/** Converts between the versions of a kind by way of the one that is stored. */
function converter(versions: readonly Registry[]): Convert {
  const find = (apiVersion: string) =>
    versions.find((v) => formatApiVersion(v.view.resource) === apiVersion)?.view;
  return (object, from, to) => {
    const [source, target] = [find(from), find(to)];
    if (!source || !target) return undefined;
    const shape = shapeOf(target);
    if (source === target) return { object, shape };
    const given = object as unknown as KubernetesObject;
    const stored = source.storedAs ? source.storedAs.toStored(given) : given;
    const converted = { ...(target.storedAs ? target.storedAs.fromStored(stored) : stored) };
    stampType(converted, target.resource);
    return { object: converted as unknown as Record<string, unknown>, shape };
  };
}
