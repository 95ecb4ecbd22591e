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
import type { RequestInfo } from '../request.ts';
import { dormantGroups } from './dormant-groups.ts';
import { localPriority, type Priority, registrationGroup } from './priorities.ts';
import { type ServedResource, servedResources } from './served-resources.ts';

/** A version of a group that somebody has registered. */
export interface RegisteredVersion {
  group: string;
  version: string;
  priority: Priority;
  /** What another server says of it; absent for what this server serves itself. */
  elsewhere?: APIVersionDiscovery;
}

/** One version of a group with what is served of it. */
interface ServedVersion {
  version: string;
  priority: Priority;
  /** What this server serves; undefined where that is another's business. */
  resources?: ServedResource[];
  elsewhere?: APIVersionDiscovery;
}

/** What a request is about. */
export type Addressed = Pick<RequestInfo, 'group' | 'version' | 'resource' | 'subresource'>;

/** What the server offers, worked out once for a set of kinds and registrations. */
export class Discovery {
  readonly #groups: ReadonlyMap<string, readonly ServedVersion[]>;

  constructor(kinds: readonly Kind[], registered: readonly RegisteredVersion[] = []) {
    this.#groups = groupVersions(kinds, registered);
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
    if (name === '' || !(this.#groups.has(name) || dormantGroups.includes(name))) return undefined;
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name, this.#versions(name)) };
  }

  /** `/api/<version>` and `/apis/<group>/<version>`; undefined for what is not served. */
  resourceList(gv: { group: string; version: string }): APIResourceList | undefined {
    const served = this.#groups.get(gv.group)?.find((v) => v.version === gv.version);
    if (!served?.resources) return undefined;
    const resources = served.resources.map((resource) => listed(resource, gv));
    const apiVersion = gv.group === '' ? {} : { apiVersion: 'v1' };
    return { kind: 'APIResourceList', ...apiVersion, groupVersion: formatApiVersion(gv), resources };
  }

  /** Whether somebody serves a resource, or this subresource of it. */
  serves({ group, version, resource, subresource }: Addressed): boolean {
    const served = this.#groups.get(group)?.find((v) => v.version === version);
    const name = subresource ? `${resource}/${subresource}` : resource;
    if (served?.resources?.some((own) => own.name === name)) return true;
    const other = served?.elsewhere?.resources?.find((r) => r.resource === resource);
    if (!other || !subresource) return other !== undefined;
    return other.subresources?.some((s) => s.subresource === subresource) ?? false;
  }

  /** All of `/api` (`core`) or `/apis` (`groups`) in one document. */
  aggregated(part: 'core' | 'groups'): APIGroupDiscoveryList {
    const items = [...this.#groups]
      .filter(([name]) => (name === '') === (part === 'core'))
      .map(([name, versions]) => ({
        metadata: { ...(name && { name }) },
        versions: versions.flatMap(aggregatedVersion),
      }))
      .filter(({ versions }) => versions.length > 0);
    return {
      kind: 'APIGroupDiscoveryList',
      apiVersion: 'apidiscovery.k8s.io/v2',
      metadata: {},
      items,
    } as APIGroupDiscoveryList;
  }

  /** What other servers serve, the preferred versions first. */
  elsewhere(): { group: string; entry: APIVersionDiscovery }[] {
    return [...this.#groups].flatMap(([group, versions]) =>
      versions.flatMap(({ elsewhere }) => (elsewhere ? [{ group, entry: elsewhere }] : [])),
    );
  }

  #versions(group: string): string[] {
    return (this.#groups.get(group) ?? []).map((v) => v.version);
  }
}

/** The entity tag of a discovery document, in quotes. */
export function entityTag(document: unknown): string {
  return `"${createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase()}"`;
}

function groupVersions(
  kinds: readonly Kind[],
  registered: readonly RegisteredVersion[],
): Map<string, ServedVersion[]> {
  const groups = new Map<string, ServedVersion[]>();
  for (const kind of kinds) {
    const served = versionOf(groups, kind.resource);
    (served.resources ??= []).push(...servedResources(kind, storedKind(kind, kinds)));
  }
  for (const { priority, elsewhere, ...gv } of registered) {
    if (gv.group === registrationGroup) continue;
    Object.assign(versionOf(groups, gv), { priority, ...(elsewhere && { elsewhere, resources: undefined }) });
  }
  for (const versions of groups.values()) {
    versions.sort((a, b) => b.priority.version - a.priority.version || compareVersions(a.version, b.version));
    for (const { resources } of versions) resources?.sort(compareParents);
  }
  return new Map([...groups].sort(compareGroups));
}

/** Subresources stay behind what they are of, in their order. */
function compareParents(a: ServedResource, b: ServedResource): number {
  const [x, y] = [parentOf(a), parentOf(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

const parentOf = ({ name }: ServedResource) => name.split('/', 1)[0] as string;

function versionOf(
  groups: Map<string, ServedVersion[]>,
  gv: { group: string; version: string },
): ServedVersion {
  const versions = getOrAdd(groups, gv.group, () => []);
  let served = versions.find((v) => v.version === gv.version);
  if (!served) versions.push((served = { version: gv.version, priority: localPriority(gv) }));
  return served;
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

/** The group with the highest priority first; among equals, the one with the first name that a version goes by. */
function compareGroups(a: [string, ServedVersion[]], b: [string, ServedVersion[]]): number {
  const [x, y] = [rankOf(a), rankOf(b)];
  return y.priority - x.priority || (x.name < y.name ? -1 : 1);
}

function rankOf([group, versions]: [string, ServedVersion[]]): { priority: number; name: string } {
  const priority = Math.max(...versions.map((v) => v.priority.group));
  const [name = ''] = versions
    .filter((v) => v.priority.group === priority)
    .map(({ version }) => `${version}.${group}`)
    .sort();
  return { priority, name };
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
  return { name, versions: entries, ...(entries[0] && { preferredVersion: entries[0] }) };
}

/** A resource as lists of one group and version have it: what they share with the list is left out. */
function listed(resource: ServedResource, gv: { group: string; version: string }): APIResource {
  const { group, version, kind, verbs, name, singularName, namespaced, ...more } = resource;
  const isForeign = group !== gv.group || version !== gv.version;
  const gvk = isForeign ? { ...(group && { group }), version, kind } : { kind };
  return { name, singularName, namespaced, ...gvk, verbs, ...more };
}

/** A version in the aggregated document; none where it is registered and not served. */
function aggregatedVersion({ version, resources, elsewhere }: ServedVersion): APIVersionDiscovery[] {
  if (elsewhere) return [elsewhere];
  if (!resources) return [];
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
  return [{ version, resources: [...found.values()], freshness: 'Current' }];
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
