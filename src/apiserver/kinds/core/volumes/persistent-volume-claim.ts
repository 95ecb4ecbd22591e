import type { PersistentVolumeClaim } from '../../../../api/core/v1.ts';
import { persistentvolumeclaims } from '../../../../api/generated/resources.ts';
import type { Kind } from '../../../registry/kind.ts';
import { roundResources } from '../../pod-spec/resource-lists.ts';
import { ageColumn, nameColumn, text, wide } from '../../shared/columns.ts';
import { keepStatus } from '../../shared/status.ts';
import { accessModesText, storageClassOf } from './volume-text.ts';

export const persistentVolumeClaimKind: Kind<PersistentVolumeClaim> = {
  resource: persistentvolumeclaims,
  countsGeneration: false,
  defaults: defaultClaim,
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
  },
  prepareForUpdate: keepStatus,
  status: {
    prepareForUpdate(claim, old) {
      claim.spec = old.spec;
    },
  },
  selectableFields: ({ metadata }) => ({ name: metadata.name ?? '' }),
  columns: [
    nameColumn,
    text('Status', 'Whether the claim has a volume.', phase),
    text('Volume', 'The volume that the claim has.', (c) => c.spec.volumeName ?? ''),
    text('Capacity', 'How much the volume holds.', (c) =>
      c.spec.volumeName ? (c.status?.capacity?.storage ?? '0') : '',
    ),
    text('Access Modes', 'How the volume can be mounted.', (c) =>
      c.spec.volumeName ? accessModesText(c.status?.accessModes) : '',
    ),
    text('StorageClass', 'The class that the claim asks for.', (c) => storageClassOf(c)),
    text(
      'VolumeAttributesClass',
      'The class of attributes that the claim asks for.',
      (c) => c.spec.volumeAttributesClassName ?? '<unset>',
    ),
    ageColumn,
    wide(
      text(
        'VolumeMode',
        'Whether a file system or a bare device is asked for.',
        (c) => c.spec.volumeMode ?? '<unset>',
      ),
    ),
  ],
};

/** Fills in a claim, be it one of its own or the template of a stateful set. */
export function defaultClaim(claim: PersistentVolumeClaim): void {
  claim.spec ??= {};
  claim.spec.volumeMode ??= 'Filesystem';
  claim.spec.resources ??= {};
  claim.status ??= {};
  claim.status.phase ||= 'Pending';
  roundResources(claim.spec.resources.limits);
  roundResources(claim.spec.resources.requests);
  roundResources(claim.status.capacity);
  const { dataSource, dataSourceRef } = claim.spec;
  if (dataSource && !dataSourceRef) claim.spec.dataSourceRef = { ...dataSource };
}

function phase(claim: PersistentVolumeClaim): string {
  return claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status?.phase ?? '');
}
