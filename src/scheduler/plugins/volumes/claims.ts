import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../api/core/v1.ts';
import {
  csidrivers,
  csinodes,
  csistoragecapacities,
  persistentvolumeclaims,
  persistentvolumes,
  storageclasses,
  volumeattachments,
} from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
} from '../../../api/storage/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { Handle, Lister } from '../../framework/handle.ts';
import { storageClassOf } from '../../../machinery/volume-match.ts';

/** What the volume plugins know of storage. */
export interface StorageListers {
  claims: Lister<PersistentVolumeClaim>;
  volumes: Lister<PersistentVolume>;
  classes: Lister<StorageClass>;
  csiNodes: Lister<CSINode>;
  drivers: Lister<CSIDriver>;
  capacities: Lister<CSIStorageCapacity>;
  attachments: Lister<VolumeAttachment>;
}

export function storageListers({ lister }: Pick<Handle, 'lister'>): StorageListers {
  return {
    claims: lister(persistentvolumeclaims),
    volumes: lister(persistentvolumes),
    classes: lister(storageclasses),
    csiNodes: lister(csinodes),
    drivers: lister(csidrivers),
    capacities: lister(csistoragecapacities),
    attachments: lister(volumeattachments),
  };
}

export type Claim = Stored<PersistentVolumeClaim>;

/** One claim that a pod mounts. */
export interface MountedClaim {
  name: string;
  /** It is made for the pod, and named after it. */
  isEphemeral: boolean;
}

/** The claims that the pod's volumes mount, in their order. */
export function mountedClaims(pod: Pod): MountedClaim[] {
  return (pod.spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): MountedClaim[] => {
    if (persistentVolumeClaim) return [{ name: persistentVolumeClaim.claimName, isEphemeral: false }];
    return ephemeral ? [{ name: `${pod.metadata.name}-${name}`, isEphemeral: true }] : [];
  });
}

/** What is said of a claim that is not there. */
export const noSuchClaim = (name: string) => `persistentvolumeclaim ${goQuote(name)} not found`;

const bindCompleted = 'pv.kubernetes.io/bind-completed';

/** Whether the claim has its volume, and both sides know. */
export function isBound({ spec, metadata }: PersistentVolumeClaim): boolean {
  return Boolean(spec?.volumeName) && metadata.annotations?.[bindCompleted] !== undefined;
}

/** Whether the class waits for a pod that uses the claim. */
export function waitsForPod(claim: PersistentVolumeClaim, classes: Lister<StorageClass>): boolean {
  const storageClass = classes.get(storageClassOf(claim));
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** The pod's claim is named in an event that concerns it. */
export function mounts(pod: Pod, claim: PersistentVolumeClaim): boolean {
  return (
    pod.metadata.namespace === claim.metadata.namespace &&
    mountedClaims(pod).some(({ name }) => name === claim.metadata.name)
  );
}
