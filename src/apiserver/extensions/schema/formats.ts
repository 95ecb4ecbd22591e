import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { DurationError, parseDuration } from '../../../machinery/duration.ts';
import { ipFamily } from '../../../machinery/ip.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { compilePattern } from './pattern.ts';

const matches = (pattern: string) => (text: string) => compilePattern(pattern).test(text);
const hex = (digits: number) => `[0-9a-f]{${digits}}`;
const uuid = (third: string, fourth: string) =>
  matches(`(?i)^${hex(8)}-?${hex(4)}-?${third}-?${fourth}-?${hex(12)}$`);

const hostname = matches(
  '^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$',
);
const dateTime = matches(
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})$',
);
const rgb = matches('^rgb\\( *([0-9]{1,3}) *, *([0-9]{1,3}) *, *([0-9]{1,3}) *\\)$');
const scalaDuration = matches(
  '^([0-9]+) *(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)$',
);

/** The formats that texts are held to, without dashes in their names. What is not here is ignored. */
const textFormats: Record<string, (text: string) => boolean> = {
  bsonobjectid: matches('^[0-9a-fA-F]{24}$'),
  uri: isUri,
  email: matches('^[^@\\s<>]+@[^@\\s<>]+$'),
  hostname: (text) => text.length <= 255 && text.split('.').every((p) => p.length <= 63) && hostname(text),
  ipv4: (text) => ipFamily(text) === 4,
  ipv6: (text) => ipFamily(text) === 6,
  cidr: isCidr,
  mac: matches(
    '^([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}(([:-][0-9a-fA-F]{2}){2})?|([0-9a-fA-F]{4}\\.){2}[0-9a-fA-F]{4})$',
  ),
  uuid: uuid(hex(4), hex(4)),
  uuid3: uuid(`3${hex(3)}`, hex(4)),
  uuid4: uuid(`4${hex(3)}`, `[89ab]${hex(3)}`),
  uuid5: uuid(`5${hex(3)}`, `[89ab]${hex(3)}`),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matches('^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$'),
  hexcolor: matches('^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$'),
  rgbcolor: (text) => rgb(text) && (text.match(/\d+/g) ?? []).every((part) => Number(part) <= 255),
  byte: matches('^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'),
  password: () => true,
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text),
  duration: isDuration,
  datetime: (text) => dateTime(text) && isDay(text.slice(0, 10)),
  k8sshortname: (text) => dns1123LabelErrors(text).length === 0,
  k8slongname: (text) => dns1123SubdomainErrors(text).length === 0,
};

const normalized = (format: string) => format.replaceAll('-', '');

/** The format that values of a schema are held to: undefined where it has none, or one that is not known. */
export function knownFormat(schema: JSONSchemaProps): string | undefined {
  const { format, type = '' } = schema;
  if (!format) return undefined;
  const known = schema['x-kubernetes-int-or-string'] ? false : isKnown(format, type);
  return known ? format : undefined;
}

function isKnown(format: string, type: string): boolean {
  if (type === '' || type === 'string') return Object.hasOwn(textFormats, normalized(format));
  if (type === 'integer') return format === 'int32' || format === 'int64';
  return type === 'number' && (format === 'float' || format === 'double');
}

/** Whether a text has a format; `format` is one that `knownFormat` gave. */
export function hasFormat(text: string, format: string): boolean {
  return textFormats[normalized(format)]?.(text) ?? true;
}

function isUri(text: string): boolean {
  if (text.startsWith('/')) return !/[\s]/.test(text);
  try {
    return new URL(text).href !== '' && /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text);
  } catch {
    return false;
  }
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  if (more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  const family = ipFamily(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch (error) {
    if (error instanceof DurationError) return scalaDuration(text.trim());
    throw error;
  }
}

const digitsOf = (text: string) => text.replace(/[\s-]/g, '');

function isIsbn10(text: string): boolean {
  const digits = digitsOf(text);
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce((total, c, i) => total + (c === 'X' ? 10 : Number(c)) * (i + 1), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = digitsOf(text);
  if (!/^\d{13}$/.test(digits)) return false;
  return [...digits].reduce((total, c, i) => total + Number(c) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (digits.length < 13 || digits.length > 19) return false;
  const sum = [...digits].reverse().reduce((total, c, i) => {
    const doubled = Number(c) * (i % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
