import type { PersistentVolume } from '../../../../api/core/v1.ts';
import { persistentvolumes } from '../../../../api/generated/resources.ts';
import { timestamp } from '../../../../platform/clock.ts';
import type { HookContext, Kind } from '../../../registry/kind.ts';
import { roundResources } from '../../pod-spec/resource-lists.ts';
import { defaultStorageSource } from '../../pod-spec/volume-defaults.ts';
import { ageColumn, nameColumn, text, wide } from '../../shared/columns.ts';
import { keepStatus } from '../../shared/status.ts';
import { storageClassOf } from '../../../../machinery/volume-match.ts';
import { accessModesText } from './volume-text.ts';
import { volumeErrors, volumeUpdateErrors } from './volume-validation.ts';
import { volumeWarnings } from './volume-warnings.ts';

export const persistentVolumeKind: Kind<PersistentVolume> = {
  resource: persistentvolumes,
  countsGeneration: false,
  defaults(volume) {
    volume.spec ??= {};
    volume.spec.persistentVolumeReclaimPolicy ||= 'Retain';
    volume.spec.volumeMode ??= 'Filesystem';
    volume.status ??= {};
    volume.status.phase ||= 'Pending';
    roundResources(volume.spec.capacity);
    defaultStorageSource(volume.spec);
  },
  prepareForCreate(volume, { platform }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: timestamp(platform.clock) };
  },
  prepareForUpdate: keepStatus,
  validate: (volume) => volumeErrors(volume),
  validateUpdate: volumeUpdateErrors,
  warnings: (volume) => volumeWarnings(volume),
  status: { prepareForUpdate: notePhaseChange },
  returnsDeleted: true,
  columns: [
    nameColumn,
    text('Capacity', 'How much the volume holds.', (v) => v.spec.capacity?.storage ?? '0'),
    text('Access Modes', 'How the volume can be mounted.', (v) => accessModesText(v.spec.accessModes)),
    text(
      'Reclaim Policy',
      'What becomes of the volume when its claim goes.',
      (v) => v.spec.persistentVolumeReclaimPolicy ?? '',
    ),
    text('Status', 'Whether the volume is bound, free or going away.', phase),
    text('Claim', 'The claim that the volume is bound to.', claim),
    text('StorageClass', 'The class that the volume is of.', storageClassOf),
    text(
      'VolumeAttributesClass',
      'The class of attributes that the volume has.',
      (v) => v.spec.volumeAttributesClassName ?? '<unset>',
    ),
    text('Reason', 'Why the volume is in this state.', (v) => v.status?.reason ?? ''),
    ageColumn,
    wide(
      text(
        'VolumeMode',
        'Whether the volume is a file system or a bare device.',
        (v) => v.spec.volumeMode ?? '<unset>',
      ),
    ),
  ],
};

function phase(volume: PersistentVolume): string {
  return volume.metadata.deletionTimestamp ? 'Terminating' : (volume.status?.phase ?? '');
}

function claim({ spec }: PersistentVolume): string {
  return spec.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '';
}

function notePhaseChange(
  { status }: PersistentVolume,
  { status: old }: PersistentVolume,
  { platform }: HookContext,
): void {
  if (!status || status.phase === old?.phase) return;
  const noted =
    status.lastPhaseTransitionTime && status.lastPhaseTransitionTime !== old?.lastPhaseTransitionTime;
  if (!noted) status.lastPhaseTransitionTime = timestamp(platform.clock);
}
