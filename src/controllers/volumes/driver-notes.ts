import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { isLocalVolume } from '../../machinery/local-volumes.ts';
import { migratedTo } from '../../machinery/migrated-drivers.ts';
import { annotations } from './match.ts';
import { inTreeFinalizer, isExternal, provisionerFinalizer } from './reclaim.ts';

type Claim = Stored<PersistentVolumeClaim>;
type Volume = Stored<PersistentVolume>;

/** The object with the driver noted that has taken the place of its provisioner, or with none where none has; itself where that is so. */
function tellingDriver<T extends Claim | Volume>(object: T, keys: readonly string[]): T {
  const { metadata } = object;
  const { [annotations.migratedTo]: before, ...others } = metadata.annotations ?? {};
  const named = keys.flatMap((key) => others[key] ?? [])[0];
  const driver = named && migratedTo(named);
  if (named === undefined || driver === before) return object;
  const told = driver ? { ...others, [annotations.migratedTo]: driver } : others;
  return { ...object, metadata: { ...metadata, annotations: told } };
}

/** The claim with the driver noted that serves it now; undefined where nothing is to be noted. */
export function notedClaim(claim: Claim): Claim | undefined {
  const noted = tellingDriver(claim, [annotations.provisioner, annotations.betaProvisioner]);
  return noted === claim ? undefined : noted;
}

/** Which of two finalizers a volume that was made for a claim is to have: the one `wanted`, and not those `unwanted`. */
function withFinalizer(
  { metadata: { finalizers = [], deletionTimestamp } }: Volume,
  { wanted, unwanted }: { wanted?: string; unwanted: readonly string[] },
): string[] {
  const kept = finalizers.filter((finalizer) => !unwanted.includes(finalizer));
  const isMissing = wanted !== undefined && !kept.includes(wanted) && deletionTimestamp === undefined;
  return isMissing ? [...kept, wanted] : kept;
}

/**
 * The finalizers that keep a volume until it has been reclaimed, where it is to be deleted with its claim: `modifyDeletionFinalizers`.
 * Those of other provisioners are theirs to see to.
 */
export function reclaimFinalizers(volume: Volume): readonly string[] {
  const { metadata, spec } = volume;
  const provisioner = metadata.annotations?.[annotations.provisionedBy];
  const goes = spec.persistentVolumeReclaimPolicy === 'Delete';
  if (provisioner === undefined) return metadata.finalizers ?? [];
  if (migratedTo(provisioner)) return withFinalizer(volume, { unwanted: [inTreeFinalizer] });
  if (isLocalVolume(volume))
    return withFinalizer(
      volume,
      goes ? { wanted: provisionerFinalizer, unwanted: [] } : { unwanted: [provisionerFinalizer] },
    );
  if (isExternal(provisioner)) return metadata.finalizers ?? [];
  return goes
    ? withFinalizer(volume, { wanted: inTreeFinalizer, unwanted: [provisionerFinalizer] })
    : withFinalizer(volume, { unwanted: [inTreeFinalizer, provisionerFinalizer] });
}

/** The volume with the driver noted that serves it now, and with what keeps it until it is reclaimed; undefined where it is so. */
export function notedVolume(volume: Volume): Volume | undefined {
  const noted = tellingDriver(volume, [annotations.provisionedBy]);
  const finalizers = reclaimFinalizers(volume);
  if (deepEqual(finalizers, volume.metadata.finalizers ?? [])) return noted === volume ? undefined : noted;
  return { ...noted, metadata: { ...noted.metadata, finalizers: [...finalizers] } };
}
