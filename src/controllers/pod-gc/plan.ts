import type { Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { isFinished } from '../shared/pods.ts';
import { readiness } from '../shared/nodes.ts';

export interface PodGcInput {
  pods: readonly Stored<Pod>[];
  nodes: ReadonlyMap<string, Node>;
  /** Nodes that the server itself says do not exist. */
  missingNodes: ReadonlySet<string>;
  /** Finished pods that may stay in all; all of them where it is 0. */
  mostFinished: number;
}

/** A pod that nobody will take away but us, and why. */
export interface Leftover {
  pod: Stored<Pod>;
  why: 'out-of-service' | 'finished' | 'orphaned' | 'unscheduled';
}

const outOfServiceKey = 'node.kubernetes.io/out-of-service';

const isOutOfService = (node: Node | undefined) =>
  node !== undefined &&
  readiness(node) !== 'True' &&
  (node.spec?.taints ?? []).some(({ key }) => key === outOfServiceKey);

/** Evicted pods first, then the older. */
function byWorth(a: Stored<Pod>, b: Stored<Pod>): number {
  const isEvicted = (pod: Pod) => Number(pod.status?.reason === 'Evicted');
  return (
    isEvicted(b) - isEvicted(a) ||
    a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
    a.metadata.name.localeCompare(b.metadata.name)
  );
}

/** The pods to remove by force. */
export function findLeftovers(input: PodGcInput): Leftover[] {
  const { pods, nodes, missingNodes, mostFinished } = input;
  const finished = pods.filter(isFinished).sort(byWorth);
  const tooMany = mostFinished > 0 ? Math.max(0, finished.length - mostFinished) : 0;
  const surplus = new Set(finished.slice(0, tooMany));
  return pods.flatMap((pod): Leftover[] => {
    const { nodeName } = pod.spec;
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    if (nodeName && missingNodes.has(nodeName)) return [{ pod, why: 'orphaned' }];
    if (isGoing && !nodeName) return [{ pod, why: 'unscheduled' }];
    if (isGoing && nodeName && isOutOfService(nodes.get(nodeName))) return [{ pod, why: 'out-of-service' }];
    return surplus.has(pod) ? [{ pod, why: 'finished' }] : [];
  });
}
