import { byteLength } from './go-text.ts';
import { joined, nothing } from './joined.ts';

/*
 * The formats of names, each as a function that answers with what is wrong (empty: nothing). The texts are those of
 * `apimachinery/pkg/util/validation` and `apimachinery/pkg/api/validate/content`, which clients get to read.
 */

interface Format {
  pattern: string;
  regexp: RegExp;
  text: string;
  examples: readonly string[];
}

function format(pattern: string, text: string, ...examples: string[]): Format {
  return { pattern, regexp: new RegExp(`^${pattern}$`), text, examples };
}

/** No format allows as much; what is longer is not worth a regular expression's time. */
const hopelessLength = 4096;
const matches = (f: Format, value: string) => value.length <= hopelessLength && f.regexp.test(value);

/** The text for a value that fails a regular expression. */
export function regexError(text: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${text} (regex used for validation is '${pattern}')`;
  return `${text} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}regex used for validation is '${pattern}')`;
}

const mismatch = (f: Format) => regexError(f.text, f.pattern, ...f.examples);

/** The text for a number outside of `min`..`max`. */
export function inclusiveRangeError(min: number, max: number): string {
  return `must be between ${min} and ${max}, inclusive`;
}

function check(
  value: string,
  f: Format,
  maxLength = Number.POSITIVE_INFINITY,
  unit = 'characters',
): readonly string[] {
  const errors = byteLength(value) > maxLength ? [`must be no more than ${maxLength} ${unit}`] : nothing;
  return matches(f, value) ? errors : [...errors, mismatch(f)];
}

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const underscored = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const endsAlphanumeric = 'and must start and end with an alphanumeric character';

const dns1123Label = format(
  label,
  `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${endsAlphanumeric}`,
  'my-name',
  '123-abc',
);
const dns1123Subdomain = format(
  subdomain,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${endsAlphanumeric}`,
  'example.com',
);
const dns1123SubdomainWithUnderscore = format(
  `${underscored}(\\.${underscored})*`,
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', ${endsAlphanumeric}`,
  'example.com',
);
const dns1035Label = format(
  '[a-z]([-a-z0-9]*[a-z0-9])?',
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  'my-name',
  'abc-123',
);
const wildcardSubdomain = format(
  `\\*\\.${subdomain}`,
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  '*.example.com',
);

/** A label of a DNS name (RFC 1123), at most 63 long. */
export function dns1123LabelErrors(value: string): readonly string[] {
  const errors = check(value, dns1123Label, 63);
  if (matches(dns1123Label, value) || !matches(dns1123Subdomain, value)) return errors;
  return [...errors.slice(0, -1), 'must not contain dots'];
}

/** A DNS name in lower case (RFC 1123), at most 253 long. */
export function dns1123SubdomainErrors(value: string): readonly string[] {
  return check(value, dns1123Subdomain, 253);
}

/** A DNS name that may also hold underscores. */
export function dns1123SubdomainWithUnderscoreErrors(value: string): readonly string[] {
  return check(value, dns1123SubdomainWithUnderscore, 253);
}

/** A label of a DNS name (RFC 1035): begins with a letter. */
export function dns1035LabelErrors(value: string): readonly string[] {
  return check(value, dns1035Label, 63);
}

/** `*.` and a DNS name. */
export function wildcardDns1123SubdomainErrors(value: string): readonly string[] {
  return check(value, wildcardSubdomain, 253);
}

const labelKeyPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelKey = format(
  labelKeyPattern,
  `must consist of alphanumeric characters, '-', '_' or '.', ${endsAlphanumeric}`,
  'MyName',
  'my.name',
  '123-abc',
);
const labelValue = format(
  `(${labelKeyPattern})?`,
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${endsAlphanumeric}`,
  'MyValue',
  'my_value',
  '12345',
);

function labelPrefixErrors(prefix: string): readonly string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  const errors = check(prefix, dns1123Subdomain, 253, 'bytes');
  return errors.length === 0 ? nothing : errors.map((e) => `prefix part ${e}`);
}

/** A qualified name, `name` or `domain/name`: the key of a label, an annotation, a resource. */
export function qualifiedNameErrors(value: string): readonly string[] {
  if (value.length <= 63 && matches(labelKey, value)) return nothing;
  const parts = value.split('/');
  if (parts.length > 2) {
    const rest = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
    return [`a valid label key ${mismatch(labelKey)}${rest}`];
  }
  const name = parts[parts.length - 1] as string;
  const ofPrefix = parts.length === 2 ? labelPrefixErrors(parts[0] as string) : nothing;
  const ofName = check(name, labelKey, 63, 'bytes');
  if (ofPrefix.length === 0 && ofName.length === 0) return nothing;
  const empty = name === '' ? ['name part must be non-empty'] : nothing;
  return [...ofPrefix, ...empty, ...ofName.map((e) => `name part ${e}`)];
}

/** The value of a label: empty, or at most 63 letters, digits, `-`, `_`, `.`. */
export function labelValueErrors(value: string): readonly string[] {
  return check(value, labelValue, 63, 'bytes');
}

const cIdentifier = format(
  '[A-Za-z_][A-Za-z0-9_]*',
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  'my_name',
  'MY_NAME',
  'MyName',
);

/** An identifier of C. */
export function cIdentifierErrors(value: string): readonly string[] {
  return check(value, cIdentifier);
}

/** A name of an environment variable: anything printable in ASCII but `=`. */
export function envVarNameErrors(value: string): readonly string[] {
  if (value === '') return ['environment variable name must be non-empty'];
  if (/^[ -<>-~]*$/.test(value)) return nothing;
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

const configKey = format(
  '[-._a-zA-Z0-9]+',
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
);

function parentFolderErrors(value: string): readonly string[] {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : nothing;
}

/** A key in a ConfigMap or Secret; it becomes a file name. */
export function configMapKeyErrors(value: string): readonly string[] {
  return joined(check(value, configKey, 253), parentFolderErrors(value));
}

/** A name that becomes one step of a URL's path. */
export function pathSegmentNameErrors(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  if (!value.includes('/') && !value.includes('%')) return nothing;
  return ['/', '%'].filter((c) => value.includes(c)).map((c) => `may not contain '${c}'`);
}

/** The name of a port (RFC 6335, in lower case). */
export function portNameErrors(value: string): readonly string[] {
  const errors: string[] = [];
  if (byteLength(value) > 15) errors.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value))
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)');
  if (value.includes('--')) errors.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen');
  return errors;
}

/** A number of a port, 1 to 65535. */
export function portNumberErrors(port: number): readonly string[] {
  return rangeErrors(port, 1, 65535);
}

/** A number between `min` and `max`. */
export function rangeErrors(value: number, min: number, max: number): readonly string[] {
  return value >= min && value <= max ? nothing : [inclusiveRangeError(min, max)];
}

/** A user or group id of Linux. */
export function unixIdErrors(id: number): readonly string[] {
  return rangeErrors(id, 0, 2 ** 31 - 1);
}

const percent = format(
  '[0-9]+%',
  "a valid percent string must be a numeric string followed by an ending '%'",
  '1%',
  '93%',
);

/** A share such as `25%`. */
export function percentErrors(value: string): readonly string[] {
  return check(value, percent);
}

const httpHeaderName = format(
  '[-A-Za-z0-9]+',
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  'X-Header-Name',
);

/** The name of an HTTP header. */
export function httpHeaderNameErrors(value: string): readonly string[] {
  return check(value, httpHeaderName);
}
