import type { Secret } from '../../../api/core/v1.ts';
import {
  allErrors,
  errorsOfEach,
  type FieldError,
  invalid,
  noErrors,
  required,
  tooLong,
} from '../../../machinery/field-error.ts';
import { goJsonObject } from '../../../machinery/go-json.ts';
import { immutable } from '../shared/validate.ts';
import { decodedLength, frozenErrors, keyErrors, maxDataBytes } from './keyed-data.ts';

type Data = Record<string, string>;

const accountAnnotation = 'kubernetes.io/service-account.name';
const redacted = '<secret contents redacted>';

const needed = (key: string, data: Data) => (key in data ? [] : [required(`data[${key}]`)]);

/** A file of credentials as docker keeps it. */
function dockerConfig(key: string, data: Data): readonly FieldError[] {
  const content = data[key];
  if (content === undefined) return [required(`data[${key}]`)];
  const text = Buffer.from(content, 'base64').toString('utf8');
  const { error } = goJsonObject(text, 'map[string]interface {}');
  return error === undefined ? noErrors : [invalid(`data[${key}]`, redacted, error)];
}

/** What secrets of a type have to hold. */
const contents: Record<string, (data: Data, secret: Secret) => readonly FieldError[]> = {
  'kubernetes.io/service-account-token': (_, { metadata }) =>
    metadata.annotations?.[accountAnnotation] ? [] : [required(`metadata.annotations[${accountAnnotation}]`)],
  'kubernetes.io/dockercfg': (data) => dockerConfig('.dockercfg', data),
  'kubernetes.io/dockerconfigjson': (data) => dockerConfig('.dockerconfigjson', data),
  'kubernetes.io/basic-auth': (data) =>
    'username' in data || 'password' in data
      ? []
      : [...needed('username', data), ...needed('password', data)],
  'kubernetes.io/ssh-auth': (data) => (data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')]),
  'kubernetes.io/tls': (data) => [...needed('tls.crt', data), ...needed('tls.key', data)],
};

/** What holds for a secret at any time. */
export function secretErrors(secret: Secret): readonly FieldError[] {
  const { data = {}, type = '' } = secret;
  const total = Object.values(data).reduce((sum, value) => sum + decodedLength(value), 0);
  return allErrors(
    errorsOfEach(data, (key) => keyErrors('data', key)),
    total > maxDataBytes ? [tooLong('data', maxDataBytes)] : noErrors,
    Object.hasOwn(contents, type) ? (contents[type]?.(data, secret) ?? noErrors) : noErrors,
  );
}

/** What an update may do: the type stays, and of an immutable secret everything. */
export function secretUpdateErrors(secret: Secret, old: Secret): readonly FieldError[] {
  return allErrors(
    immutable('type', secret.type, old.type),
    frozenErrors(secret, old, ['data']),
    secretErrors(secret),
  );
}
