import type { ComponentStatus } from '../../../api/core/v1.ts';
import { componentstatuses } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { nameColumn, text } from '../shared/columns.ts';

const healthy = (object: ComponentStatus) => object.conditions?.find((c) => c.type === 'Healthy');

function health(object: ComponentStatus): string {
  const condition = healthy(object);
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'Healthy' : 'Unhealthy';
}

/** Kept for old clients; nothing is ever stored. */
export const componentStatusKind: Kind<ComponentStatus> = {
  resource: componentstatuses,
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  verbs: ['get', 'list'],
  columns: [
    nameColumn,
    text('Status', 'Whether the component answers that it is well.', health),
    text('Message', 'What the component answered.', (o) => healthy(o)?.message ?? ''),
    text('Error', 'Why the component could not be asked.', (o) => healthy(o)?.error ?? ''),
  ],
};
