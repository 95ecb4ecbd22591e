import type {
  APIGroupDiscoveryList,
  APIResourceDiscovery,
  APIVersionDiscovery,
} from '../../api/apidiscovery/v2.ts';
import type { APIResource, APIResourceList } from '../../api/meta/v1.ts';
import type { GroupVersion } from './registration-plan.ts';

/** What each version of a server serves, out of its aggregated document; under `<group>/<version>`. */
export function versionsOf({ items = [] }: APIGroupDiscoveryList): Map<string, APIVersionDiscovery> {
  const found = new Map<string, APIVersionDiscovery>();
  for (const { metadata, versions = [] } of items) {
    for (const version of versions) found.set(`${metadata?.name ?? ''}/${version.version}`, version);
  }
  return found;
}

/** What a version serves, in the terms of the aggregated document, out of the list of its resources. */
export function versionOfList({ resources }: APIResourceList, gv: GroupVersion): APIVersionDiscovery {
  const found = new Map<string, APIResourceDiscovery>();
  const parentOf = (name: string): APIResourceDiscovery => {
    const known = found.get(name) ?? { resource: name };
    found.set(name, known);
    return known;
  };
  for (const resource of resources ?? []) {
    const [parent = '', subresource] = resource.name.split('/') as [string, string?];
    const responseKind = kindOf(resource, gv);
    const { verbs } = resource;
    if (subresource === undefined) Object.assign(parentOf(parent), { responseKind }, detailsOf(resource));
    else (parentOf(parent).subresources ??= []).push({ subresource, responseKind, verbs });
  }
  return { version: gv.version, resources: [...found.values()] };
}

const kindOf = ({ group, version, kind }: APIResource, gv: GroupVersion) => ({
  group: group || gv.group,
  version: version || gv.version,
  kind,
});

function detailsOf({ namespaced, singularName, verbs, shortNames, categories }: APIResource) {
  return {
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singularName,
    verbs,
    ...(shortNames && { shortNames }),
    ...(categories && { categories }),
  };
}
