import { findType, type GroupVersionKind, kindSchema } from '../../machinery/schema.ts';
import { selectableNames } from '../registry/field-labels.ts';
import { isCustom, isStored, type Kind } from '../registry/kind.ts';
import { customTypeName } from './custom-definitions.ts';
import type { JsonSchema } from './json-schema.ts';
import { capital } from './operations.ts';
import type { OpenApiResource, OpenApiSubresource } from './resource.ts';

const allVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];
const partVerbs = ['get', 'update', 'patch'];
const scale: GroupVersionKind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

const methods: Record<string, readonly string[]> = {
  get: ['GET'],
  create: ['POST'],
  update: ['PUT'],
  patch: ['PATCH'],
  delete: ['DELETE'],
};

/** The package of a type: `io.k8s.api.core.v1` of `io.k8s.api.core.v1.Pod`. */
const packageOf = (type: string) => type.slice(0, type.lastIndexOf('.'));

/** What takes every verb passes requests on: every method then, and a path of the target. */
function streamOf(
  name: string,
  stream: { kind: string; verbs: readonly string[] },
  own: GroupVersionKind & { type: string },
): OpenApiSubresource {
  const kind = { group: own.group, version: own.version, kind: stream.kind };
  if (stream.kind === own.kind) {
    const options = `${packageOf(own.type)}.${own.kind}${capital(name)}Options`;
    return { name, verbs: stream.verbs, kind, text: true, ...(findType(options) && { options }) };
  }
  const isProxy = stream.verbs.includes('delete');
  const connect = stream.verbs.flatMap((verb) => methods[verb] ?? []);
  return {
    name,
    verbs: [],
    kind,
    connect: isProxy ? [...connect, 'HEAD', 'OPTIONS'] : connect,
    trailingPath: isProxy,
    options: `${packageOf(own.type)}.${stream.kind}`,
  };
}

function subresourcesOf(stored: Kind, own: GroupVersionKind & { type: string }): OpenApiSubresource[] {
  const self = { group: own.group, version: own.version, kind: own.kind };
  const parts = Object.entries(stored.parts ?? {});
  const others = Object.entries(stored.subresources ?? {});
  return [
    ...(stored.status ? [{ name: 'status', verbs: partVerbs, kind: self }] : []),
    ...(stored.scale ? [{ name: 'scale', verbs: partVerbs, kind: scale }] : []),
    ...parts.map(([name, { verbs = partVerbs }]) => ({ name, verbs, kind: self })),
    ...others.map(([name, { verbs, gvk }]) => ({ name, verbs, kind: gvk })),
    ...Object.entries(stored.streams ?? {}).map(([name, stream]) =>
      streamOf(name, stream, { ...self, type: own.type }),
    ),
  ];
}

function toldOfCustom(kind: Kind): Pick<OpenApiResource, 'listKind' | 'selectableFields'> {
  const selectableFields = selectableNames(kind);
  return {
    ...(kind.listKind && { listKind: kind.listKind }),
    ...(selectableFields.length > 0 && { selectableFields }),
  };
}

/**
 * What OpenAPI tells of a kind; `stored` is the kind behind it, which is itself for most. Of a custom resource,
 * `schema` is what its version says (`openAPIV3Schema`).
 */
export function openApiResource(
  kind: Kind,
  { stored = kind, schema }: { stored?: Kind; schema?: JsonSchema } = {},
): OpenApiResource {
  const { group, version, plural, namespaced } = kind.resource;
  const name = { group, version, kind: kind.resource.kind };
  const custom = isCustom(kind) || !kindSchema(name);
  const own = { ...name, type: custom ? customTypeName(name) : kind.resource.type };
  return {
    ...own,
    plural,
    namespaced,
    verbs: kind.verbs ?? (isStored(kind) ? allVerbs : ['create']),
    ...(custom && { custom, schema, ...toldOfCustom(kind) }),
    subresources: subresourcesOf(stored, own),
  };
}
