import type { Taint, Toleration } from '../api/core/v1.ts';

/** Whether a toleration covers a taint. Without a key, `Exists` covers every taint and `Equal` none. */
export function covers(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

/** Whether one of the tolerations covers the taint. */
export const tolerates = (tolerations: readonly Toleration[] | undefined, taint: Taint): boolean =>
  tolerations?.some((toleration) => covers(toleration, taint)) ?? false;

/** Whether a taint of one of these effects keeps pods with these tolerations away. */
export function isRepelled(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[] = ['NoSchedule', 'NoExecute'],
): boolean {
  return taints?.some((taint) => effects.includes(taint.effect) && !tolerates(tolerations, taint)) ?? false;
}
