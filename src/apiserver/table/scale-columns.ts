import type { Scale } from '../../api/autoscaling/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import type { Column, Kind } from '../registry/kind.ts';
import { ageColumn, integer, nameColumn } from '../kinds/shared/columns.ts';

const scaleColumns: readonly Column<Scale>[] = [
  { ...nameColumn, format: '' },
  integer('Desired', 'Pods there should be.', ({ spec }) => spec?.replicas),
  integer('Available', 'Pods there are.', ({ status }) => status?.replicas),
  ageColumn,
];

/** How tables show the scale of an object of a kind. */
export function scaleShown({ resource }: Kind): Kind {
  return {
    resource: { ...resource, kind: 'Scale' },
    columns: scaleColumns as unknown as Kind<KubernetesObject>['columns'],
  };
}
