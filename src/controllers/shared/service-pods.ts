import type { Pod, Service, ServicePort } from '../../api/core/v1.ts';
import { pods, services } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { keyOf } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { type AddressFamily, familyOf } from '../../machinery/address-family.ts';
import { exactlyOnce, matchesLabels, type Selector } from '../../machinery/label-selector.ts';
import { deepEqual } from '../../machinery/equal.ts';
import type { ControllerContext } from '../controller.ts';
import { byNamespace, indexByNamespace, isFinished, isReady } from './pods.ts';
import { Selecting } from './selecting.ts';
import { spacingMs } from './spacing.ts';

/** Whether endpoints are kept for a Service: it chooses pods, and is not just another name. */
export function hasEndpoints(service: Service): boolean {
  return service.spec.type !== 'ExternalName' && Object.keys(service.spec.selector ?? {}).length > 0;
}

/** What the Service chooses pods by. */
function selectorOf({ spec: { type, selector } }: Service): Selector | undefined {
  const exactly = type === 'ExternalName' || !selector ? undefined : exactlyOnce(selector);
  return exactly?.length ? exactly : undefined;
}

const portsByName = new WeakMap<Pod, ReadonlyMap<string, number>>();

/** The ports of a pod's containers by protocol and name, the first of each: written down once, since a Service may ask for thousands. */
function namedPorts(pod: Pod): ReadonlyMap<string, number> {
  const known = portsByName.get(pod);
  if (known) return known;
  const found = new Map<string, number>();
  const { containers = [], initContainers = [] } = pod.spec;
  const sidecars = initContainers.filter((c) => c.restartPolicy === 'Always');
  for (const { ports = [] } of [...containers, ...sidecars])
    for (const { name, protocol = 'TCP', containerPort } of ports) {
      const key = `${protocol} ${name}`;
      if (name && !found.has(key)) found.set(key, containerPort);
    }
  portsByName.set(pod, found);
  return found;
}

/** The number that a Service's port leads to in a pod; undefined where the pod has no port of that name. */
export function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target || port.port;
  const named = namedPorts(pod).get(`${port.protocol ?? 'TCP'} ${target}`);
  return named ?? (/^\d+$/.test(target) ? Number(target) : undefined);
}

/** The numbers that a Service's ports lead to in a pod, as text: the same for pods that share a set of ports. */
export const targetsOf = ({ spec }: Service, pod: Pod): string =>
  (spec.ports ?? []).map((port) => targetPort(port, pod)).join();

export interface PodState {
  ready: boolean;
  serving: boolean;
  terminating: boolean;
}

/** What clients are told of a pod: ending ones may still serve, but are not chosen while others are. */
export function stateOf(service: Service, pod: Pod): PodState {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  return {
    ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating),
    serving,
    terminating,
  };
}

export type Family = AddressFamily['name'];

/** The families of addresses that a Service shows its pods by, its own first; both where that is not said and nothing tells it. */
export function familiesOf({ spec }: Service): Family[] {
  const { ipFamilies = [], clusterIP } = spec;
  if (ipFamilies.length > 0) return ipFamilies as Family[];
  return clusterIP && clusterIP !== 'None' ? [familyOf(clusterIP).name] : ['IPv4', 'IPv6'];
}

/** A pod's addresses of one family. */
export function addressesOf({ status }: Pod, family: Family): string[] {
  const { podIP, podIPs = podIP ? [{ ip: podIP }] : [] } = status ?? {};
  return podIPs.map(({ ip }) => ip).filter((ip) => familyOf(ip).name === family);
}

/** Whether a pod can be an endpoint: it has an address and is not finished. */
export const isReachable = (pod: Pod) => Boolean(pod.status?.podIP) && !isFinished(pod);

/** The name under which DNS finds a pod of a headless Service. */
export function hostnameOf(service: Service, pod: Pod): string | undefined {
  return pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined;
}

/**
 * Puts the Services into the queue that a change of a Service or pod matters to. Gives the function that finds the pods that a
 * Service chooses.
 */
export function enqueueServices(
  context: ControllerContext,
  queue: WorkQueue,
): (service: Stored<Service>) => Stored<Pod>[] {
  const serviceInformer = context.informers.of(services);
  const podInformer = context.informers.of(pods);
  const selecting = new Selecting(serviceInformer, selectorOf);
  indexByNamespace(podInformer);
  const counts = new Map<string, number>();
  const addService = (service: Stored<Service>) => queue.add(keyOf(service));
  const forget = (service: Stored<Service>) => {
    counts.delete(keyOf(service));
    addService(service);
  };
  serviceInformer.onChange({ added: addService, updated: addService, deleted: forget });
  const addSelecting = (pod: Stored<Pod>) => {
    for (const key of selecting.keysFor(pod)) queue.addAfter(key, spacingMs(counts.get(key) ?? 0));
  };
  podInformer.onChange({
    added: addSelecting,
    deleted: addSelecting,
    updated: (pod, old) => {
      if (!matters(pod, old)) return;
      if (!deepEqual(pod.metadata.labels, old.metadata.labels)) addSelecting(old);
      addSelecting(pod);
    },
  });
  return (service) => {
    const all = podInformer.byIndex(byNamespace, service.metadata.namespace ?? '');
    const selector = selectorOf(service);
    const found = all.filter((pod) => matchesLabels(selector, pod.metadata.labels));
    counts.set(keyOf(service), found.length);
    return found;
  };
}

/** Whether a pod's change can change an endpoint. */
function matters(pod: Pod, old: Pod): boolean {
  const view = ({ metadata, spec, status }: Pod) => [
    metadata.labels,
    metadata.deletionTimestamp,
    spec.nodeName,
    spec.hostname,
    status?.podIPs,
    status?.phase,
    isReady({ metadata, spec, status }),
  ];
  return !deepEqual(view(pod), view(old));
}
