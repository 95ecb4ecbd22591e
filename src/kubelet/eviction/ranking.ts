import type { Pod } from '../../api/core/v1.ts';
import { quantityValue } from '../../machinery/quantity.ts';
import { specSums } from '../../machinery/pod-sums.ts';
import { isCriticalPod } from '../pods/pod-kinds.ts';

/** A pod and how much it uses of what runs short. */
export interface PodUsage {
  pod: Pod;
  usedBytes: number;
}

/**
 * Which pod goes first: those that use more than they asked for before the others, then those of lower priority, then
 * those furthest above what they asked for. Critical pods never go.
 */
export function evictionOrder(usages: PodUsage[], resource: 'memory' | 'ephemeral-storage'): PodUsage[] {
  const ranked = usages
    .filter(({ pod }) => !isCriticalPod(pod))
    .map((usage) => ({ usage, excess: usage.usedBytes - requestedBytes(usage.pod, resource) }));
  ranked.sort(
    (a, b) =>
      Number(b.excess > 0) - Number(a.excess > 0) ||
      (a.usage.pod.spec.priority ?? 0) - (b.usage.pod.spec.priority ?? 0) ||
      b.excess - a.excess,
  );
  return ranked.map(({ usage }) => usage);
}

function requestedBytes(pod: Pod, resource: string): number {
  const asked = specSums(pod.spec, 'requests').get(resource);
  return asked ? quantityValue(asked) : 0;
}
