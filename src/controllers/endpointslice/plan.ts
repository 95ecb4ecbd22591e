import type { Node, Pod, Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointHints, EndpointPort, EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { controllerReference } from '../shared/owners.ts';
import { hostnameOf, stateOf, targetPort } from '../shared/service-pods.ts';
import {
  endpointKey,
  managedByLabel,
  newSlice,
  planGroups,
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
  pods: readonly Stored<Pod>[];
  /** The slices that this controller keeps for the Service. */
  slices: readonly Stored<EndpointSlice>[];
  node(name: string): Node | undefined;
  /** What the zones have of all CPUs; asked where the Service wants its endpoints shared out among them. */
  zoneShares(): ZoneShares | undefined;
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

function endpointFor({ service, node }: SliceInput, pod: Stored<Pod>): Endpoint {
  const hostname = hostnameOf(service, pod);
  const { nodeName } = pod.spec;
  const zone = nodeName ? node(nodeName)?.metadata.labels?.[zoneLabel] : undefined;
  const { namespace, name, uid } = pod.metadata;
  const conditions = { ...stateOf(service, pod) };
  const hints =
    conditions.ready && !asksForTopology(service) ? hintsFor(service, { nodeName, zone }) : undefined;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions,
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    ...(hints && { hints }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

/** Pods whose named ports resolve alike share slices. */
function groupsOf(input: SliceInput): SliceGroup[] {
  const groups = new Map<string, SliceGroup>();
  const { ports: wanted = [], clusterIP } = input.service.spec;
  for (const pod of input.pods) {
    const addressType = pod.status?.podIP?.includes(':') ? 'IPv6' : 'IPv4';
    const key = `${addressType} ${wanted.map((port) => targetPort(port, pod)).join()}`;
    const group = groups.get(key) ?? {
      addressType,
      ports: portsFor(input.service, pod),
      endpoints: new Map(),
    };
    if (group.ports.length === 0 && clusterIP !== 'None') continue;
    group.endpoints.set(pod.metadata.uid, endpointFor(input, pod));
    groups.set(key, group);
  }
  return [...groups.values()];
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
  const generateName = `${name}-`.slice(0, 58);
  const ownerReferences = [controllerReference(service)];
  const metadata = { generateName, namespace, labels: labelsFor(service), ownerReferences };
  return { metadata, most: mostEndpoints };
}

/** Says of each endpoint which zone it is for, where that can be said. */
function shareOut({ slices, zoneShares }: SliceInput, groups: readonly SliceGroup[]): Topology[] {
  const before = new Map(
    slices.flatMap(({ endpoints }) =>
      (endpoints ?? []).map((e): [string, string] => [endpointKey(e), e.hints?.forZones?.[0]?.name ?? '']),
    ),
  );
  return groups.map(({ addressType, endpoints }) => {
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
  const shape = shapeFor(input.service);
  const living = input.slices.filter((slice) => !slice.metadata.deletionTimestamp);
  const groups = groupsOf(input);
  const topology = asksForTopology(input.service) ? shareOut(input, groups) : undefined;
  return { ...keepOne(shape, planGroups(shape, groups, living), living), topology };
}

/** A Service without pods keeps one empty slice, so that everybody can see that it has been looked at. */
function keepOne(shape: SliceShape, plan: SlicePlan, living: readonly Stored<EndpointSlice>[]): SlicePlan {
  if (plan.create.length > 0 || living.length > plan.remove.length) return plan;
  const [spare, ...remove] = plan.remove;
  const { labels } = shape.metadata;
  if (!spare) return { ...plan, create: [newSlice(shape, { addressType: 'IPv4', ports: [] }, [])] };
  const isEmpty = (spare.endpoints ?? []).length === 0 && (spare.ports ?? []).length === 0;
  const update = isEmpty
    ? []
    : [{ ...spare, metadata: { ...spare.metadata, labels }, endpoints: [], ports: [] }];
  return { create: [], update: [...plan.update, ...update], remove };
}
