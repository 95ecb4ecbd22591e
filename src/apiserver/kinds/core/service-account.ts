import type { ServiceAccount } from '../../../api/core/v1.ts';
import { serviceaccounts } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn } from '../shared/columns.ts';

/** The `token` subresource is served with authentication. */
export const serviceAccountKind: Kind<ServiceAccount> = {
  resource: serviceaccounts,
  returnsDeleted: true,
  prepareForCreate: (account) => keepNames(account),
  prepareForUpdate: (account) => keepNames(account),
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

/** Secrets are named, nothing more: they are in the namespace of the account. */
function keepNames(account: ServiceAccount): void {
  account.secrets = account.secrets?.map(({ name }) => ({ name }));
}
