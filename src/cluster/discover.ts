import type { APIVersionDiscovery } from '../api/apidiscovery/v2.ts';
import { isStored } from '../apiserver/registry/kind.ts';
import type { ApiServer } from '../apiserver/server.ts';
import type { Discover, ServedResource } from '../controllers/discovery.ts';

const allVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'];

/** What is served, each thing in the group and version that it is stored as; what other servers serve after this one's. */
export function discover(
  server: Pick<ApiServer, 'discovery' | 'dispatcher'>,
  { undiscovered }: NonNullable<Parameters<Discover>[0]> = {},
): ServedResource[] {
  const elsewhere = server.discovery().elsewhere();
  const given = new Set(elsewhere.map(({ group, entry }) => `${group}/${entry.version}`));
  const stored = [...server.dispatcher.served()].filter(({ view }) => isStored(view) && !view.storedAs);
  const own = stored
    .filter(({ view }) => !given.has(`${view.resource.group}/${view.resource.version}`))
    .map(({ view }) => ({ ...view.resource, verbs: view.verbs ?? allVerbs }));
  const others = elsewhere.flatMap(({ group, entry }) => {
    if (entry.freshness === 'Stale') undiscovered?.(`${group}/${entry.version}`);
    return rowsOf(group, entry);
  });
  return [...own, ...others];
}

function rowsOf(group: string, { version = '', resources = [] }: APIVersionDiscovery): ServedResource[] {
  return resources.map(({ resource = '', responseKind, scope, singularResource = '', ...more }) => ({
    group,
    version,
    kind: responseKind?.kind ?? '',
    plural: resource,
    singular: singularResource,
    namespaced: scope === 'Namespaced',
    shortNames: more.shortNames ?? [],
    categories: more.categories ?? [],
    type: '',
    verbs: more.verbs ?? [],
  }));
}
