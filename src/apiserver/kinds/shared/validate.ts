import { deepEqual } from '../../../machinery/equal.ts';
import { Seen } from '../../../machinery/seen.ts';
import {
  errorsOf,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  pathSegmentNameErrors,
  qualifiedNameErrors,
  regexError,
} from '../../../machinery/names.ts';

export const immutableMessage = 'field is immutable';
export const notNegativeMessage = 'must be greater than or equal to 0';

/** An error for what is missing: absent or empty. */
export function requireValue(
  field: string,
  value: string | number | undefined,
  detail = '',
): readonly FieldError[] {
  return value ? noErrors : [required(field, detail)];
}

/** An error for a value that is none of `allowed`; absent is one too. */
export function supported(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): readonly FieldError[] {
  return allowed.includes(value ?? '') ? noErrors : [notSupported(field, value ?? '', allowed)];
}

/** As {@link supported}, but what is absent is said to be required. */
export function requireSupported(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): readonly FieldError[] {
  return value ? supported(field, value, allowed) : [required(field)];
}

/** As {@link supported}, but absent is fine. */
export function optionalSupported(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): readonly FieldError[] {
  return value === undefined ? noErrors : supported(field, value, allowed);
}

export function nonNegative(field: string, value: number | undefined): readonly FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, notNegativeMessage)] : noErrors;
}

/** A DNS label. */
export function dnsLabel(field: string, value: string): readonly FieldError[] {
  return invalids(field, value, dns1123LabelErrors(value));
}

/** A DNS name. */
export function dnsSubdomain(field: string, value: string): readonly FieldError[] {
  return invalids(field, value, dns1123SubdomainErrors(value));
}

/** A label key or the like. */
export function qualifiedName(field: string, value: string): readonly FieldError[] {
  return invalids(field, value, qualifiedNameErrors(value));
}

/** A name that becomes one step of a URL's path. */
export function pathSegment(
  field: string,
  value: string | undefined,
  missing?: string,
): readonly FieldError[] {
  return value ? invalids(field, value, pathSegmentNameErrors(value)) : [required(field, missing)];
}

const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const wholePath = new RegExp(`^${pathPattern}$`);

/** A domain, and a path in it. */
export function domainPath(field: string, value: string): readonly FieldError[] {
  const slash = value.indexOf('/');
  const [domain, path] = [value.slice(0, Math.max(slash, 0)), value.slice(slash + 1)];
  if (!domain || !path) {
    return [invalid(field, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const errors = dnsSubdomain(field, domain);
  return wholePath.test(path)
    ? errors
    : [...errors, invalid(field, path, regexError('Invalid path', pathPattern))];
}

/** An error where a value is no longer what it was. */
export function immutable(field: string, value: unknown, old: unknown): readonly FieldError[] {
  return deepEqual(value ?? undefined, old ?? undefined)
    ? noErrors
    : [invalid(field, value ?? null, immutableMessage)];
}

/** An error for something that is there. */
export function forbidValue(field: string, value: unknown, detail: string): readonly FieldError[] {
  return value === undefined || value === null ? noErrors : [forbiddenField(field, detail)];
}

/** Validates each item at its index. */
export function each<T>(
  field: string,
  items: readonly T[] | null | undefined,
  validate: (item: T, field: string, index: number) => readonly FieldError[],
): readonly FieldError[] {
  if (!items || items.length === 0) return noErrors;
  if (items.length === 1) return validate(items[0] as T, `${field}[0]`, 0);
  return errorsOf(items, (item, i) => validate(item, `${field}[${i}]`, i));
}

/** Gives true for each value that was given before. */
export function repeats(): (value: string) => boolean {
  let seen: Seen | undefined;
  return (value) => {
    seen ??= new Seen();
    return seen.meet(value);
  };
}
