import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/core/v1.ts';
import { persistentvolumeclaims, persistentvolumes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { NodeContext } from '../pods/context.ts';
import { VolumeError } from './payload.ts';

/** The claim that a volume of a pod stands for: one that it names, or one made for this pod alone. */
export function claimOf(
  pod: Pod,
  volume: Volume,
): { name: string; readOnly: boolean; ownedByPod: boolean } | undefined {
  const { persistentVolumeClaim, ephemeral, name } = volume;
  if (persistentVolumeClaim)
    return {
      name: persistentVolumeClaim.claimName,
      readOnly: persistentVolumeClaim.readOnly ?? false,
      ownedByPod: false,
    };
  return ephemeral ? { name: `${pod.metadata.name}-${name}`, readOnly: false, ownedByPod: true } : undefined;
}

/** Why a claim cannot be used by a pod yet, or undefined. */
export function claimTrouble(
  claim: PersistentVolumeClaim,
  pod: Pod,
  ownedByPod: boolean,
): string | undefined {
  const name = JSON.stringify(claim.metadata.name);
  if (ownedByPod && !claim.metadata.ownerReferences?.some((o) => o.controller && o.uid === pod.metadata.uid))
    return `PVC ${claim.metadata.namespace}/${claim.metadata.name} was not created for pod ${pod.metadata.namespace}/${pod.metadata.name} (pod is not owner)`;
  if (claim.metadata.deletionTimestamp) return `PVC is being deleted: ${name}`;
  if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName) return `PVC ${name} is not bound`;
  return undefined;
}

/** A claim and the volume behind it. Rejects with VolumeError where the claim is not bound to one. */
export async function boundVolume(
  context: NodeContext,
  pod: Pod,
  asked: { name: string; ownedByPod: boolean },
): Promise<{ claim: Stored<PersistentVolumeClaim>; volume: PersistentVolume }> {
  const { client } = context;
  const claim = await client
    .of(persistentvolumeclaims)
    .get({ namespace: pod.metadata.namespace, name: asked.name });
  const trouble = claimTrouble(claim, pod, asked.ownedByPod);
  if (trouble) throw new VolumeError(trouble);
  const volume = await client.of(persistentvolumes).get({ name: claim.spec.volumeName });
  const { claimRef } = volume.spec;
  if (claimRef?.uid !== claim.metadata.uid)
    throw new VolumeError(
      `PV ${JSON.stringify(volume.metadata.name)} is not bound to PVC ${JSON.stringify(asked.name)}`,
    );
  return { claim, volume };
}
