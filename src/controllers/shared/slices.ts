import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const serviceNameLabel = 'kubernetes.io/service-name';

/** What to do so that the slices show what they should. */
export interface SlicePlan {
  create: EndpointSlice[];
  update: EndpointSlice[];
  remove: Stored<EndpointSlice>[];
  counts: SliceCounts;
}

/** What a plan comes to, for the metrics. */
export interface SliceCounts {
  /** Endpoints that there should be. */
  endpoints: number;
  /** Slices that they would fill. */
  slices: number;
  /** Endpoints that are new, changed and gone, in groups that stay. */
  added: number;
  updated: number;
  removed: number;
}

/** There is nothing to show. */
export const noCounts: SliceCounts = { endpoints: 0, slices: 0, added: 0, updated: 0, removed: 0 };

const sumOf = (a: SliceCounts, b: SliceCounts): SliceCounts => ({
  endpoints: a.endpoints + b.endpoints,
  slices: a.slices + b.slices,
  added: a.added + b.added,
  updated: a.updated + b.updated,
  removed: a.removed + b.removed,
});

/** Endpoints that share slices: the same ports, the same family of addresses. */
export interface SliceGroup {
  addressType: string;
  ports: EndpointPort[];
  /** By what tells them apart for as long as they live, see `endpointKey`. */
  endpoints: Map<string, Endpoint>;
}

/** What all slices of one owner have in common. */
export interface SliceShape {
  metadata: EndpointSlice['metadata'] & { labels: Record<string, string> };
  /** Endpoints in one slice, at most. */
  most: number;
}

/** What tells an endpoint from others: its addresses, its host name and the name of what it stands for (as upstream's `hashEndpoint`). */
export function endpointKey({ addresses, hostname = '', targetRef }: Endpoint): string {
  const all = addresses.length > 1 ? addresses.toSorted().join() : addresses[0];
  return `${all} ${hostname} ${targetRef?.namespace ?? ''}/${targetRef?.name ?? ''}`;
}

/** The same text for groups that may share slices, however their ports, and the fields of what the server keeps, are ordered. */
export function groupKey({ addressType, ports }: Pick<EndpointSlice, 'addressType' | 'ports'>): string {
  const values = (ports ?? []).map((p) =>
    JSON.stringify([p.name ?? '', p.protocol ?? 'TCP', p.port ?? 0, p.appProtocol ?? '']),
  );
  return `${addressType} ${values.sort().join()}`;
}

/** A new slice; the API server completes its name. */
export function newSlice(shape: SliceShape, group: Omit<SliceGroup, 'endpoints'>, endpoints: Endpoint[]) {
  const { metadata } = shape;
  const { addressType, ports } = group;
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata },
    addressType,
    ports,
    endpoints,
  };
  return slice;
}

/** A slice, and what it is to show. */
interface Kept {
  slice: Stored<EndpointSlice>;
  endpoints: Endpoint[];
  isTouched: boolean;
  updated: number;
  removed: number;
}

/** What a slice is to show of what is left in `missing`, which is taken out there. */
function keep(slice: Stored<EndpointSlice>, missing: Map<string, Endpoint>): Kept {
  const before = slice.endpoints ?? [];
  const endpoints: Endpoint[] = [];
  let updated = 0;
  for (const endpoint of before) {
    const key = endpointKey(endpoint);
    const wanted = missing.get(key);
    missing.delete(key);
    if (!wanted) continue;
    endpoints.push(wanted);
    if (!deepEqual(endpoint, wanted)) updated++;
  }
  const removed = before.length - endpoints.length;
  return { slice, endpoints, isTouched: updated + removed > 0, updated, removed };
}

/** Whether labels or annotations are not as they should be. Annotations are left alone where the shape says nothing of them. */
function isRenamed({ metadata }: EndpointSlice, { labels, annotations }: SliceShape['metadata']): boolean {
  if (!deepEqual(metadata.labels, labels)) return true;
  return annotations !== undefined && !deepEqual(metadata.annotations ?? {}, annotations);
}

/** The unchanged slice that so many endpoints all fit into, and that is the fullest with them. */
function toFill(kept: readonly Kept[], count: number, most: number): Kept | undefined {
  const fits = kept.filter(({ isTouched, endpoints }) => !isTouched && endpoints.length + count <= most);
  return fits.reduce<Kept | undefined>(
    (best, next) => (best && best.endpoints.length >= next.endpoints.length ? best : next),
    undefined,
  );
}

