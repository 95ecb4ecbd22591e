import { isExtendedResource } from '../../machinery/resource-claims.ts';
import type { NodeInfo, PodInfo } from '../cache/node-info.ts';
import { amountOf, type Resources } from '../cache/resources.ts';
import type { Decision } from '../framework/framework.ts';

/** A resource that counts for a score. */
export interface WeighedResource {
  name: string;
  weight: number;
}

const listed = ({ cpu, memory, storage, others }: Resources) => [cpu, memory, storage, ...others];

/** What a plugin signs that reads what a pod uses. */
export const signedUse = ({ requests, assumed }: PodInfo) => [listed(requests), listed(assumed)];

/** What the node would have in use with the pod, and what it has at all; no capacity where the resource is left out. */
export function useAfter(
  { pod }: Decision,
  node: NodeInfo,
  { name, assume }: { name: string; assume: boolean },
): { used: number; capacity: number } {
  const own = amountOf(assume ? pod.assumed : pod.requests, name);
  if (own === 0 && isExtendedResource(name)) return { used: 0, capacity: 0 };
  const used = amountOf(assume ? node.assumed : node.requested, name) + own;
  return { used, capacity: amountOf(node.allocatable, name) };
}
