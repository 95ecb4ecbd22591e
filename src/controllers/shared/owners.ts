import type { OwnerReference } from '../../api/meta/v1.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';

/** The owner reference that says who manages the object, if anybody does. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}

/** Whether `owner` manages `object`. */
export function isControlledBy(object: KubernetesObject, owner: Stored<KubernetesObject>): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** The reference that makes `owner` the manager of what carries it. */
export function controllerReference(owner: Stored<KubernetesObject>): OwnerReference {
  return {
    apiVersion: owner.apiVersion ?? '',
    kind: owner.kind ?? '',
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}
