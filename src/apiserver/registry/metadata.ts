import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { timestamp } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Kind } from './kind.ts';

/** Longest name a generated one may have, its suffix included. */
const maxNameLength = 63;
const suffixLength = 5;

/** Takes off what only the server may set. */
export function wipeSystemFields(meta: ObjectMeta): void {
  delete meta.creationTimestamp;
  delete meta.uid;
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.selfLink;
}

/** Gives a new object its identity, and a name where it only has the beginning of one. */
export function fillSystemFields(meta: ObjectMeta, platform: Pick<Platform, 'clock' | 'random'>): void {
  meta.creationTimestamp = timestamp(platform.clock);
  meta.uid = platform.random.uuid();
  if (meta.generateName && !meta.name) meta.name = generatedName(meta.generateName, platform.random);
}

function generatedName(base: string, random: Platform['random']): string {
  return base.slice(0, maxNameLength - suffixLength) + random.suffix(suffixLength);
}

/** Puts the request's namespace into the object, or rejects one that contradicts it. */
export function matchNamespace(meta: ObjectMeta, requestNamespace: string): void {
  const own = meta.namespace ?? '';
  if (own === requestNamespace) return;
  if (own !== '' && requestNamespace !== '') {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (requestNamespace) meta.namespace = requestNamespace;
  else delete meta.namespace;
}

/** Rejects an object whose name is not the one in the URL. */
export function checkName(meta: ObjectMeta, name: string): void {
  if (!meta.name) {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (meta.name !== name) {
    throw badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
}

/** Takes out owner references that stand twice, the first of them staying; gives the UIDs of the others. */
export function dropDuplicateOwners(meta: ObjectMeta): string[] {
  const owners = meta.ownerReferences;
  if (!owners || owners.length < 2) return [];
  const kept: OwnerReference[] = [];
  const dropped: string[] = [];
  const seen = new Set<string>();
  for (const owner of owners) {
    const { uid, apiVersion, kind, name, controller, blockOwnerDeletion } = owner;
    const key = JSON.stringify([uid, apiVersion, kind, name, controller, blockOwnerDeletion]);
    if (seen.has(key)) dropped.push(uid);
    else kept.push(owner);
    seen.add(key);
  }
  if (dropped.length > 0) meta.ownerReferences = kept;
  return dropped;
}

/** Whether `metadata.generation` counts the changes of a kind's objects. */
export function countsGeneration(kind: Kind): boolean {
  return kind.countsGeneration ?? kind.status !== undefined;
}

/** Whether anything but metadata differs; a status that is written apart does not count. */
export function specChanged(kind: Kind, object: KubernetesObject, old: KubernetesObject): boolean {
  return !deepEqual(specOf(kind, object), specOf(kind, old));
}

function specOf(kind: Kind, object: KubernetesObject): object {
  const {
    metadata: _,
    status,
    apiVersion: __,
    kind: ___,
    ...spec
  } = object as KubernetesObject & {
    status?: unknown;
  };
  return kind.status ? spec : { ...spec, status };
}

/** Carries over what no update can change, in place. */
export function keepSystemFields(meta: ObjectMeta, old: Stored<KubernetesObject>['metadata']): void {
  meta.uid ||= old.uid;
  meta.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp) meta.deletionTimestamp = old.deletionTimestamp;
  if (old.deletionGracePeriodSeconds !== undefined) {
    meta.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  }
}

/** Writes the kind's own `kind` and `apiVersion` into an object. */
export function stampType(object: KubernetesObject, resource: Resource): void {
  object.kind = resource.kind;
  object.apiVersion = formatApiVersion(resource);
}
