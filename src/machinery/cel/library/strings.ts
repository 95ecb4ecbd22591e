import { CelError } from '../errors.ts';
import { goQuote } from '../../go-text.ts';
import { type Overload, overload } from '../signature.ts';
import { ArrayList, CelList, CelMap, type CelValue, typeNameOf, Uint } from '../values.ts';
import { doubleText } from './conversions.ts';
import { formatMoment, formatSpan } from '../moments.ts';
import { Duration, Timestamp, TypeValue } from '../values.ts';
import { work, workOnText } from '../work.ts';
import { containment, joining, overContents, overFirst } from './cost.ts';
import { characters } from './text.ts';

/** Functions on text; positions count code points. */
export function strings(): Overload[] {
  return [
    overload(
      'string::contains(string): bool',
      (text: string, part: string) => text.includes(part),
      containment,
    ),
    overload(
      'string::startsWith(string): bool',
      (text: string, head: string) => text.startsWith(head),
      overFirst(),
    ),
    overload(
      'string::endsWith(string): bool',
      (text: string, tail: string) => text.endsWith(tail),
      overFirst(),
    ),
    overload('string::charAt(int): string', charAt),
    overload(
      'string::lowerAscii(): string',
      (text: string) => text.replace(/[A-Z]+/g, (c) => c.toLowerCase()),
      overFirst(),
    ),
    overload(
      'string::upperAscii(): string',
      (text: string) => text.replace(/[a-z]+/g, (c) => c.toUpperCase()),
      overFirst(),
    ),
    overload(
      'string::trim(): string',
      (text: string) => text.replace(/^\p{White_Space}+|(?<!\p{White_Space})\p{White_Space}+$/gu, ''),
      overFirst(),
    ),
    overload(
      'string::substring(int): string',
      (text: string, start: bigint) => substring(text, start),
      overFirst(),
    ),
    overload('string::substring(int, int): string', substring, overFirst()),
    overload(
      'string::replace(string, string): string',
      (text: string, from: string, to: string) => replaceSome(text, from, to, -1n),
      overFirst(2),
    ),
    overload('string::replace(string, string, int): string', replaceSome, overFirst(2)),
    overload(
      'string::split(string): list<string>',
      (text: string, at: string) => split(text, at, -1n),
      overFirst(2),
    ),
    overload('string::split(string, int): list<string>', split, overFirst(2)),
    overload('list<string>::join(): string', (list: CelList) => join(list, ''), joining),
    overload('list<string>::join(string): string', join, joining),
    overload('strings.quote(string): string', quote, overFirst()),
    overload('string::format(list<dyn>): string', format, overFirst()),
    ...positions(),
  ];
}

function positions(): Overload[] {
  const first = (text: string, part: string, from = 0n) => indexOf(text, part, from);
  const last = (text: string, part: string, to?: bigint) => lastIndexOf(text, part, to);
  return [
    overload('string::indexOf(string): int', first, overContents),
    overload('string::indexOf(string, int): int', first, overContents),
    overload('string::lastIndexOf(string): int', last, overContents),
    overload('string::lastIndexOf(string, int): int', last, overContents),
  ];
}

const joined = (part: string | readonly string[]) => (typeof part === 'string' ? part : part.join(''));

function within(position: bigint, size: number): number {
  if (position >= 0n && position <= BigInt(size)) return Number(position);
  throw new CelError(`index out of range: ${position}`);
}

function charAt(text: string, position: bigint): string {
  const all = characters(text);
  return all[within(position, all.length)] ?? '';
}

function substring(text: string, start: bigint, end?: bigint): string {
  const all = characters(text);
  const from = within(start, all.length);
  const to = end === undefined ? all.length : within(end, all.length);
  if (from > to) throw new CelError(`invalid substring range. start: ${from}, end: ${to}`);
  return joined(all.slice(from, to));
}

/** The place of a unit of the JavaScript string, in code points. */
const codePoints = (text: string, units: number) => characters(text.slice(0, units)).length;

function indexOf(text: string, part: string, from: bigint): bigint {
  const all = characters(text);
  const start = joined(all.slice(0, within(from, all.length))).length;
  const found = text.indexOf(part, start);
  return BigInt(found < 0 ? -1 : codePoints(text, found));
}

function lastIndexOf(text: string, part: string, to: bigint | undefined): bigint {
  const all = characters(text);
  const end = to === undefined ? text.length : joined(all.slice(0, within(to, all.length))).length;
  const found = text.lastIndexOf(part, end);
  return BigInt(found < 0 ? -1 : codePoints(text, found));
}

