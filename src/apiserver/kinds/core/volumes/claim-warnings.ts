import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../../api/core/v1.ts';
import { canonicalQuantity, isQuantity, milliValue } from '../../../../machinery/quantity.ts';
import { betaClassAnnotation } from '../../../../machinery/volume-match.ts';

/** Where the class of a volume was written before there was a field for it. */

/** Advice on a claim. */
export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const why = `metadata.annotations[${betaClassAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`;
  const annotated = metadata.annotations?.[betaClassAnnotation] !== undefined;
  return [...(annotated ? [why] : []), ...claimSpecWarnings('spec', spec)];
}

/** Advice on the spec of a claim, be it one of its own or the template of one. */
export function claimSpecWarnings(field: string, { resources }: PersistentVolumeClaimSpec): string[] {
  return (['requests', 'limits'] as const).flatMap((of) => {
    const amount = resources?.[of]?.storage;
    if (amount === undefined || !isQuantity(amount) || milliValue(amount) % 1000 === 0) return [];
    const shown = canonicalQuantity(amount);
    return [
      `${field}.resources.${of}[storage]: fractional byte value "${shown}" is invalid, must be an integer`,
    ];
  });
}
