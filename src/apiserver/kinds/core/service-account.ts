import type { ServiceAccount } from '../../../api/core/v1.ts';
import { serviceaccounts } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn } from '../shared/columns.ts';

/** Where an account says that its pods mount no secrets but its own. */
const enforceAnnotation = 'kubernetes.io/enforce-mountable-secrets';

/** The `token` subresource is served with authentication. */
export const serviceAccountKind: Kind<ServiceAccount> = {
  resource: serviceaccounts,
  returnsDeleted: true,
  prepareForCreate: (account) => keepNames(account),
  prepareForUpdate: (account) => keepNames(account),
  warnings: (account, old) => (isEnforced(account) && !(old && isEnforced(old)) ? [enforced] : []),
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

const isEnforced = ({ metadata }: ServiceAccount) => metadata.annotations?.[enforceAnnotation] !== undefined;
const enforced = `metadata.annotations[${enforceAnnotation}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`;

/** Secrets are named, nothing more: they are in the namespace of the account. */
function keepNames(account: ServiceAccount): void {
  account.secrets = account.secrets?.map(({ name }) => ({ name }));
}
