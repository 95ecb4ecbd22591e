import type { Taint, Toleration } from '../../api/core/v1.ts';
import { covers } from '../../machinery/tolerations.ts';

export const noExecute = (taints: readonly Taint[] = []) =>
  taints.filter(({ effect }) => effect === 'NoExecute');

/** Seconds that a pod may stay where these taints are: 0 where it must go, undefined where it may stay for ever. */
export function staySeconds(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
): number | undefined {
  if (taints.length === 0) return undefined;
  const used = taints.map((taint) => tolerations.filter((toleration) => covers(toleration, taint)));
  if (used.some((matching) => matching.length === 0)) return 0;
  const spans = used.flat().flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
  return spans.length > 0 ? Math.max(0, Math.min(...spans)) : undefined;
}
