import type { Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { type PodTerms, podTermsOf } from './affinity-terms.ts';
import {
  amountsOf,
  assumedRequestsOf,
  holdsTheSame,
  minus,
  plus,
  type Resources,
  requestsOf,
  sameResources,
} from './resources.ts';

/** A pod with what the scheduler reads off it once. */
export interface PodInfo {
  readonly pod: Stored<Pod>;
  readonly priority: number;
  readonly requests: Resources;
  /** With assumptions where it asks for nothing. */
  readonly assumed: Resources;
  /** Ports of the node that it takes, as `protocol address port`. */
  readonly hostPorts: readonly string[];
  /** Its affinity to other pods. */
  readonly terms: PodTerms | undefined;
  /** Names of the volume claims it mounts. */
  readonly claims: readonly string[];
}

export function podInfo(pod: Stored<Pod>): PodInfo {
  const requests = requestsOf(pod);
  const assumed = assumedRequestsOf(pod);
  return {
    pod,
    priority: pod.spec.priority ?? 0,
    requests,
    assumed: sameResources(assumed, requests) ? requests : assumed,
    hostPorts: hostPortsOf(pod),
    terms: podTermsOf(pod),
    claims: claimNamesOf(pod),
  };
}

/** Most pods have none of this or that. */
const none: readonly string[] = [];

function hostPortsOf(pod: Pod): readonly string[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  const ports = [...pod.spec.containers, ...sidecars]
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => `${port.protocol ?? 'TCP'} ${port.hostIP || '0.0.0.0'} ${port.hostPort}`);
  return ports.length > 0 ? ports : none;
}

/** A volume with `ephemeral` mounts a claim that is named after the pod. */
function claimNamesOf(pod: Stored<Pod>): readonly string[] {
  const names = (pod.spec.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${pod.metadata.name}-${volume.name}`] : none;
  });
  return names.length > 0 ? names : none;
}

/** The same of another version of a known pod; undefined where that asks for something else. */
export function podInfoAgain(pod: Stored<Pod>, known: PodInfo): PodInfo | undefined {
  if (!sameSpec(pod, known.pod) || !holdsTheSame(pod, known.pod)) return undefined;
  // Terms can mean labels of the pod.
  return { ...known, pod, terms: known.terms && podTermsOf(pod) };
}

/** Whether two versions of a pod ask for the same, wherever they are. */
function sameSpec(a: Pod, b: Pod): boolean {
  return deepEqual({ ...a.spec, nodeName: undefined }, { ...b.spec, nodeName: undefined });
}

/** A node and what runs on it. Immutable: a change makes a new one, so a snapshot is a list of them. */
export interface NodeInfo {
  readonly node: Stored<Node>;
  readonly name: string;
  readonly pods: readonly PodInfo[];
  /** Pods that it is kept for, as `NominatedPods` has them. */
  readonly kept: readonly PodInfo[];
  readonly allocatable: Resources;
  /** How many pods it takes. */
  readonly podLimit: number;
  readonly requested: Resources;
  /** With assumptions for pods that ask for nothing. */
  readonly assumed: Resources;
  /** One entry for each port of each pod. */
  readonly hostPorts: readonly string[];
}

/** What does not come from the node itself. */
type Load = Pick<NodeInfo, 'pods' | 'kept' | 'requested' | 'assumed' | 'hostPorts'>;

const empty: Load = {
  pods: [],
  kept: [],
  requested: amountsOf(undefined),
  assumed: amountsOf(undefined),
  hostPorts: [],
};

/** The node with exactly these pods, kept for those. */
export function nodeInfo(
  node: Stored<Node>,
  pods: Iterable<PodInfo> = [],
  kept: readonly PodInfo[] = [],
): NodeInfo {
  let info = withNode({ ...empty, kept }, node);
  for (const pod of pods) info = withPod(info, pod);
  return info;
}

/** The same pods on the node as it is now. */
export function withNode(info: Load, node: Stored<Node>): NodeInfo {
  const { pods, kept, requested, assumed, hostPorts } = info;
  const allocatable = amountsOf(node.status?.allocatable ?? node.status?.capacity);
  const podLimit = allocatable.others.get('pods') ?? 0;
  const { name } = node.metadata;
  return { node, name, pods, kept, allocatable, podLimit, requested, assumed, hostPorts };
}

/** The same node with one pod more. */
export function withPod(info: NodeInfo, pod: PodInfo): NodeInfo {
  const { node, name, kept, allocatable, podLimit, hostPorts } = info;
  return {
    node,
    name,
    pods: [...info.pods, pod],
    kept,
    allocatable,
    podLimit,
    requested: plus(info.requested, pod.requests),
    assumed: plus(info.assumed, pod.assumed),
    hostPorts: pod.hostPorts.length > 0 ? [...hostPorts, ...pod.hostPorts] : hostPorts,
  };
}

/** The same node with another version of one of its pods, which asks for the same. */
export function withPodInstead(info: NodeInfo, old: PodInfo, pod: PodInfo): NodeInfo {
  return { ...info, pods: info.pods.map((p) => (p === old ? pod : p)) };
}

/** The same node without one of its pods. */
export function withoutPod(info: NodeInfo, uid: string): NodeInfo {
  const pod = info.pods.find((p) => p.pod.metadata.uid === uid);
  if (!pod) return info;
  const hostPorts = [...info.hostPorts];
  for (const port of pod.hostPorts) hostPorts.splice(hostPorts.indexOf(port), 1);
  return {
    ...info,
    pods: info.pods.filter((p) => p !== pod),
    requested: minus(info.requested, pod.requests),
    assumed: minus(info.assumed, pod.assumed),
    hostPorts: pod.hostPorts.length > 0 ? hostPorts : info.hostPorts,
  };
}