/**
 * Puts what is new where something changes anyway, the fullest first; then as a whole into one that is unchanged, or into new slices,
 * which are given. (`reconcileByPortMapping` of upstream's)
 */
function fill(kept: readonly Kept[], rest: Endpoint[], most: number): Endpoint[][] {
  const touched = kept.filter(({ isTouched }) => isTouched);
  for (const { endpoints } of touched.sort((a, b) => b.endpoints.length - a.endpoints.length))
    endpoints.push(...rest.splice(0, Math.max(0, most - endpoints.length)));
  const news: Endpoint[][] = [];
  while (rest.length > 0) {
    const one = rest.length < most ? toFill(kept, rest.length, most) : undefined;
    const some = rest.splice(0, most);
    if (!one) news.push(some);
    else {
      one.endpoints.push(...some);
      one.isTouched = true;
    }
  }
  return news;
}

/** Brings the slices of one group in order, changing as few of them as can be. */
function planGroup(
  shape: SliceShape,
  group: SliceGroup,
  existing: readonly Stored<EndpointSlice>[],
): SlicePlan {
  const { labels, annotations } = shape.metadata;
  const missing = new Map(group.endpoints);
  const all = existing.map((slice) => keep(slice, missing));
  const kept = all.filter(({ endpoints, isTouched }) => endpoints.length > 0 || !isTouched);
  for (const entry of kept) entry.isTouched ||= isRenamed(entry.slice, shape.metadata);
  const news = fill(kept, [...missing.values()], shape.most);
  const update = kept
    .filter(({ endpoints, isTouched }) => endpoints.length > 0 && isTouched)
    .map(({ slice, endpoints }) => {
      const metadata = { ...slice.metadata, labels, ...(annotations && { annotations }) };
      return { ...slice, endpoints, metadata };
    });
  return {
    create: news.map((endpoints) => newSlice(shape, group, endpoints)),
    update,
    remove: all.filter(({ endpoints }) => endpoints.length === 0).map(({ slice }) => slice),
    counts: {
      endpoints: group.endpoints.size,
      slices: Math.ceil(group.endpoints.size / shape.most),
      added: missing.size,
      updated: all.reduce((sum, { updated }) => sum + updated, 0),
      removed: all.reduce((sum, { removed }) => sum + removed, 0),
    },
  };
}

function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

/** The plan with slices that are to go turned into those that are to be made, where there are such of the same family. */
export function recycled({ create, update, remove, counts }: SlicePlan): SlicePlan {
  const left = new Set(remove);
  const spares = groupedBy(remove.toReversed(), ({ addressType }) => addressType);
  const plan: SlicePlan = { create: [], update: [...update], remove: [], counts };
  for (const slice of create) {
    const spare = spares.get(slice.addressType)?.pop();
    if (!spare) plan.create.push(slice);
    else {
      left.delete(spare);
      const { labels, annotations, ownerReferences } = slice.metadata;
      const metadata = { ...spare.metadata, labels, ...(annotations && { annotations }), ownerReferences };
      plan.update.push({ ...slice, metadata });
    }
  }
  plan.remove = [...left];
  return plan;
}

/** Which slices to make, change and remove so that they show these groups. */
export function planGroups(
  shape: SliceShape,
  groups: readonly SliceGroup[],
  existing: readonly Stored<EndpointSlice>[],
): SlicePlan {
  const living = existing.filter((slice) => !slice.metadata.deletionTimestamp);
  const byKey = new Map(groups.map((group) => [groupKey(group), group]));
  // A key takes time to write: there may be thousands of groups and slices, and thousands of ports in each.
  const own = groupedBy(living, groupKey);
  const plans = [...byKey].map(([key, group]) => planGroup(shape, group, own.get(key) ?? []));
  const stale = [...own].flatMap(([key, slices]) => (byKey.has(key) ? [] : slices));
  return {
    create: plans.flatMap((p) => p.create),
    update: plans.flatMap((p) => p.update),
    remove: [...plans.flatMap((p) => p.remove), ...stale],
    counts: plans.map((p) => p.counts).reduce(sumOf, noCounts),
  };
}
