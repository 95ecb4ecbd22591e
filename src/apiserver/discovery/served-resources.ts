import { createHash } from 'node:crypto';
import type { APIResource } from '../../api/meta/v1.ts';
import type { Resource } from '../../api/resource.ts';
import { isCustom, isStored, type Kind } from '../registry/kind.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
/** Upstream says those of custom resources in an order of its own. */
const customVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const endingVerbs = ['delete', 'deletecollection', 'get', 'list', 'watch'];
const statusVerbs = ['get', 'patch', 'update'];

/** A resource or subresource of one group and version; group and version are always said. */
export type ServedResource = APIResource & { group: string; version: string };

/** The resources of a kind: itself, then its subresources by name; those of a custom one as upstream says them. */
export function servedResources(kind: Kind, stored: Kind): ServedResource[] {
  const { resource } = kind;
  const { group, version, plural, singular, namespaced, shortNames, categories } = resource;
  const main: ServedResource = {
    name: plural,
    singularName: singular,
    namespaced,
    group,
    version,
    kind: resource.kind,
    verbs: verbsOf(kind),
    ...(shortNames.length > 0 && { shortNames: [...shortNames] }),
    ...(categories.length > 0 && { categories: [...categories] }),
    ...(isStored(kind) && !kind.told && { storageVersionHash: storageVersionHash(stored) }),
  };
  return [main, ...subresources(resource, stored)];
}

function verbsOf(kind: Kind): string[] {
  if (kind.verbs) return [...kind.verbs].sort();
  if (!isStored(kind)) return ['create'];
  if (kind.creationForbidden) return endingVerbs;
  return isCustom(kind) ? customVerbs : allVerbs;
}

function subresources(
  { plural, namespaced, group, version, kind }: Resource,
  stored: Kind,
): ServedResource[] {
  const one = (
    name: string,
    gvk: Pick<ServedResource, 'group' | 'version' | 'kind'>,
    verbs: readonly string[],
  ) => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...gvk,
    verbs: [...verbs].sort(),
  });
  const found: ServedResource[] = [];
  if (stored.status) found.push(one('status', { group, version, kind }, statusVerbs));
  if (stored.scale)
    found.push(one('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' }, statusVerbs));
  for (const [name, { verbs = statusVerbs }] of Object.entries(stored.parts ?? {})) {
    found.push(one(name, { group, version, kind }, verbs));
  }
  for (const [name, sub] of Object.entries(stored.subresources ?? {}))
    found.push(one(name, sub.gvk, sub.verbs));
  for (const [name, stream] of Object.entries(stored.streams ?? {})) {
    found.push(one(name, { group, version, kind: stream.kind }, stream.verbs));
  }
  return isCustom(stored) ? found : found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Says in which version objects are stored; only good for comparing. */
function storageVersionHash({ resource, storageVersion }: Kind): string {
  const { group, version, kind } = resource;
  return createHash('sha256')
    .update(`${group}/${storageVersion ?? version}/${kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64');
}
