import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import {
  addressesOf,
  familiesOf,
  hostnameOf,
  isReachable,
  stateOf,
  targetPort,
  targetsOf,
} from '../shared/service-pods.ts';

/** Addresses in one Endpoints object, at most; the rest is cut off and an annotation says so. */
export const mostAddresses = 1000;

/** The pod's address of the Service's first family; undefined where it has none. */
function ipFor(service: Service, pod: Pod): string | undefined {
  const { ipFamilies, clusterIP } = service.spec;
  const isTold = ipFamilies?.length || (clusterIP && clusterIP !== 'None');
  const [family] = familiesOf(service);
  return isTold && family ? addressesOf(pod, family)[0] : pod.status?.podIP;
}

function addressFor(service: Service, pod: Stored<Pod>, ip: string): EndpointAddress {
  const hostname = hostnameOf(service, pod);
  const { namespace, name, uid } = pod.metadata;
  return {
    ip,
    ...(hostname && { hostname }),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

function portsFor(service: Service, pod: Pod): EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name, protocol = 'TCP', appProtocol } = port;
    return [{ ...(name && { name }), port: number, protocol, ...(appProtocol && { appProtocol }) }];
  });
}

const byAddress = (a: EndpointAddress, b: EndpointAddress) => (a.ip < b.ip ? -1 : 1);

/** The pods there is room for: those that are ready first. */
function shown(service: Service, pods: readonly Stored<Pod>[]): readonly Stored<Pod>[] {
  const ready: Stored<Pod>[] = [];
  const others: Stored<Pod>[] = [];
  for (const pod of pods) {
    if (!isReachable(pod) || ipFor(service, pod) === undefined) continue;
    const state = stateOf(service, pod);
    if (state.ready) ready.push(pod);
    else if (!state.terminating) others.push(pod);
    if (ready.length === mostAddresses) return ready;
  }
  return [...ready, ...others].slice(0, mostAddresses);
}

/** The subsets that show the pods behind a Service: one for each set of ports, addresses in order. */
export function planSubsets(service: Service, pods: readonly Stored<Pod>[]): EndpointSubset[] {
  const groups = new Map<
    string,
    { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }
  >();
  for (const pod of shown(service, pods)) {
    const targets = targetsOf(service, pod);
    const group = groups.get(targets) ?? { ports: portsFor(service, pod), ready: [], notReady: [] };
    if (group.ports.length === 0 && service.spec.clusterIP !== 'None') continue;
    (stateOf(service, pod).ready ? group.ready : group.notReady).push(
      addressFor(service, pod, ipFor(service, pod) as string),
    );
    groups.set(targets, group);
  }
  return [...groups.values()]
    .map((group) => ({ ...group, text: JSON.stringify(group.ports) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ ports, ready, notReady }) => ({
      ...(ready.length > 0 && { addresses: ready.sort(byAddress) }),
      ...(notReady.length > 0 && { notReadyAddresses: notReady.sort(byAddress) }),
      ...(ports.length > 0 && { ports }),
    }));
}
