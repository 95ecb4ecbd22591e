import type { Node, Pod, Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { controllerReference } from '../shared/owners.ts';
import {
  addressesOf,
  familiesOf,
  type Family,
  hostnameOf,
  isReachable,
  stateOf,
  targetPort,
  targetsOf,
} from '../shared/service-pods.ts';
import { withTriggerTime } from '../shared/trigger-times.ts';
import {
  endpointKey,
  managedByLabel,
  newSlice,
  planGroups,
  recycled,
  type SliceGroup,
  type SlicePlan,
  type SliceShape,
  serviceNameLabel,
} from '../shared/slices.ts';
import { asksForTopology, zoneLabel, type ZoneShares, zonesFor } from './topology.ts';

export const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';

/** Endpoints in one slice, at most. */
const mostEndpoints = 100;

export interface SliceInput {
  service: Stored<Service>;
  /** The pods that it chooses. */
  pods: readonly Stored<Pod>[];
  /** The slices that this controller keeps for the Service. */
  slices: readonly Stored<EndpointSlice>[];
  node(name: string): Node | undefined;
  /** What the zones have of all CPUs; asked where the Service wants its endpoints shared out among them. */
  zoneShares(): ZoneShares | undefined;
  /** When that happened which may have changed the endpoints. */
  triggerTime?: string;
}

/** Whether the endpoints of one family of addresses are shared out among the zones, and if not, why. */
export interface Topology {
  addressType: string;
  why?: string;
}

function portsFor(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = port;
    return [{ name, protocol, port: number, ...(appProtocol && { appProtocol }) }];
  });
}

/** For whom an endpoint is meant first, where the Service asks for traffic that stays close. */
function hintsFor(service: Service, place: { nodeName?: string; zone?: string }): EndpointHints | undefined {
  const wish = service.spec.trafficDistribution;
  const { nodeName, zone } = place;
  if (wish !== 'PreferClose' && wish !== 'PreferSameZone' && wish !== 'PreferSameNode') return undefined;
  const forNodes = wish === 'PreferSameNode' && nodeName ? { forNodes: [{ name: nodeName }] } : {};
  return zone || 'forNodes' in forNodes
    ? { ...(zone && { forZones: [{ name: zone }] }), ...forNodes }
    : undefined;
}

