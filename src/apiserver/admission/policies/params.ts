import type { ParamKind, ParamRef } from '../../../api/admissionregistration/v1.ts';
import type { KubernetesObject, Stored } from '../../../api/resource.ts';
import { compileLabelSelector, matchesLabels } from '../../../machinery/label-selector.ts';
import { formatApiVersion } from '../../../machinery/schema.ts';
import type { ObjectReader } from '../../auth/object-reader.ts';
import { stampType } from '../../registry/metadata.ts';
import type { Kind } from '../../registry/kind.ts';

/** A kind that is served: as clients see it, and as it is stored. */
export interface ServedKind {
  view: Kind;
  kind: Kind;
}

/** Where parameters are read from. */
export interface ParamSource {
  reader: ObjectReader;
  served(): Iterable<ServedKind>;
}

/** Policies are held against so many sets of parameters, of however many bindings, before other requests have their turn. */
export const paramsPerTurn = 32;

/** The policy's parameters are of a kind that is not served: no binding can help. */
export class UnknownParamKind extends Error {
  constructor({ apiVersion = '', kind = '' }: ParamKind) {
    const group = apiVersion.includes('/') ? '' : '/';
    super(`failed to find resource referenced by paramKind: '${group}${apiVersion}, Kind=${kind}'`);
  }
}

/** The kind of a policy's parameters; undefined where it has none. Throws an {@link UnknownParamKind}. */
export function findParamKind(source: ParamSource, wanted: ParamKind | undefined): ServedKind | undefined {
  if (!wanted) return undefined;
  for (const one of source.served()) {
    const { resource } = one.view;
    if (resource.kind === wanted.kind && formatApiVersion(resource) === wanted.apiVersion) return one;
  }
  throw new UnknownParamKind(wanted);
}

/**
 * The parameters that a binding names, one after the other to be looked at; a lone null where there are none to be named.
 * Throws an Error where the binding cannot be carried out.
 */
export function collectParams(
  source: ParamSource,
  { kind, ref, namespace }: { kind: ServedKind | undefined; ref: ParamRef | undefined; namespace: string },
): (KubernetesObject | null)[] {
  if (!kind || !ref) return [null];
  const found = select(source.reader, kind.kind, { ref, namespace });
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  return found.map((object) => shown(kind.view, object));
}

function select(
  reader: ObjectReader,
  { resource }: Kind,
  { ref, namespace: own }: { ref: ParamRef; namespace: string },
): Stored<KubernetesObject>[] {
  if (!resource.namespaced && ref.namespace) {
    throw new Error('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const namespace = resource.namespaced ? ref.namespace || own : '';
  if (resource.namespaced && !namespace) {
    throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  }
  if (ref.name) {
    const object = reader.get(resource, { namespace, name: ref.name });
    return object ? [object] : [];
  }
  const selector = compileLabelSelector(ref.selector);
  return [...reader.list(resource, namespace)].filter((object) =>
    matchesLabels(selector, object.metadata.labels),
  );
}

function shown(view: Kind, object: Stored<KubernetesObject>): KubernetesObject {
  if (!view.storedAs) return object;
  const made = view.storedAs.fromStored(object);
  stampType(made, view.resource);
  return made;
}
