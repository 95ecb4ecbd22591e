import type {
  PersistentVolumeSource,
  ProjectedVolumeSource,
  Volume,
  VolumeSource,
} from '../../../api/core/v1.ts';
import type { DownwardAPIVolumeFile } from '../../../api/core/v1.ts';
import { defaultPullPolicy } from './image-name.ts';
import { roundResources } from './resource-lists.ts';

/** 0644. */
const defaultMode = 420;
const tokenLifetimeSeconds = 3600;

/** Fills in a volume of a pod; one that names no source is an empty directory. */
export function defaultVolume(volume: Volume): void {
  const named = Object.entries(volume).some(
    ([key, value]) => key !== 'name' && value !== undefined && value !== null,
  );
  if (!named) volume.emptyDir = {};
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference);
  if (volume.secret) volume.secret.defaultMode ??= defaultMode;
  if (volume.configMap) volume.configMap.defaultMode ??= defaultMode;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= defaultMode;
    defaultFiles(volume.downwardAPI.items);
  }
  if (volume.projected) defaultProjected(volume.projected);
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (template) {
    template.metadata ??= {};
    template.spec.volumeMode ??= 'Filesystem';
    template.spec.resources ??= {};
    roundResources(template.spec.resources.limits);
    roundResources(template.spec.resources.requests);
  }
  defaultStorageSource(volume);
}

function defaultProjected(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= defaultMode;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= tokenLifetimeSeconds;
    defaultFiles(source.downwardAPI?.items);
  }
}

function defaultFiles(files: DownwardAPIVolumeFile[] | undefined): void {
  for (const file of files ?? []) {
    if (file.fieldRef) file.fieldRef.apiVersion ||= 'v1';
    if (file.resourceFieldRef) file.resourceFieldRef.divisor ??= '0';
  }
}

/** Fills in the sources that pods and persistent volumes have in common. */
export function defaultStorageSource(source: VolumeSource | PersistentVolumeSource): void {
  if (source.hostPath) source.hostPath.type ??= '';
  if (source.iscsi) source.iscsi.iscsiInterface ||= 'default';
  if (source.rbd) {
    source.rbd.pool ||= 'rbd';
    source.rbd.user ||= 'admin';
    source.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (source.azureDisk) {
    source.azureDisk.cachingMode ??= 'ReadWrite';
    source.azureDisk.kind ??= 'Shared';
    source.azureDisk.fsType ??= 'ext4';
    source.azureDisk.readOnly ??= false;
  }
  if (source.scaleIO) {
    source.scaleIO.storageMode ||= 'ThinProvisioned';
    source.scaleIO.fsType ||= 'xfs';
  }
}
