import type { ControllerRevision } from '../../../api/apps/v1.ts';
import { controllerrevisions } from '../../../api/generated/resources.ts';
import { type FieldError, required } from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn, text } from '../shared/columns.ts';
import { immutable, nonNegative } from '../shared/validate.ts';

export const controllerRevisionKind: Kind<ControllerRevision> = {
  resource: controllerrevisions,
  validate: ({ revision, data }) => [...nonNegative('revision', revision), ...dataErrors(data)],
  validateUpdate: (revision, old) => [
    ...nonNegative('revision', revision.revision),
    ...immutable('data', revision.data, old.data),
  ],
  columns: [
    nameColumn,
    text('Controller', 'Whose state the revision keeps.', controller),
    {
      ...integer<ControllerRevision>(
        'Revision',
        'Number of the revision; higher is newer.',
        (r) => r.revision,
      ),
      type: 'string',
    },
    ageColumn,
  ],
};

function dataErrors(data: unknown): readonly FieldError[] {
  if (data === undefined || data === null) return [required('data', 'data is mandatory')];
  const isObject = typeof data === 'object' && !Array.isArray(data);
  return isObject ? [] : [required('data', 'data must be a valid JSON object')];
}

function controller({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find((o) => o.controller);
  if (!owner) return '<none>';
  const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
  return `${(group ? `${owner.kind}.${group}` : owner.kind).toLowerCase()}/${owner.name}`;
}
