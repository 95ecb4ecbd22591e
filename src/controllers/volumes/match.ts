import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { compileLabelSelector, matchesLabels } from '../../machinery/label-selector.ts';
import { compareQuantities } from '../../machinery/quantity.ts';

export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  betaProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  selectedNode: 'volume.kubernetes.io/selected-node',
  betaClass: 'volume.beta.kubernetes.io/storage-class',
} as const;

/** The storage class of a claim or volume; empty where it wants none. */
export function classOf({ metadata, spec }: PersistentVolume | PersistentVolumeClaim): string {
  return metadata.annotations?.[annotations.betaClass] ?? spec?.storageClassName ?? '';
}

/** Whether a volume is kept for a claim, by name or for good. */
export function isKeptFor(volume: PersistentVolume, claim: Stored<PersistentVolumeClaim>): boolean {
  const { claimRef } = volume.spec;
  return (
    claimRef?.name === claim.metadata.name &&
    claimRef.namespace === claim.metadata.namespace &&
    (!claimRef.uid || claimRef.uid === claim.metadata.uid)
  );
}

const sizeOf = (volume: PersistentVolume) => volume.spec.capacity?.storage ?? '0';
const askedOf = (claim: PersistentVolumeClaim) => claim.spec.resources?.requests?.storage ?? '0';

/** Whether a volume is what a claim asks for, whoever has it. */
function fits(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const modes = volume.spec.accessModes ?? [];
  return (
    (claim.spec.accessModes ?? []).every((mode) => modes.includes(mode)) &&
    (volume.spec.volumeMode ?? 'Filesystem') === (claim.spec.volumeMode ?? 'Filesystem') &&
    compareQuantities(sizeOf(volume), askedOf(claim)) >= 0
  );
}

/** The volume for a claim: one that is kept for it, or else the smallest free one that will do. */
export function findVolume(
  claim: Stored<PersistentVolumeClaim>,
  volumes: readonly Stored<PersistentVolume>[],
  options: { onlyKept: boolean },
): Stored<PersistentVolume> | undefined {
  const living = volumes.filter((volume) => !volume.metadata.deletionTimestamp);
  const kept = living.find((volume) => isKeptFor(volume, claim) && fits(volume, claim));
  if (kept || options.onlyKept) return kept;
  const { selector } = claim.spec;
  const compiled = selector && compileLabelSelector(selector);
  const free = living.filter(
    (volume) =>
      !volume.spec.claimRef &&
      classOf(volume) === classOf(claim) &&
      (!compiled || matchesLabels(compiled, volume.metadata.labels)) &&
      fits(volume, claim),
  );
  return free.sort(
    (a, b) => compareQuantities(sizeOf(a), sizeOf(b)) || (a.metadata.name < b.metadata.name ? -1 : 1),
  )[0];
}

/** The phase that a volume is in, by its claim. */
export function phaseOf(volume: PersistentVolume, claim: Stored<PersistentVolumeClaim> | undefined): string {
  const { claimRef } = volume.spec;
  if (!claimRef) return 'Available';
  // Kept for a claim that is yet to come.
  if (!claimRef.uid) return claim && claim.spec.volumeName === volume.metadata.name ? 'Bound' : 'Available';
  return claim?.metadata.uid === claimRef.uid ? 'Bound' : 'Released';
}
