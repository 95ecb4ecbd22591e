import type { PersistentVolume } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { oldProvisionerOf } from '../../machinery/csi-translation/translate.ts';
import { migratedTo } from '../../machinery/migrated-drivers.ts';
import { annotations } from './match.ts';

const inTree = 'kubernetes.io/';
/** Whether somebody else may answer to a provisioner of this name; those of Kubernetes itself are gone. */
export const isExternal = (provisioner: string) =>
  !provisioner.startsWith(inTree) || migratedTo(provisioner) !== undefined;

export interface Failure {
  reason: 'VolumeFailedDelete' | 'VolumeFailedRecycle';
  message: string;
}

/** Why a volume that nobody wants kept stays all the same, in upstream's words; undefined where somebody may still do away with it. */
export function reclaimFailure(volume: Stored<PersistentVolume>): Failure | undefined {
  const { spec, metadata } = volume;
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy === 'Recycle') {
    if (spec.nfs || spec.hostPath) return undefined;
    return { reason: 'VolumeFailedRecycle', message: 'No recycler plugin found for the volume!' };
  }
  const provisioner = metadata.annotations?.[annotations.provisionedBy];
  const isOthers = provisioner !== undefined && isExternal(provisioner);
  if (policy !== 'Delete' || isOthers || oldProvisionerOf(spec)) return undefined;
  const message = deleteFailure(volume);
  return message === undefined ? undefined : { reason: 'VolumeFailedDelete', message };
}

function deleteFailure({ metadata, spec }: Stored<PersistentVolume>): string | undefined {
  const path = spec.hostPath?.path;
  if (path !== undefined)
    return /^\/tmp\/.+/.test(path)
      ? undefined
      : `host_path deleter only supports /tmp/.+ but received provided ${path}`;
  const why = spec.local || spec.nfs ? 'no deletable volume plugin matched' : 'no volume plugin matched';
  return `error getting deleter volume plugin for volume ${JSON.stringify(metadata.name)}: ${why}`;
}
