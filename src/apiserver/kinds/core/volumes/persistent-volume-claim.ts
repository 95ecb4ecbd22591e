import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
} from '../../../../api/core/v1.ts';
import { persistentvolumeclaims } from '../../../../api/generated/resources.ts';
import { allErrors } from '../../../../machinery/field-error.ts';
import type { Kind } from '../../../registry/kind.ts';
import { roundResources } from '../../pod-spec/resource-lists.ts';
import { ageColumn, nameColumn, text, wide } from '../../shared/columns.ts';
import { keepStatus } from '../../shared/status.ts';
import { claimUpdateErrors } from './claim-update-validation.ts';
import { claimStatusErrors } from './claim-status-validation.ts';
import { changedClaimSpec, claimSpec } from './claim-validation.ts';
import { claimWarnings } from './claim-warnings.ts';
import { storageClassOf } from '../../../../machinery/volume-match.ts';
import { accessModesText } from './volume-text.ts';

export const persistentVolumeClaimKind: Kind<PersistentVolumeClaim> = {
  resource: persistentvolumeclaims,
  countsGeneration: false,
  defaults: defaultClaim,
  prepareForCreate(claim) {
    claim.status = { phase: 'Pending' };
    alignSources(claim.spec);
  },
  prepareForUpdate(claim, old) {
    keepStatus(claim, old);
    alignSources(claim.spec, old.spec);
  },
  validate: ({ spec }) => claimSpec('spec', spec),
  // Upstream looks twice, once as at a new one: every error is there twice.
  validateUpdate(claim, old) {
    const errors = changedClaimSpec('spec', claim.spec, old.spec);
    return allErrors(errors, errors, claimUpdateErrors(claim, old));
  },
  warnings: (claim) => claimWarnings(claim),
  status: { validateUpdate: (claim) => claimStatusErrors(claim) },
  returnsDeleted: true,
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
    text('StorageClass', 'The class that the claim asks for.', storageClassOf),
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
}

function phase(claim: PersistentVolumeClaim): string {
  return claim.metadata.deletionTimestamp ? 'Terminating' : (claim.status?.phase ?? '');
}

/** The older of the two fields takes claims and snapshots alone; otherwise both say the same. */
function alignSources(spec: PersistentVolumeClaimSpec, old?: PersistentVolumeClaimSpec): void {
  // Sources in other namespaces are not served: upstream has them behind a gate that is shut.
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  const known = old?.dataSource || old?.dataSourceRef || spec.dataSourceRef;
  if (!known && spec.dataSource && !isClaimOrSnapshot(spec.dataSource)) delete spec.dataSource;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { apiGroup, kind, name } = dataSourceRef;
    spec.dataSource = { ...(apiGroup !== undefined && { apiGroup }), kind, name };
  }
}

function isClaimOrSnapshot({ apiGroup, kind }: TypedLocalObjectReference): boolean {
  if (kind === 'PersistentVolumeClaim') return !apiGroup;
  return kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io';
}
