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
}

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

/** What tells an endpoint from others: its pod, or its address. */
export const endpointKey = (endpoint: Endpoint) => endpoint.targetRef?.uid || (endpoint.addresses[0] ?? '');

/** The same text for groups that may share slices, however the fields of what the server keeps are ordered. */
export function groupKey({ addressType, ports }: Pick<EndpointSlice, 'addressType' | 'ports'>): string {
  const values = (ports ?? []).map((p) => [
    p.name ?? '',
    p.protocol ?? 'TCP',
    p.port ?? 0,
    p.appProtocol ?? '',
  ]);
  return JSON.stringify([addressType, values]);
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

/** A slice, and what it is to show of what is left in `missing`, which is taken out there. */
function keep(slice: Stored<EndpointSlice>, missing: Map<string, Endpoint>) {
  const before = slice.endpoints ?? [];
  const endpoints: Endpoint[] = [];
  let isTouched = false;
  for (const endpoint of before) {
    const key = endpointKey(endpoint);
    const wanted = missing.get(key);
    missing.delete(key);
    if (wanted) endpoints.push(wanted);
    isTouched ||= !wanted || !deepEqual(endpoint, wanted);
  }
  return { slice, endpoints, isTouched };
}

/** Brings the slices of one group in order, changing as few of them as can be. */
function planGroup(
  shape: SliceShape,
  group: SliceGroup,
  existing: readonly Stored<EndpointSlice>[],
): SlicePlan {
  const { labels, annotations } = shape.metadata;
  const missing = new Map(group.endpoints);
  const kept = existing.map((slice) => keep(slice, missing));
  const rest = [...missing.values()];
  // New ones go where something changes anyway, then where there is room, then into new slices.
  for (const entry of [...kept].sort((a, b) => Number(b.isTouched) - Number(a.isTouched))) {
    const added = rest.splice(0, Math.max(0, shape.most - entry.endpoints.length));
    entry.endpoints.push(...added);
    entry.isTouched ||= added.length > 0;
  }
  const create: EndpointSlice[] = [];
  while (rest.length > 0) create.push(newSlice(shape, group, rest.splice(0, shape.most)));
  // Annotations are left alone where the shape says nothing of them.
  const isRenamed = ({ metadata }: EndpointSlice) =>
    !deepEqual(metadata.labels, labels) ||
    (annotations !== undefined && !deepEqual(metadata.annotations ?? {}, annotations));
  const update = kept
    .filter((entry) => entry.endpoints.length > 0 && (entry.isTouched || isRenamed(entry.slice)))
    .map(({ slice, endpoints }) => {
      return {
        ...slice,
        endpoints,
        metadata: { ...slice.metadata, labels, ...(annotations && { annotations }) },
      };
    });
  return { create, update, remove: kept.filter((k) => k.endpoints.length === 0).map((k) => k.slice) };
}

/** Which slices to make, change and remove so that they show these groups. */
export function planGroups(
  shape: SliceShape,
  groups: readonly SliceGroup[],
  existing: readonly Stored<EndpointSlice>[],
): SlicePlan {
  const living = existing.filter((slice) => !slice.metadata.deletionTimestamp);
  const byKey = new Map(groups.map((group) => [groupKey(group), group]));
  const plans = [...byKey].map(([key, group]) => {
    const own = living.filter((slice) => groupKey(slice) === key);
    return planGroup(shape, group, own);
  });
  const stale = living.filter((slice) => !byKey.has(groupKey(slice)));
  return {
    create: plans.flatMap((p) => p.create),
    update: plans.flatMap((p) => p.update),
    remove: [...plans.flatMap((p) => p.remove), ...stale],
  };
}
