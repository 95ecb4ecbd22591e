import { storageclasses, volumeattributesclasses } from '../../../api/generated/resources.ts';
import type { TopologySelectorTerm } from '../../../api/core/v1.ts';
import type { StorageClass, VolumeAttributesClass } from '../../../api/storage/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, flag, nameColumn, text } from '../shared/columns.ts';
import { labelAdvice } from '../pod-spec/node-labels.ts';
import {
  attributesClassErrors,
  attributesClassUpdateErrors,
  storageClassErrors,
  storageClassUpdateErrors,
} from './class-validation.ts';

const defaultMarks = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

function nameWithMark({ metadata }: KubernetesObject, marks: readonly string[]): string {
  const isDefault = marks.some((mark) => metadata.annotations?.[mark] === 'true');
  return isDefault ? `${metadata.name} (default)` : (metadata.name ?? '');
}

export const storageClassKind: Kind<StorageClass> = {
  resource: storageclasses,
  allowCreateOnUpdate: false,
  defaults(object) {
    object.reclaimPolicy ??= 'Delete';
    object.volumeBindingMode ??= 'Immediate';
  },
  validate: (object) => storageClassErrors(object),
  validateUpdate: storageClassUpdateErrors,
  warnings: ({ allowedTopologies }) => (allowedTopologies ?? []).flatMap(topologyAdvice),
  columns: [
    { ...nameColumn, cell: (c) => nameWithMark(c, defaultMarks) },
    text('Provisioner', 'Who makes the volumes.', (c) => c.provisioner),
    text(
      'ReclaimPolicy',
      'What becomes of a volume when its claim goes.',
      (c) => c.reclaimPolicy ?? 'Delete',
    ),
    text('VolumeBindingMode', 'When a claim gets its volume.', (c) => c.volumeBindingMode ?? 'Immediate'),
    {
      ...flag<StorageClass>(
        'AllowVolumeExpansion',
        'Whether volumes can grow.',
        (c) => c.allowVolumeExpansion,
      ),
      type: 'string',
    },
    ageColumn,
  ],
};

function topologyAdvice({ matchLabelExpressions = [] }: TopologySelectorTerm, i: number): string[] {
  return matchLabelExpressions.flatMap(({ key }, j) => {
    const why = labelAdvice(key);
    return why ? [`allowedTopologies[${i}].matchLabelExpressions[${j}].key: ${why}`] : [];
  });
}

export const volumeAttributesClassKind: Kind<VolumeAttributesClass> = {
  resource: volumeattributesclasses,
  validate: (object) => attributesClassErrors(object),
  validateUpdate: attributesClassUpdateErrors,
  columns: [
    { ...nameColumn, cell: (c) => nameWithMark(c, ['storage.alpha.kubernetes.io/is-default-class']) },
    text('DriverName', 'Driver that the attributes are for.', (c) => c.driverName),
    ageColumn,
  ],
};
