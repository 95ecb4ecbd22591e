import type { Taint, Toleration } from '../../api/core/v1.ts';

/** Whether a toleration covers a taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', effect = '', operator = 'Equal', value = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return key !== '' && value === (taint.value ?? '');
}

/** The first taint that nothing covers, of those with one of the effects. */
export function untolerated(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  effects: readonly string[],
): Taint | undefined {
  const counts = taints.filter((taint) => effects.includes(taint.effect));
  return counts.find((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
}
