import { deepEqual } from '../../../machinery/equal.ts';
import { Seen } from '../../../machinery/seen.ts';
import {
  errorsOf,
  type FieldError,
  forbiddenField,
  invalid,
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

/** One error a message. */
export function invalids(field: string, value: unknown, messages: readonly string[]): FieldError[] {
  return messages.map((message) => invalid(field, value, message));
}

/** An error for what is missing: absent or empty. */
export function requireValue(field: string, value: string | number | undefined, detail = ''): FieldError[] {
  return value ? [] : [required(field, detail)];
}

/** An error for a value that is none of `allowed`; absent is one too. */
export function supported(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): FieldError[] {
  return allowed.includes(value ?? '') ? [] : [notSupported(field, value ?? '', allowed)];
}

/** As {@link supported}, but what is absent is said to be required. */
export function requireSupported(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): FieldError[] {
  return value ? supported(field, value, allowed) : [required(field)];
}

/** As {@link supported}, but absent is fine. */
export function optionalSupported(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): FieldError[] {
  return value === undefined ? [] : supported(field, value, allowed);
}

export function nonNegative(field: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(field, value, notNegativeMessage)] : [];
}

/** A DNS label. */
export function dnsLabel(field: string, value: string): FieldError[] {
  return invalids(field, value, dns1123LabelErrors(value));
}

/** A DNS name. */
export function dnsSubdomain(field: string, value: string): FieldError[] {
  return invalids(field, value, dns1123SubdomainErrors(value));
}

/** A label key or the like. */
export function qualifiedName(field: string, value: string): FieldError[] {
  return invalids(field, value, qualifiedNameErrors(value));
}

/** A name that becomes one step of a URL's path. */
export function pathSegment(field: string, value: string | undefined, missing?: string): FieldError[] {
  return value ? invalids(field, value, pathSegmentNameErrors(value)) : [required(field, missing)];
}

const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const wholePath = new RegExp(`^${pathPattern}$`);

/** A domain, and a path in it. */
export function domainPath(field: string, value: string): FieldError[] {
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
export function immutable(field: string, value: unknown, old: unknown): FieldError[] {
  return deepEqual(value ?? undefined, old ?? undefined)
    ? []
    : [invalid(field, value ?? null, immutableMessage)];
}

/** An error for something that is there. */
export function forbidValue(field: string, value: unknown, detail: string): FieldError[] {
  return value === undefined || value === null ? [] : [forbiddenField(field, detail)];
}

/** Validates each item at its index. */
export function each<T>(
  field: string,
  items: readonly T[] | undefined,
  validate: (item: T, field: string, index: number) => FieldError[],
): FieldError[] {
  if (!items || items.length === 0) return [];
  return errorsOf(items, (item, i) => validate(item, `${field}[${i}]`, i));
}

/** Gives true for each value that was given before. */
export function repeats(): (value: string) => boolean {
  const seen = new Seen();
  return (value) => seen.meet(value);
}
