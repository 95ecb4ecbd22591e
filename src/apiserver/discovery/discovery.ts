import { createHash } from 'node:crypto';
import type {
  APIGroupDiscoveryList,
  APIResourceDiscovery,
  APIVersionDiscovery,
} from '../../api/apidiscovery/v2.ts';
import type {
  APIGroup,
  APIGroupList,
  APIResource,
  APIResourceList,
  APIVersions,
  ServerAddressByClientCIDR,
} from '../../api/meta/v1.ts';
import { formatApiVersion } from '../../machinery/schema.ts';
import type { Kind } from '../registry/kind.ts';
import { type ServedResource, servedResources } from './served-resources.ts';

/** Groups in the order in which clients should look for a resource; others follow in the order of their names. */
const groupOrder = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

/** One version of a group with what it serves. */
interface ServedVersion {
  version: string;
  resources: ServedResource[];
}

/** What the server offers, worked out once for a set of kinds. */
export class Discovery {
  readonly #groups: ReadonlyMap<string, ServedVersion[]>;

  constructor(kinds: readonly Kind[]) {
    this.#groups = groupVersions(kinds);
  }

  /** `/api`. */
  apiVersions(serverAddress: string): APIVersions {
    const serverAddressByClientCIDRs: ServerAddressByClientCIDR[] = [
      { clientCIDR: '0.0.0.0/0', serverAddress },
    ];
    const versions = (this.#groups.get('') ?? []).map((v) => v.version);
    return { kind: 'APIVersions', versions, serverAddressByClientCIDRs };
  }

  /** `/apis`. */
  groupList(): APIGroupList {
    const groups = [...this.#groups.keys()]
      .filter((name) => name !== '')
      .map((name) => groupOf(name, this.#versions(name)));
    return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  }

  /** `/apis/<group>`; undefined for a group that is not served. */
  group(name: string): APIGroup | undefined {
    if (name === '' || !this.#groups.has(name)) return undefined;
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name, this.#versions(name)) };
  }

  /** `/api/<version>` and `/apis/<group>/<version>`; undefined for what is not served. */
  resourceList(gv: { group: string; version: string }): APIResourceList | undefined {
    const served = this.#groups.get(gv.group)?.find((v) => v.version === gv.version);
    if (!served) return undefined;
    const resources = served.resources.map((resource) => listed(resource, gv));
    const apiVersion = gv.group === '' ? {} : { apiVersion: 'v1' };
    return { kind: 'APIResourceList', ...apiVersion, groupVersion: formatApiVersion(gv), resources };
  }

  /** All of `/api` (`core`) or `/apis` (`groups`) in one document. */
  aggregated(part: 'core' | 'groups'): APIGroupDiscoveryList {
    const names = [...this.#groups.keys()].filter((name) => (name === '') === (part === 'core'));
    const items = names.map((name) => ({
      metadata: { ...(name && { name }) },
      versions: (this.#groups.get(name) ?? []).map(aggregatedVersion),
    }));
    return {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items,
    } as APIGroupDiscoveryList;
  }

  #versions(group: string): string[] {
    return (this.#groups.get(group) ?? []).map((v) => v.version);
  }
}

/** The entity tag of a discovery document, in quotes. */
export function entityTag(document: unknown): string {
  return `"${createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase()}"`;
}

function groupVersions(kinds: readonly Kind[]): Map<string, ServedVersion[]> {
  const groups = new Map<string, ServedVersion[]>();
  for (const kind of kinds) {
    const { group, version } = kind.resource;
    const versions = getOrAdd(groups, group, () => []);
    let served = versions.find((v) => v.version === version);
    if (!served) versions.push((served = { version, resources: [] }));
    served.resources.push(...servedResources(kind, storedKind(kind, kinds)));
  }
  for (const versions of groups.values()) {
    versions.sort((a, b) => compareVersions(a.version, b.version));
    for (const { resources } of versions) resources.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  return new Map([...groups].sort(([a], [b]) => compareGroups(a, b)));
}

function storedKind(kind: Kind, kinds: readonly Kind[]): Kind {
  const stored = kind.storedAs?.resource;
  return kinds.find((k) => k.resource === stored) ?? kind;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const value = make();
  map.set(key, value);
  return value;
}

function compareGroups(a: string, b: string): number {
  const rank = (name: string) => (groupOrder.includes(name) ? groupOrder.indexOf(name) : groupOrder.length);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

/** The more stable version first, then the higher one: v2, v1, v1beta2, v1alpha1, then other names. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [versionRank(a), versionRank(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return (y[i] as number) - (x[i] as number);
  return a < b ? -1 : 1;
}

function versionRank(version: string): number[] {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (!match) return [0, 0, 0];
  const stability = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}

function groupOf(name: string, versions: readonly string[]): APIGroup {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** A resource as lists of one group and version have it: what they share with the list is left out. */
function listed(resource: ServedResource, gv: { group: string; version: string }): APIResource {
  const { group, version, kind, verbs, name, singularName, namespaced, ...more } = resource;
  const isForeign = group !== gv.group || version !== gv.version;
  const gvk = isForeign ? { ...(group && { group }), version, kind } : { kind };
  return { name, singularName, namespaced, ...gvk, verbs, ...more };
}

function aggregatedVersion({ version, resources }: ServedVersion): APIVersionDiscovery {
  const found = new Map<string, APIResourceDiscovery>();
  for (const resource of resources) {
    const [parent, subresource] = resource.name.split('/') as [string, string?];
    if (subresource === undefined) {
      found.set(parent, aggregatedResource(resource));
      continue;
    }
    const responseKind = responseKindOf(resource);
    const owner = found.get(parent) as APIResourceDiscovery;
    (owner.subresources ??= []).push({ subresource, responseKind, verbs: resource.verbs });
  }
  return { version, resources: [...found.values()], freshness: 'Current' };
}

const responseKindOf = ({ group, version, kind }: ServedResource) => ({ group, version, kind });

function aggregatedResource(resource: ServedResource): APIResourceDiscovery {
  const { name, namespaced, singularName, verbs, shortNames, categories } = resource;
  return {
    resource: name,
    responseKind: responseKindOf(resource),
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singularName,
    verbs,
    ...(shortNames && { shortNames }),
    ...(categories && { categories }),
  };
}
