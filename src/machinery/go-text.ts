import { printJson } from './exact-json.ts';

const short: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

function escapeRune(rune: string): string {
  const known = short[rune];
  if (known) return known;
  const code = rune.codePointAt(0) as number;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

/** A string as Go's `%q` prints it; error texts carry values in this form. */
export function goQuote(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  return `"${text.replace(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escapeRune)}"`;
}

const htmlMinds = ['<', '>', '&', '\u2028', '\u2029'];

/** A value as Go's `json.Marshal` prints it: like `JSON.stringify`, with what HTML minds escaped. */
export function goJson(value: unknown): string {
  const text = printJson(value) ?? 'null';
  // Far quicker than the expression, and most texts hold none of it.
  if (!htmlMinds.some((c) => text.includes(c))) return text;
  return text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Length in bytes of the UTF-8 form, which is what Go's `len` counts. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** A JSON value as Go's `%v` prints it. */
export function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value !== 'object' || value === null)
    return value === null || value === undefined ? '<nil>' : String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${goText(item)}`).join(' ')}]`;
}

/** The type of a JSON value, as the errors of Go's `encoding/json` name it. */
export function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  if (typeof value === 'bigint') return 'number';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** A kind in its version as Go prints it: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
export function goKind(apiVersion: string, kind: unknown): string {
  const slashes = apiVersion.split('/').length - 1;
  const version = slashes > 1 ? '/' : slashes === 1 ? apiVersion : `/${apiVersion}`;
  return `${version}, Kind=${goText(kind ?? '')}`;
}

/** The text without slashes at its end. A pattern for them would try each slash of the text anew, and there may be a million. */
export function withoutSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end--;
  return text.slice(0, end);
}

/** Several errors as one text, as upstream aggregates them: each said once, one as it is, more as `[a, b]`. */
export function aggregated(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length > 1 ? `[${distinct.join(', ')}]` : (distinct[0] ?? '');
}
