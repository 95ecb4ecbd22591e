import type { Pod } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { keepMeta } from '../../shared/meta.ts';
import { keepStatus } from '../../shared/status.ts';
import { countGeneration } from './generation.ts';

/** Puts back what a subresource of a pod does not change. */
export function keepAllBut(pod: Pod, old: Stored<Pod>, changed: Partial<Pod['spec']>): void {
  pod.spec = { ...old.spec, ...changed };
  keepStatus(pod, old);
  keepMeta(pod.metadata, old.metadata);
  countGeneration(pod, old);
}
