import type { Binding } from '../../../api/core/v1.ts';
import { bindings, pods } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { plainColumns } from '../shared/columns.ts';

/** What schedulers of old create in place of the subresource of pods. */
export const bindingKind: Kind<Binding> = {
  resource: bindings,
  createdAs: { resource: pods, subresource: 'binding' },
  columns: plainColumns,
};
