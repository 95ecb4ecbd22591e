import type { PersistentVolume } from '../../api/core/v1.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { isLocalVolume } from '../../machinery/local-volumes.ts';
import { migratedTo } from '../../machinery/migrated-drivers.ts';
import { annotations } from './match.ts';

/** Keeps a volume until its provisioner has done away with what it stands for, though it be deleted before its claim. */
export const provisionerFinalizer = 'external-provisioner.volume.kubernetes.io/finalizer';
/** The same, of volumes that Kubernetes itself has provisioned. */
export const inTreeFinalizer = 'kubernetes.io/pv-controller';

const inTree = 'kubernetes.io/';
const hostPathProvisioner = `${inTree}host-path`;

/** Whether somebody else may answer to a provisioner of this name; those of Kubernetes itself are gone. */
export const isExternal = (provisioner: string) =>
  !provisioner.startsWith(inTree) || migratedTo(provisioner) !== undefined;

/** What is to become of a volume whose claim is gone. */
export type Reclaim =
  /** It stays as it is, or is somebody else's to delete. */
  | { type: 'leave' }
  /** A directory goes, and the volume with it: the one at the path, or the one that was made for the volume. */
  | { type: 'delete'; path?: string }
  /** A pod empties it, and it is free again. */
  | { type: 'recycle' }
  /** It cannot be reclaimed, in upstream's words. */
  | { type: 'fail'; reason: 'VolumeFailedDelete' | 'VolumeFailedRecycle'; message: string };

const leave: Reclaim = { type: 'leave' };

/** What a volume's policy comes to, once its claim is gone. */
export function planReclaim(volume: PersistentVolume): Reclaim {
  const { spec } = volume;
  if (spec.persistentVolumeReclaimPolicy === 'Delete') return planDelete(volume);
  if (spec.persistentVolumeReclaimPolicy !== 'Recycle') return leave;
  if (spec.nfs || spec.hostPath) return { type: 'recycle' };
  return { type: 'fail', reason: 'VolumeFailedRecycle', message: 'No recycler plugin found for the volume!' };
}

/** Of directories that people have made into volumes only these may be taken away. */
const isTemporary = (path: string) => /^\/tmp\/.+/.test(path) && !path.split('/').includes('..');

const failedDelete = (message: string): Reclaim => ({ type: 'fail', reason: 'VolumeFailedDelete', message });

function planDelete(volume: PersistentVolume): Reclaim {
  const { metadata, spec } = volume;
  const provisioner = metadata.annotations?.[annotations.provisionedBy];
  const path = spec.hostPath?.path;
  if (isLocalVolume(volume)) return { type: 'delete' };
  if (provisioner && isExternal(provisioner)) return leave;
  if (provisioner && provisioner !== hostPathProvisioner)
    return failedDelete(`no volume plugin matched name: ${provisioner}`);
  if (path !== undefined) {
    if (isTemporary(path)) return { type: 'delete', path };
    return failedDelete(`host_path deleter only supports /tmp/.+ but received provided ${path}`);
  }
  const why = spec.local || spec.nfs ? 'no deletable volume plugin matched' : 'no volume plugin matched';
  return failedDelete(
    `error getting deleter volume plugin for volume ${goQuote(metadata.name ?? '')}: ${why}`,
  );
}