function endpointFor(
  service: Service,
  pod: Stored<Pod>,
  { zone, addresses }: { zone: string | undefined; addresses: Endpoint['addresses'] },
): Endpoint {
  const hostname = hostnameOf(service, pod);
  const { nodeName } = pod.spec;
  const { namespace, name, uid } = pod.metadata;
  const conditions = { ...stateOf(service, pod) };
  const hints =
    conditions.ready && !asksForTopology(service) ? hintsFor(service, { nodeName, zone }) : undefined;
  return {
    addresses,
    conditions,
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    ...(hints && { hints }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

/** An endpoint that shows a pod, and what tells its group from others. */
interface Shown {
  group: string;
  addressType: Family;
  key: string;
  endpoint: Endpoint;
}

/** How a pod was shown, and for what: versions of objects, and the zone of its node. */
interface Showing {
  service: Service;
  zone: string | undefined;
  shown: readonly Shown[];
}

/** Most pods are the same from one look at a Service to the next. */
const showings = new WeakMap<Pod, Showing>();

/** Pods whose named ports resolve alike share slices, by each family of addresses. */
function groupsOf(input: SliceInput): SliceGroup[] {
  const families = familiesOf(input.service);
  const groups = new Map<string, SliceGroup>();
  for (const pod of input.pods) {
    if (!isShown(input, pod)) continue;
    for (const shown of showingOf(input, pod, families)) {
      const group = groups.get(shown.group) ?? groupOf(input.service, pod, shown);
      group.endpoints.set(shown.key, shown.endpoint);
      groups.set(shown.group, group);
    }
  }
  return [...groups.values()];
}

const groupOf = (service: Service, pod: Pod, { addressType }: Shown): SliceGroup => ({
  addressType,
  ports: portsFor(service, pod),
  endpoints: new Map(),
});

function showingOf(input: SliceInput, pod: Stored<Pod>, families: readonly Family[]): readonly Shown[] {
  const { service, node } = input;
  const zone = pod.spec.nodeName ? node(pod.spec.nodeName)?.metadata.labels?.[zoneLabel] : undefined;
  const known = showings.get(pod);
  if (known && known.service === service && known.zone === zone) return known.shown;
  const ports = targetsOf(service, pod);
  const shown = families.flatMap((addressType): Shown[] => {
    const addresses = addressesOf(pod, addressType);
    if (addresses.length === 0) return [];
    const endpoint = endpointFor(service, pod, { zone, addresses });
    return [{ group: `${addressType} ${ports}`, addressType, key: endpointKey(endpoint), endpoint }];
  });
  showings.set(pod, { service, zone, shown });
  return shown;
}

/** A pod of a node that is gone is not shown, unless the Service shows whatever there is. */
function isShown({ service, node }: SliceInput, pod: Pod): boolean {
  if (!isReachable(pod)) return false;
  return service.spec.publishNotReadyAddresses === true || node(pod.spec.nodeName ?? '') !== undefined;
}

/** Labels of the Service go over to its slices, but for those that say something of the slice itself. */
function labelsFor(service: Service): Record<string, string> {
  const own = new Set([serviceNameLabel, managedByLabel, headlessLabel]);
  const taken = Object.entries(service.metadata.labels ?? {}).filter(([key]) => !own.has(key));
  return {
    ...Object.fromEntries(taken),
    [managedByLabel]: managedBy,
    [serviceNameLabel]: service.metadata.name ?? '',
    ...(service.spec.clusterIP === 'None' && { [headlessLabel]: '' }),
  };
}

function shapeFor(service: Stored<Service>): SliceShape {
  const { namespace, name } = service.metadata;
  const generateName = `${name}-`;
  const ownerReferences = [controllerReference(service)];
  const metadata = { generateName, namespace, labels: labelsFor(service), ownerReferences };
  return { metadata, most: mostEndpoints };
}

/** Says of each endpoint which zone it is for, where that can be said. */
function shareOut({ slices, zoneShares }: SliceInput, groups: readonly SliceGroup[]): Topology[] {
  return groups.map(({ addressType, endpoints }) => {
    const before = new Map(
      slices
        .filter((slice) => slice.addressType === addressType)
        .flatMap((slice) => slice.endpoints ?? [])
        .map((e): [string, string] => [endpointKey(e), e.hints?.forZones?.[0]?.name ?? '']),
    );
    const zones = zonesFor(endpoints, zoneShares(), before);
    if (typeof zones === 'string') return { addressType, why: zones };
    for (const [key, name] of zones)
      endpoints.set(key, { ...(endpoints.get(key) as Endpoint), hints: { forZones: [{ name }] } });
    return { addressType };
  });
}

/**
 * Which slices to make, change and remove so that they show the pods behind a Service; `topology` where it asks for its endpoints
 * to be shared out among the zones.
 */
export function planSlices(input: SliceInput): SlicePlan & { topology?: readonly Topology[] } {
  const { service, triggerTime } = input;
  const shape = shapeFor(service);
  const living = input.slices.filter((slice) => !slice.metadata.deletionTimestamp);
  const own = living.filter((slice) => isOwn(service, slice));
  const groups = groupsOf(input);
  const topology = asksForTopology(service) ? shareOut(input, groups) : undefined;
  const planned = planGroups(shape, groups, own);
  const kept = familiesOf(service).reduce((plan, family) => keepOne(shape, { plan, own, family }), planned);
  const plan = recycled(kept);
  const stamped = <T extends EndpointSlice>(slice: T): T => {
    const annotations = withTriggerTime(slice.metadata.annotations, triggerTime);
    return { ...slice, metadata: { ...slice.metadata, annotations } };
  };
  return {
    ...plan,
    // The garbage collector is about to take them away; what is there is kept true for as long as somebody holds the Service.
    create: service.metadata.deletionTimestamp ? [] : plan.create.map(stamped),
    update: plan.update.map(stamped),
    remove: [...plan.remove, ...living.filter((slice) => !isOwn(service, slice))],
    topology,
  };
}

/** Slices of an earlier Service of the same name are not taken over: they go with their owner. */
const isOwn = (service: Stored<Service>, { metadata }: EndpointSlice) =>
  metadata.ownerReferences?.some(({ uid, kind }) => uid === service.metadata.uid && kind === 'Service') ??
  false;

/** A Service without pods keeps one empty slice of each family, so that everybody can see that it has been looked at. */
function keepOne(
  shape: SliceShape,
  { plan, own, family }: { plan: SlicePlan; own: readonly Stored<EndpointSlice>[]; family: Family },
): SlicePlan {
  const isOfFamily = ({ addressType }: EndpointSlice) => addressType === family;
  const removed = plan.remove.filter(isOfFamily);
  if (plan.create.some(isOfFamily) || own.filter(isOfFamily).length > removed.length) return plan;
  const [spare, ...others] = removed;
  const isKept = spare && others.length === 0 && isEmptyOne(spare, shape);
  if (isKept) return { ...plan, remove: plan.remove.filter((slice) => slice !== spare) };
  return { ...plan, create: [...plan.create, newSlice(shape, { addressType: family, ports: [] }, [])] };
}

/** Whether a slice says already that there are no endpoints. */
function isEmptyOne({ endpoints, ports, metadata }: EndpointSlice, shape: SliceShape): boolean {
  return !endpoints?.length && !ports?.length && deepEqual(metadata.labels, shape.metadata.labels);
}
