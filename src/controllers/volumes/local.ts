import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import type { StorageClass } from '../../api/storage/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { localProvisioner } from '../../machinery/local-volumes.ts';
import { annotations } from './match.ts';
import { provisionerFinalizer } from './reclaim.ts';

/** Directories on the nodes that stand for volumes, for clusters without any other storage. */
export interface LocalVolumes {
  /** The directory of a volume, as its node sees it. */
  pathOf(volumeName: string): string;
  /** Takes a directory away with all that is in it; nothing where there is none. */
  remove(path: string): Promise<void>;
}

/** The class that claims get which name none. */
export const standardClass: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: localProvisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
};

/** A volume for a claim, on the node that was chosen for the pod that uses it. */
export function localVolume(
  claim: Stored<PersistentVolumeClaim>,
  storageClass: Stored<StorageClass>,
  local: LocalVolumes,
): PersistentVolume {
  const { name, namespace, uid } = claim.metadata;
  const node = claim.metadata.annotations?.[annotations.selectedNode];
  const volume = `pvc-${uid}`;
  const reclaimPolicy = storageClass.reclaimPolicy ?? 'Delete';
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node ?? ''] }];
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volume,
      annotations: { [annotations.provisionedBy]: localProvisioner },
      ...(reclaimPolicy === 'Delete' && { finalizers: [provisionerFinalizer] }),
    },
    spec: {
      accessModes: claim.spec.accessModes,
      capacity: { storage: claim.spec.resources?.requests?.storage ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
      hostPath: { path: local.pathOf(volume), type: 'DirectoryOrCreate' },
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      ...(node && { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } }),
    },
  };
}
