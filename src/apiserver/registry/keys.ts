import type { Resource } from '../../api/resource.ts';

/** Resources whose objects stand elsewhere than under their plural name, as upstream keeps them. */
const special: Record<string, string> = {
  replicationcontrollers: 'controllers',
  endpoints: 'services/endpoints',
  nodes: 'minions',
  services: 'services/specs',
  ingresses: 'ingress',
};

const prefixes = new WeakMap<Resource, string>();

/** The store key prefix of a resource; those of other servers than the main one upstream carry their group. */
export function resourcePrefix(resource: Resource): string {
  let prefix = prefixes.get(resource);
  if (prefix === undefined) {
    prefix = prefixOf(resource);
    prefixes.set(resource, prefix);
  }
  return prefix;
}

function prefixOf(resource: Resource): string {
  const main = resource.type.startsWith('io.k8s.api.');
  const path = main ? (special[resource.plural] ?? resource.plural) : `${resource.group}/${resource.plural}`;
  return `/registry/${path}/`;
}

/** The prefix of the objects in `namespace`, or of all of them. */
export function scopePrefix(resource: Resource, namespace: string | undefined): string {
  const prefix = resourcePrefix(resource);
  return resource.namespaced && namespace ? `${prefix}${namespace}/` : prefix;
}

/** The key of one object. */
export function objectKey(resource: Resource, ref: { namespace?: string; name: string }): string {
  return scopePrefix(resource, ref.namespace) + ref.name;
}
