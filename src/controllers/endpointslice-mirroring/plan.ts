import type { EndpointAddress, Endpoints, EndpointSubset } from '../../api/core/v1.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../../api/discovery/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { familyOf } from '../../machinery/address-family.ts';
import { looseIp } from '../../machinery/ip.ts';
import { controllerReference } from '../shared/owners.ts';
import {
  endpointKey,
  groupKey,
  managedByLabel,
  planGroups,
  recycled,
  type SliceGroup,
  type SlicePlan,
  serviceNameLabel,
} from '../shared/slices.ts';

type SubsetPort = NonNullable<EndpointSubset['ports']>[number];

export const managedBy = 'endpointslicemirroring-controller.k8s.io';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';
const leaderKey = 'control-plane.alpha.kubernetes.io/leader';
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
]);

/** Addresses of one subset that are mirrored, at most. */
export const mostAddresses = 1000;

/** How many addresses are left out because there are too many. */
export function skippedAddresses(source: Endpoints): number {
  const beyond = ({ addresses = [], notReadyAddresses = [] }: EndpointSubset) =>
    Math.max(0, addresses.length + notReadyAddresses.length - mostAddresses);
  return subsetsOf(source).reduce((sum, subset) => sum + beyond(subset), 0);
}

/** The subsets, those of the same addresses as one with the ports of all of them. (`RepackSubsets` in `pkg/api/v1/endpoints/util.go`) */
function subsetsOf({ subsets = [] }: Endpoints): EndpointSubset[] {
  const merged = new Map<string, { subset: EndpointSubset; ports: Map<string, SubsetPort> }>();
  for (const subset of subsets) {
    const key = addressesKey(subset);
    const { ports } = merged.get(key) ?? { ports: new Map<string, SubsetPort>() };
    for (const port of subset.ports ?? []) ports.set(JSON.stringify(port), port);
    merged.set(key, { subset, ports });
  }
  return [...merged.values()].map(({ subset, ports }) => ({ ...subset, ports: [...ports.values()] }));
}

function addressesKey({ addresses = [], notReadyAddresses = [] }: EndpointSubset): string {
  const textOf = (all: readonly EndpointAddress[]) =>
    all.map(({ ip, targetRef }) => `${ip} ${targetRef?.uid ?? ''}`).sort();
  return `${textOf(addresses)} / ${textOf(notReadyAddresses)}`;
}

/** Whether somebody has written these Endpoints by hand for others to find. */
export function isMirrored({ metadata }: Endpoints): boolean {
  return metadata.labels?.[skipLabel] !== 'true' && metadata.annotations?.[leaderKey] === undefined;
}

function endpointOf(address: EndpointAddress, ready: boolean): Endpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    // Old ones may be written in forms that slices do not take.
    addresses: [looseIp(ip) ?? ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(nodeName && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}

function portsOf(subset: EndpointSubset): EndpointPort[] {
  return (subset.ports ?? []).map(({ name = '', port, protocol = 'TCP', appProtocol }) => {
    return { name, port, protocol, ...(appProtocol && { appProtocol }) };
  });
}

function groupsOf(source: Endpoints): SliceGroup[] {
  const groups = new Map<string, SliceGroup>();
  for (const subset of subsetsOf(source)) {
    const all = [
      ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
    ];
    for (const endpoint of all.slice(0, mostAddresses)) {
      const ports = portsOf(subset);
      const addressType = familyOf(endpoint.addresses[0] ?? '').name;
      const key = groupKey({ addressType, ports });
      const group = groups.get(key) ?? { addressType, ports, endpoints: new Map() };
      group.endpoints.set(endpointKey(endpoint), endpoint);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** What to do so that slices show what Endpoints written by hand say. Those that are on their way out get no new ones. */
export function planMirror(source: Stored<Endpoints>, slices: readonly Stored<EndpointSlice>[]): SlicePlan {
  const { name, namespace, labels, annotations = {}, deletionTimestamp } = source.metadata;
  const copied = Object.fromEntries(Object.entries(annotations).filter(([key]) => !notCopied.has(key)));
  const metadata = {
    generateName: `${name}-`,
    namespace,
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: managedBy },
    annotations: copied,
    ownerReferences: [controllerReference(source)],
  };
  const plan = recycled(planGroups({ metadata, most: mostAddresses }, groupsOf(source), slices));
  return deletionTimestamp ? { ...plan, create: [] } : plan;
}
