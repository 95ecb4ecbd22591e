import type { Secret } from '../../../api/core/v1.ts';
import { secrets } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { ageColumn, integer, nameColumn, text } from '../shared/columns.ts';
import { secretErrors, secretUpdateErrors } from './secret-validation.ts';

export const secretKind: Kind<Secret> = {
  resource: secrets,
  defaults(secret) {
    secret.type ||= 'Opaque';
    takePlainText(secret);
  },
  validate: (secret) => secretErrors(secret),
  validateUpdate: secretUpdateErrors,
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

/** Plain text is for writing only: it is kept where the bytes are. */
function takePlainText(secret: Secret): void {
  const { stringData } = secret;
  delete secret.stringData;
  const given = Object.entries(stringData ?? {});
  if (given.length === 0) return;
  const encoded = given.map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]);
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
}
