import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { compiledOnce, matchesLabels } from '../../machinery/label-selector.ts';
import { compareQuantities } from '../../machinery/quantity.ts';
import {
  fits,
  hasAccessModes,
  hasAttributes,
  hasMode,
  isKeptFor,
  isLargeEnough,
  storageClassOf,
} from '../../machinery/volume-match.ts';

export const annotations = {
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  provisioner: 'volume.kubernetes.io/storage-provisioner',
  betaProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  selectedNode: 'volume.kubernetes.io/selected-node',
  migratedTo: 'pv.kubernetes.io/migrated-to',
  resizer: 'volume.kubernetes.io/storage-resizer',
} as const;

const sizeOf = (volume: PersistentVolume) => volume.spec.capacity?.storage ?? '0';

/** Why a free volume that a claim names is not what it asks for, in upstream's words; undefined where it is. */
export function mismatchOf(
  volume: Stored<PersistentVolume>,
  claim: PersistentVolumeClaim,
): string | undefined {
  if (volume.metadata.deletionTimestamp)
    return `the volume is marked for deletion ${JSON.stringify(volume.metadata.name)}`;
  if (!isLargeEnough(volume, claim)) return 'requested PV is too small';
  if (storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match';
  if (!hasAttributes(volume, claim)) return 'volumeAttributesClassName does not match';
  if (!hasMode(volume, claim)) return 'incompatible volumeMode';
  return hasAccessModes(volume, claim) ? undefined : 'incompatible accessMode';
}

const modesOf = ({ spec }: PersistentVolume) => new Set(spec.accessModes).size;

/** Volumes that can do no more than is asked for come first, however large, and of those the smallest: the others may be wanted for more. */
const byFit = (a: Stored<PersistentVolume>, b: Stored<PersistentVolume>): number =>
  modesOf(a) - modesOf(b) ||
  compareQuantities(sizeOf(a), sizeOf(b)) ||
  (a.metadata.name < b.metadata.name ? -1 : 1);

/** The volume for a claim: one that is kept for it, or else the free one that fits it best. */
export function findVolume(
  claim: Stored<PersistentVolumeClaim>,
  volumes: readonly Stored<PersistentVolume>[],
  options: { onlyKept: boolean },
): Stored<PersistentVolume> | undefined {
  const living = volumes.filter((volume) => !volume.metadata.deletionTimestamp);
  const kept = living.find((volume) => isKeptFor(volume, claim) && fits(volume, claim));
  if (kept || options.onlyKept) return kept;
  const { selector } = claim.spec;
  const compiled = selector && compiledOnce(selector);
  const free = living.filter(
    (volume) =>
      !volume.spec.claimRef &&
      volume.status?.phase === 'Available' &&
      storageClassOf(volume) === storageClassOf(claim) &&
      (!compiled || matchesLabels(compiled, volume.metadata.labels)) &&
      fits(volume, claim),
  );
  return free.sort(byFit)[0];
}

/** The phase that a volume is to be in, by its claim; undefined while their binding is not complete. */
export function phaseOf(
  { spec: { claimRef }, metadata }: Stored<PersistentVolume>,
  claim: Stored<PersistentVolumeClaim> | undefined,
): string | undefined {
  // Without a uid it is kept for a claim that is yet to get it.
  if (!claimRef?.uid) return 'Available';
  if (claim?.metadata.uid !== claimRef.uid) return 'Released';
  return claim.spec.volumeName === metadata.name ? 'Bound' : undefined;
}

/** Whether a volume is bound to a claim that has got another one. */
export function isBoundElsewhere(
  { metadata, spec: { claimRef } }: Stored<PersistentVolume>,
  claim: Stored<PersistentVolumeClaim> | undefined,
): boolean {
  if (!claimRef?.uid || claim?.metadata.uid !== claimRef.uid) return false;
  return Boolean(claim.spec.volumeName) && claim.spec.volumeName !== metadata.name;
}

/** Whether a volume was made for its claim and is to go with it. */
export const isMadeForClaim = ({ metadata, spec }: PersistentVolume): boolean =>
  metadata.annotations?.[annotations.provisionedBy] !== undefined &&
  spec.persistentVolumeReclaimPolicy === 'Delete';
