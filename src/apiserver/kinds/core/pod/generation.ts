import type { Pod } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';

/** Counts changes of a pod's spec. Being given to a node is none, so that this is not left to the registry. */
export function countGeneration(pod: Pod, old: Stored<Pod>): void {
  if (semanticEqual(pod.spec, old.spec, 'io.k8s.api.core.v1.PodSpec')) return;
  pod.metadata.generation = (old.metadata.generation ?? 0) + 1;
}
