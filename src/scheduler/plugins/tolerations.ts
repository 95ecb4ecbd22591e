import type { Taint, Toleration } from '../../api/core/v1.ts';

/** Whether one of the tolerations covers the taint. */
export function tolerates(tolerations: readonly Toleration[] | undefined, taint: Taint): boolean {
  return tolerations?.some((toleration) => covers(toleration, taint)) ?? false;
}

const integer = /^-?(0|[1-9]\d{0,18})$/;

function covers(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const [wanted, actual] = [toleration.value ?? '', taint.value ?? ''];
  switch (toleration.operator || 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      // Without a key only Exists covers everything.
      return Boolean(toleration.key) && wanted === actual;
    case 'Lt':
      return bothIntegers(wanted, actual) && BigInt(actual) < BigInt(wanted);
    case 'Gt':
      return bothIntegers(wanted, actual) && BigInt(actual) > BigInt(wanted);
    default:
      return false;
  }
}

const bothIntegers = (a: string, b: string) => integer.test(a) && integer.test(b);

const forbids = ({ effect }: Taint) => effect === 'NoSchedule' || effect === 'NoExecute';

/** Whether a taint of a node keeps pods with these tolerations away. */
export function isRepelled(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
): boolean {
  return taints?.some((taint) => forbids(taint) && !tolerates(tolerations, taint)) ?? false;
}
