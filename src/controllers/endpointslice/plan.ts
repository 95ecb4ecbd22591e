import type { Node, Pod, Service } from '../../api/core/v1.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { controllerReference } from '../shared/owners.ts';
import { hostnameOf, stateOf, targetPort } from '../shared/service-pods.ts';

export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
export const serviceNameLabel = 'kubernetes.io/service-name';
const headlessLabel = 'service.kubernetes.io/headless';
const zoneLabel = 'topology.kubernetes.io/zone';

/** Endpoints in one slice, at most. */
export const mostEndpoints = 100;

export interface SlicePlan {
  create: EndpointSlice[];
  update: EndpointSlice[];
  remove: Stored<EndpointSlice>[];
}

export interface SliceInput {
  service: Stored<Service>;
  pods: readonly Stored<Pod>[];
  /** The slices that this controller keeps for the Service. */
  slices: readonly Stored<EndpointSlice>[];
  node(name: string): Node | undefined;
}

/** Pods whose named ports resolve alike share slices. */
interface Group {
  ports: EndpointPort[];
  endpoints: Map<string, Endpoint>;
}

function portsFor(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = port;
    return [{ name, protocol, port: number, ...(appProtocol && { appProtocol }) }];
  });
}

/** The same ports give the same text, however the fields of what the server keeps are ordered. */
function keyOfPorts(ports: readonly EndpointPort[]): string {
  return JSON.stringify(
    ports.map((p) => [p.name ?? '', p.protocol ?? 'TCP', p.port ?? 0, p.appProtocol ?? '']),
  );
}

function endpointFor({ service, node }: SliceInput, pod: Stored<Pod>): Endpoint {
  const hostname = hostnameOf(service, pod);
  const { nodeName } = pod.spec;
  const zone = nodeName ? node(nodeName)?.metadata.labels?.[zoneLabel] : undefined;
  const { namespace, name, uid } = pod.metadata;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ...stateOf(service, pod) },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function groupsOf(input: SliceInput): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const pod of input.pods) {
    const ports = portsFor(input.service, pod);
    if (ports.length === 0 && input.service.spec.clusterIP !== 'None') continue;
    const key = keyOfPorts(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map() };
    group.endpoints.set(pod.metadata.uid, endpointFor(input, pod));
    groups.set(key, group);
  }
  return groups;
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

function newSlice(service: Stored<Service>, ports: EndpointPort[], endpoints: Endpoint[]): EndpointSlice {
  const { namespace, name } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`.slice(0, 58),
      namespace,
      labels: labelsFor(service),
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    ports,
    endpoints,
  };
}

const uidOf = (endpoint: Endpoint) => endpoint.targetRef?.uid ?? '';

/** Brings the slices of one group of ports in order, changing as few of them as can be. */
function planGroup(input: SliceInput, group: Group, existing: readonly Stored<EndpointSlice>[]): SlicePlan {
  const { service } = input;
  const labels = labelsFor(service);
  const missing = new Map(group.endpoints);
  const kept = existing.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const wanted = missing.get(uidOf(endpoint));
      missing.delete(uidOf(endpoint));
      return wanted ?? [];
    });
    return { slice, endpoints };
  });
  const rest = [...missing.values()];
  // New ones go where something changes anyway, then where there is room, then into new slices.
  const isTouched = ({ slice, endpoints }: (typeof kept)[number]) =>
    !deepEqual(slice.endpoints ?? [], endpoints);
  for (const entry of [...kept].sort((a, b) => Number(isTouched(b)) - Number(isTouched(a)))) {
    entry.endpoints.push(...rest.splice(0, Math.max(0, mostEndpoints - entry.endpoints.length)));
  }
  const create: EndpointSlice[] = [];
  while (rest.length > 0) create.push(newSlice(service, group.ports, rest.splice(0, mostEndpoints)));
  const update = kept
    .filter((k) => k.endpoints.length > 0 && (isTouched(k) || !deepEqual(k.slice.metadata.labels, labels)))
    .map(({ slice, endpoints }) => ({ ...slice, endpoints, metadata: { ...slice.metadata, labels } }));
  return { create, update, remove: kept.filter((k) => k.endpoints.length === 0).map((k) => k.slice) };
}

/** Which slices to make, change and remove so that they show the pods behind a Service. */
export function planSlices(input: SliceInput): SlicePlan {
  const living = input.slices.filter((slice) => !slice.metadata.deletionTimestamp);
  const groups = groupsOf(input);
  const keyOfSlice = (slice: EndpointSlice) => keyOfPorts(slice.ports ?? []);
  const plans = [...groups].map(([key, group]) =>
    planGroup(
      input,
      group,
      living.filter((slice) => keyOfSlice(slice) === key),
    ),
  );
  const stale = living.filter((slice) => !groups.has(keyOfSlice(slice)));
  const plan: SlicePlan = {
    create: plans.flatMap((p) => p.create),
    update: plans.flatMap((p) => p.update),
    remove: [...plans.flatMap((p) => p.remove), ...stale],
  };
  return keepOne(input, plan, living);
}

/** A Service without pods keeps one empty slice, so that everybody can see that it has been looked at. */
function keepOne(
  { service }: SliceInput,
  plan: SlicePlan,
  living: readonly Stored<EndpointSlice>[],
): SlicePlan {
  if (plan.create.length > 0 || living.length > plan.remove.length) return plan;
  const [spare, ...remove] = plan.remove;
  if (!spare) return { ...plan, create: [newSlice(service, [], [])] };
  const isEmpty = (spare.endpoints ?? []).length === 0;
  const update = isEmpty ? [] : [{ ...spare, endpoints: [], ports: [] }];
  return { create: [], update: [...plan.update, ...update], remove };
}
