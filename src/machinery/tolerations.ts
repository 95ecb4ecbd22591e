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

/** Without those that others include; of two alike the first stays. */
export function merge(all: readonly Toleration[]): Toleration[] {
  const kept: Toleration[] = [];
  for (let i = 0; i < all.length; i++) {
    const one = all[i] as Toleration;
    const isLater = (other: Toleration) => !isSame(other, one) && includes(other, one);
    if (kept.some((other) => includes(other, one)) || all.some((other, k) => k > i && isLater(other)))
      continue;
    kept.push(one);
  }
  return kept;
}

/** Field by field: of a pod with thousands of tolerations each is held against each. */
const isSame = (a: Toleration, b: Toleration) =>
  a.key === b.key &&
  a.operator === b.operator &&
  a.value === b.value &&
  a.effect === b.effect &&
  a.tolerationSeconds === b.tolerationSeconds;

/** Whether one toleration tolerates all that another does. */
export function includes(wide: Toleration, narrow: Toleration): boolean {
  if (isSame(wide, narrow)) return true;
  const isForAll = !wide.key && wide.operator === 'Exists';
  if ((narrow.key ?? '') !== (wide.key ?? '') && !isForAll) return false;
  if (wide.effect && narrow.effect !== wide.effect) return false;
  const { tolerationSeconds: most } = wide;
  if (wide.effect === 'NoExecute' && most !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > most) return false;
  }
  if (wide.operator === 'Exists') return true;
  const isEqual = !wide.operator || wide.operator === 'Equal';
  return isEqual && narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
}
