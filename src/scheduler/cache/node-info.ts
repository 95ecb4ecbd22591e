import type { Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { addInto, amountsOf, assumedRequestsOf, type Resources, requestsOf } from './resources.ts';

/** A pod with what the scheduler reads off it once. */
export interface PodInfo {
  pod: Stored<Pod>;
  requests: Resources;
  assumed: Resources;
  /** Ports of the node that it takes, as `protocol address port`. */
  hostPorts: readonly string[];
}

export function podInfo(pod: Stored<Pod>): PodInfo {
  return { pod, requests: requestsOf(pod), assumed: assumedRequestsOf(pod), hostPorts: hostPortsOf(pod) };
}

function hostPortsOf(pod: Pod): string[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  return [...pod.spec.containers, ...sidecars]
    .flatMap((container) => container.ports ?? [])
    .filter((port) => (port.hostPort ?? 0) > 0)
    .map((port) => `${port.protocol ?? 'TCP'} ${port.hostIP || '0.0.0.0'} ${port.hostPort}`);
}

/** A node and what runs on it. Immutable: a change makes a new one, so a snapshot is an array of them. */
export interface NodeInfo {
  node: Stored<Node>;
  pods: ReadonlyMap<string, PodInfo>;
  allocatable: Resources;
  requested: Resources;
  /** With assumptions for pods that ask for nothing. */
  assumed: Resources;
  hostPorts: ReadonlySet<string>;
}

/** The node with exactly these pods. */
export function nodeInfo(node: Stored<Node>, pods: ReadonlyMap<string, PodInfo>): NodeInfo {
  const requested = new Map<string, number>();
  const assumed = new Map<string, number>();
  const hostPorts = new Set<string>();
  for (const pod of pods.values()) {
    addInto(requested, pod.requests);
    addInto(assumed, pod.assumed);
    for (const port of pod.hostPorts) hostPorts.add(port);
  }
  const allocatable = amountsOf(node.status?.allocatable ?? node.status?.capacity);
  return { node, pods, allocatable, requested, assumed, hostPorts };
}

/** The same node with one pod more; cheaper than counting all anew. */
export function withPod(info: NodeInfo, pod: PodInfo): NodeInfo {
  const requested = new Map(info.requested);
  const assumed = new Map(info.assumed);
  addInto(requested, pod.requests);
  addInto(assumed, pod.assumed);
  const hostPorts =
    pod.hostPorts.length > 0 ? new Set([...info.hostPorts, ...pod.hostPorts]) : info.hostPorts;
  return { ...info, requested, assumed, hostPorts, pods: new Map(info.pods).set(pod.pod.metadata.uid, pod) };
}
