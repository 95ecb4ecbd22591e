import type { JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { DurationError, parseDuration } from '../../../machinery/duration.ts';
import { ipFamily, looseIp } from '../../../machinery/ip.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors } from '../../../machinery/names.ts';
import { goPattern, hasPattern } from '../../../machinery/go-pattern.ts';

const matches = (pattern: string) => (text: string) => hasPattern(goPattern(pattern), text);
const hex = (digits: number) => `[0-9a-f]{${digits}}`;
const uuid = (third: string, fourth: string) =>
  matches(`(?i)^${hex(8)}-?${hex(4)}-?${third}-?${fourth}-?${hex(12)}$`);

const hostname = matches(
  '^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}](([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63})$',
);
const color = '(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])';
const cards =
  '^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\\d{3})\\d{11})$';
const card = matches(cards);

/** The formats that texts are held to, without dashes in their names. What is not here is ignored. */
const textFormats: Record<string, (text: string) => boolean> = {
  bsonobjectid: matches('^[0-9a-fA-F]{24}$'),
  uri: isUri,
  email: isEmail,
  hostname: (text) => text.length <= 255 && text.split('.').every((p) => p.length <= 63) && hostname(text),
  ipv4: (text) => looseIp(text) !== undefined && text.includes('.'),
  ipv6: (text) => ipFamily(text) !== 0 && text.includes(':'),
  cidr: isCidr,
  mac: isMac,
  uuid: uuid(hex(4), hex(4)),
  uuid3: uuid(`3${hex(3)}`, hex(4)),
  uuid4: uuid(`4${hex(3)}`, `[89ab]${hex(3)}`),
  uuid5: uuid(`5${hex(3)}`, `[89ab]${hex(3)}`),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matches('^[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}$'),
  hexcolor: matches('^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$'),
  rgbcolor: matches(`^rgb\\(\\s*${color}\\s*,\\s*${color}\\s*,\\s*${color}\\s*\\)$`),
  byte: matches('^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$'),
  password: () => true,
  date: isDay,
  duration: isDuration,
  datetime: isDateTime,
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

/** A URI or an absolute path, as Go reads what a request asks for. */
function isUri(text: string): boolean {
  if (text === '' || /\p{Cc}/u.test(text.replace(/[\u0080-\u009f]/g, ''))) return false;
  if (text === '*') return true;
  if (text.startsWith(':')) return false;
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length).split('?', 1)[0] as string;
  if (!rest.startsWith('/')) return scheme !== '';
  if (!scheme || !rest.startsWith('//')) return isEscaped(rest);
  const [, authority = '', path = ''] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [];
  return isAuthority(authority) && isEscaped(path);
}

const isEscaped = (text: string) => !/%(?![0-9a-fA-F]{2})/.test(text);

function isAuthority(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [user, host] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user) || !isEscaped(user)) return false;
  if (host.startsWith('[')) return /^\[[^\]]*\](:\d*)?$/.test(host);
  return /^[^\s/?#@\\^`{|}%]*$/.test(host) && !/:(?!\d*$)/.test(host.slice(host.lastIndexOf(':')));
}

const atoms = '[^\\s"(),.:;<>@\\[\\\\\\]]+';
const address = new RegExp(
  `^(?:${atoms}(?:\\.${atoms})*|"(?:[^"\\\\]|\\\\.)+")@${atoms}(?:\\.${atoms})*$`,
  'u',
);
const named = /^[^<>@]*<([^<>]+)>$/;

/** An address by itself, or with the name of whom it is of. */
function isEmail(text: string): boolean {
  const bare = named.exec(text.trim())?.[1] ?? text.trim();
  return address.test(bare);
}

/** 6, 8 or 20 bytes, set apart all in the same way. */
function isMac(text: string): boolean {
  return (
    /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?:(?:\1[0-9a-f]{2}){2}|(?:\1[0-9a-f]{2}){14})?$/i.test(
      text,
    ) || /^(?:[0-9a-f]{4}\.){2}(?:[0-9a-f]{4}\.(?:(?:[0-9a-f]{4}\.){6})?)?[0-9a-f]{4}$/i.test(text)
  );
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  if (more.length > 0 || !/^\d{1,5}$/.test(bits)) return false;
  return looseIp(address) !== undefined && Number(bits) <= (address.includes(':') ? 128 : 32);
}

const clock = /^(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/;

function isDateTime(text: string): boolean {
  const [day = '', time = ''] = text.toLowerCase().split('t');
  const [, hour = '', minute = '', second = ''] = clock.exec(time) ?? [];
  return isDay(day) && hour !== '' && hour <= '23' && minute <= '59' && second <= '59';
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Units beyond those of Go: whole words, and what begins with the last of them. */
const units = [
  ['ns', 'nano'],
  ['us', 'µs', 'micro'],
  ['ms', 'milli'],
  ['s', 'sec'],
  ['m', 'min'],
  ['h', 'hr', 'hour'],
  ['d', 'day'],
  ['w', 'wk', 'week'],
];

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    const found = [...text.matchAll(/(?<!\d)\d+\s*([A-Za-zµ]+)/g)].map(([, unit = '']) => unit.toLowerCase());
    return found.some((unit) =>
      units.some((names) => names.includes(unit) || unit.startsWith(names.at(-1) as string)),
    );
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
  if (!card(digits)) return false;
  const sum = [...digits].reverse().reduce((total, c, i) => {
    const doubled = Number(c) * (i % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
