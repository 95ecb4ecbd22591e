import type { ServiceAccount } from '../../../api/core/v1.ts';
import { serviceaccounts } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn } from '../shared/columns.ts';

/** The `token` subresource is served with authentication. */
export const serviceAccountKind: Kind<ServiceAccount> = {
  resource: serviceaccounts,
  columns: [
    nameColumn,
    {
      ...integer<ServiceAccount>(
        'Secrets',
        'Number of secrets listed in the account.',
        (s) => s.secrets?.length,
      ),
      type: 'string',
    },
    ageColumn,
  ],
};
