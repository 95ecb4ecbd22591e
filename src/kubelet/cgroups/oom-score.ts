import type { Container, Pod } from '../../api/core/v1.ts';
import { quantityValue } from '../../machinery/quantity.ts';
import { isCriticalPod, isSidecar } from '../pods/pod-kinds.ts';
import { qosClassOf } from '../../machinery/qos.ts';
import { readSums } from '../../machinery/resource-sums.ts';

const guaranteedScore = -997;
const bestEffortScore = 1000;

/**
 * How soon the kernel picks the container's processes when memory runs out: last for guaranteed pods, first for those
 * that asked for nothing, in between the sooner the smaller the share of the node's memory that was asked for.
 */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if (isCriticalPod(pod)) return guaranteedScore;
  const qos = qosClassOf(pod);
  if (qos === 'Guaranteed') return guaranteedScore;
  if (qos === 'BestEffort') return bestEffortScore;
  const own = burstableScore(container, nodeMemoryBytes);
  if (!isSidecar(container)) return own;
  // A sidecar must not go before the containers that it serves.
  return Math.min(own, ...pod.spec.containers.map((c) => burstableScore(c, nodeMemoryBytes)));
}

function burstableScore(container: Container, nodeMemoryBytes: number): number {
  const request = readSums(container.resources?.requests).get('memory');
  const asked = request ? quantityValue(request) : 0;
  const score = 1000 - Math.trunc((1000 * asked) / nodeMemoryBytes);
  return Math.min(bestEffortScore - 1, Math.max(1000 + guaranteedScore, score));
}
