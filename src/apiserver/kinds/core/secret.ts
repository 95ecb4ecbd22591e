import type { Secret } from '../../../api/core/v1.ts';
import { secrets } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn, text } from '../shared/columns.ts';

export const secretKind: Kind<Secret> = {
  resource: secrets,
  defaults(secret) {
    secret.type ||= 'Opaque';
  },
  selectableFields: (secret) => ({ type: secret.type ?? '' }),
  columns: [
    nameColumn,
    text('Type', 'What the secret is for; fixes which keys it has.', (s) => s.type ?? ''),
    {
      ...integer<Secret>('Data', 'Number of keys.', (s) => Object.keys(s.data ?? {}).length),
      type: 'string',
    },
    ageColumn,
  ],
};
