import type { Lease } from '../../../api/coordination/v1.ts';
import { leases } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, nameColumn, text } from '../shared/columns.ts';

export const leaseKind: Kind<Lease> = {
  resource: leases,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  defaults(lease) {
    lease.spec ??= {};
  },
  columns: [nameColumn, text('Holder', 'Who has the lease.', (l) => l.spec.holderIdentity ?? ''), ageColumn],
};
