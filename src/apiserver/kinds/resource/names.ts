import { type FieldError, invalid, invalids, required, tooLong } from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { cIdentifierErrors, dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { dnsSubdomain } from '../shared/validate.ts';

const maxDriverLength = 63;
const maxPoolLength = 253;
const maxIdentifierLength = 32;

/** The name of a DRA driver: like that of a CSI driver, and wrong in two ways where it is missing. */
export function driverName(field: string, name: string): readonly FieldError[] {
  return [
    ...(name ? [] : [required(field)]),
    ...(byteLength(name) > maxDriverLength ? [tooLong(field, maxDriverLength)] : []),
    ...invalids(field, name, dns1123SubdomainErrors(name.toLowerCase())),
  ];
}

/** The name of a pool: DNS names with slashes between them. */
export function poolName(field: string, name: string): readonly FieldError[] {
  if (!name) return [required(field)];
  const long = byteLength(name) > maxPoolLength ? [tooLong(field, maxPoolLength)] : [];
  return [...long, ...name.split('/').flatMap((part) => dnsSubdomain(field, part))];
}

/** The name of an attribute or capacity: an identifier, with the domain of a driver before it or without. */
export function attributeName(field: string, name: string): readonly FieldError[] {
  const parts = name.split('/');
  if (parts.length > 2) return [invalid(field, name, 'must not contain more than one slash')];
  if (parts.length === 1) return identifier(field, name);
  const [domain = '', id = ''] = parts;
  return [
    ...(domain ? driverName(field, domain) : [invalid(field, '', 'the domain must not be empty')]),
    ...(id ? identifier(field, id) : [invalid(field, '', 'the name must not be empty')]),
  ];
}

/** The name of an attribute with its domain. */
export function fullAttributeName(field: string, name: string): readonly FieldError[] {
  const why = 'a fully qualified name must be a domain and a name separated by a slash';
  const errors = attributeName(field, name);
  return name.includes('/') ? errors : [...errors, invalid(field, name, why)];
}

function identifier(field: string, id: string): readonly FieldError[] {
  const long = byteLength(id) > maxIdentifierLength ? [tooLong(field, maxIdentifierLength)] : [];
  return [...long, ...invalids(field, id, cIdentifierErrors(id))];
}

/** A UID, in the one form that is stored. */
export function shareId(field: string, uid: string): readonly FieldError[] {
  const why = uuidError(uid);
  if (why) return [invalid(field, uid, `error validating uid: ${why}`)];
  if (uid.length === 36 && uid === uid.toLowerCase()) return [];
  const form = '`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';
  return [invalid(field, uid, `uid must be in RFC 4122 normalized form, ${form}`)];
}

/** What is no UUID in any of the forms that people write. */
function uuidError(text: string): string | undefined {
  const wrongForm = 'invalid UUID format';
  switch (byteLength(text)) {
    case 32:
      return /^[0-9a-f]{32}$/i.test(text) ? undefined : wrongForm;
    case 36:
      return dashed.test(text) ? undefined : wrongForm;
    case 38:
      if (!/^\{.*\}$/s.test(text)) return 'invalid bracketed UUID format';
      return dashed.test(text.slice(1, -1)) ? undefined : wrongForm;
    case 45:
      if (!/^urn:uuid:/i.test(text)) return `invalid urn prefix: ${JSON.stringify(text.slice(0, 9))}`;
      return dashed.test(text.slice(9)) ? undefined : wrongForm;
    default:
      return `invalid UUID length: ${byteLength(text)}`;
  }
}

const dashed = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
