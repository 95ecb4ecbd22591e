import type { PersistentVolume, PersistentVolumeClaim } from '../api/core/v1.ts';
import { compareQuantities } from './quantity.ts';

/** An annotation of claims and volumes: the class, where the field that came later does not count. */
export const betaClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The name of the storage class of a claim or volume; empty where it wants none. */
export function storageClassOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[betaClassAnnotation] ?? spec?.storageClassName ?? '';
}

/** Whether a claim says of which class it is to be, should it be of none. */
export function namesClass({ metadata, spec }: PersistentVolumeClaim): boolean {
  return metadata.annotations?.[betaClassAnnotation] !== undefined || spec.storageClassName !== undefined;
}

/** Whether a volume is kept for a claim, by name or for good. */
export function isKeptFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const { claimRef } = spec ?? {};
  if (claimRef?.name !== metadata.name || claimRef?.namespace !== metadata.namespace) return false;
  return !claimRef?.uid || claimRef.uid === metadata.uid;
}

const modeOf = ({ spec }: PersistentVolume | PersistentVolumeClaim) => spec?.volumeMode ?? 'Filesystem';

/** Whether a volume is a bare device. */
export const isDevice = (volume: PersistentVolume): boolean => modeOf(volume) === 'Block';

/** Whether a volume is a file system, or a bare device, as a claim wants it. */
export const hasMode = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  modeOf(volume) === modeOf(claim);

const attributesOf = ({ spec }: PersistentVolume | PersistentVolumeClaim) =>
  spec?.volumeAttributesClassName ?? '';

export const hasAttributes = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  attributesOf(volume) === attributesOf(claim);

export function isLargeEnough({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const asked = claim.spec?.resources?.requests?.storage ?? '0';
  return compareQuantities(spec?.capacity?.storage ?? '0', asked) >= 0;
}

export function hasAccessModes({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const modes = spec?.accessModes ?? [];
  return (claim.spec?.accessModes ?? []).every((mode) => modes.includes(mode));
}

/** Whether a volume is what a claim asks for, whoever has it, but for its class and its labels. */
export function fits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (
    hasAccessModes(volume, claim) &&
    hasMode(volume, claim) &&
    hasAttributes(volume, claim) &&
    isLargeEnough(volume, claim)
  );
}