/** As Go's Replace: nothing is found before each character, and at the end. */
function replaceSome(text: string, from: string, to: string, count: bigint): string {
  const parts = from === '' ? ['', ...characters(text), ''] : text.split(from);
  const found = parts.length - 1;
  const replaced = count < 0n || count > found ? found : Number(count);
  workOnText((to.length + 1) * replaced);
  return [parts.slice(0, replaced + 1).join(to), ...parts.slice(replaced + 1)].join(from);
}

function split(text: string, separator: string, limit: bigint): CelList {
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return new ArrayList(parts);
  if (limit === 0n) return new ArrayList([]);
  const kept = parts.slice(0, Number(limit) - 1);
  return new ArrayList([...kept, parts.slice(kept.length).join(separator)]);
}

function join(list: CelList, separator: string): string {
  const parts = [...list];
  for (const part of parts) {
    if (typeof part !== 'string') throw new CelError('no such overload');
    workOnText(part.length + separator.length);
  }
  return parts.join(separator);
}

const escapes: Record<string, string> = {
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

// oxlint-disable-next-line no-control-regex
const quote = (text: string) => `"${text.replace(/[\x07\b\f\n\r\t\v\\"]/g, (c) => escapes[c] ?? c)}"`;

/** Text with `%s`, `%d`, `%.2f`, `%e`, `%x`, `%X`, `%o`, `%b` and `%%` filled in. */
function format(pattern: string, args: CelList): string {
  let next = 0;
  return pattern.replace(/%(?:\.(\d+))?(.?)/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const value = args.get(next);
    if (value === undefined) throw new CelError(`index ${next} out of range`);
    next++;
    return formatOne(verb, value, precision === undefined ? 6 : Number(precision));
  });
}

function formatOne(verb: string, value: CelValue, precision: number): string {
  const plain = value instanceof Uint ? value.value : value;
  switch (verb) {
    case 's':
      return textOf(value);
    case 'd':
      if (typeof plain === 'bigint' || (typeof plain === 'number' && !Number.isFinite(plain)))
        return textOf(value);
      break;
    case 'f':
    case 'e':
      if (typeof plain === 'number' || typeof plain === 'bigint')
        return fraction(Number(plain), verb, precision);
      break;
    case 'b':
      if (typeof plain === 'bigint' || typeof plain === 'boolean') return BigInt(plain).toString(2);
      break;
    case 'o':
      if (typeof plain === 'bigint') return plain.toString(8);
      break;
    case 'x':
    case 'X': {
      const hex = hexOf(plain);
      if (hex !== undefined) return verb === 'X' ? hex.toUpperCase() : hex;
      break;
    }
    default:
      throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
  throw new CelError(
    `error during formatting: no formatting function for ${typeNameOf(value)} with clause "${verb}"`,
  );
}

function fraction(value: number, verb: 'f' | 'e', precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  if (verb === 'f') return fixed(value, Math.min(precision, 100));
  const [mantissa = '', exponent = ''] = value.toExponential(Math.min(precision, 100)).split('e');
  return `${mantissa}×10${raised(Number(exponent))}`;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A power of ten as upstream prints it, of two digits at least. */
function raised(exponent: number): string {
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return (exponent < 0 ? '⁻' : '') + digits.replace(/\d/g, (digit) => superscripts.charAt(Number(digit)));
}

/** As Go rounds: what lies in the middle goes to the even neighbour. */
function fixed(value: number, precision: number): string {
  const text = value.toFixed(precision);
  const isMiddle = Math.abs(Number(text) - value) * 2 * 10 ** precision === 1;
  if (!isMiddle || Number(text.at(-1)) % 2 === 0) return text;
  return (Number(text) - Math.sign(value) / 10 ** precision).toFixed(precision);
}

function hexOf(value: CelValue): string | undefined {
  if (typeof value === 'bigint') return value.toString(16);
  if (typeof value === 'string') return Buffer.from(value).toString('hex');
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : undefined;
}

function textOf(value: CelValue): string {
  work(1);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return doubleText(value).replace(/^\+?(-?)Inf$/, '$1Infinity');
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatMoment(value);
  if (value instanceof Duration) return formatSpan(value);
  if (value instanceof TypeValue) return value.typeName;
  if (value instanceof CelList) return `[${[...value].map(textOf).join(', ')}]`;
  if (value instanceof CelMap) return mapText(value);
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  throw new CelError(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${goQuote(typeNameOf(value))}`,
  );
}

function mapText(map: CelMap): string {
  const entries = [...map.keys()].map((key) => `${textOf(key)}: ${textOf(map.get(key) as CelValue)}`);
  return `{${entries.sort().join(', ')}}`;
}
