import type { PersistentVolumeClaim } from '../../api/core/v1.ts';
import { storageclasses } from '../../api/generated/resources.ts';
import { defaultStorageClassOf } from '../../machinery/default-class.ts';
import { compareQuantities } from '../../machinery/quantity.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';
import { namesClass } from '../../machinery/volume-match.ts';

/** A claim that names no class gets the one that is marked as the default; of several, the newest. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  admit(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'persistentvolumeclaims')) return;
    const claim = attributes.object as PersistentVolumeClaim;
    if (namesClass(claim)) return;
    const found = defaultStorageClassOf(attributes.context.list(storageclasses));
    if (found) claim.spec.storageClassName = found.metadata.name;
  },
};

/** A bound claim only grows where its class allows that. */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  validate(attributes) {
    if (attributes.operation !== 'UPDATE' || !isAbout(attributes, 'persistentvolumeclaims')) return;
    const [now, before] = [attributes.object, attributes.old] as unknown as PersistentVolumeClaim[];
    const sizeOf = (claim: PersistentVolumeClaim | undefined) =>
      claim?.spec.resources?.requests?.storage ?? '0';
    if (compareQuantities(sizeOf(now), sizeOf(before)) <= 0) return;
    if (before?.status?.phase !== 'Bound') {
      throw refuse(attributes, 'Only bound persistent volume claims can be expanded');
    }
    const name = now?.spec.storageClassName;
    const found = name ? attributes.context.get(storageclasses, { name }) : undefined;
    if (found?.allowVolumeExpansion) return;
    const why =
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize';
    throw refuse(attributes, why);
  },
};

/** By resource, the finalizers that keep an object while it is used. */
const protections = new Map([
  ['/persistentvolumeclaims', 'kubernetes.io/pvc-protection'],
  ['/persistentvolumes', 'kubernetes.io/pv-protection'],
  ['storage.k8s.io/volumeattributesclasses', 'kubernetes.io/vac-protection'],
]);

/** What may come to be used is protected from its first moment on. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit({ operation, subresource, kind, object }) {
    if (operation !== 'CREATE' || subresource !== '' || !object) return;
    const finalizer = protections.get(`${kind.resource.group}/${kind.resource.plural}`);
    if (finalizer === undefined || object.metadata.finalizers?.includes(finalizer)) return;
    object.metadata.finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  },
};
