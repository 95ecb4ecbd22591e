import { CelError } from '../errors.ts';
import { formatMoment, formatSpan, parseTimestamp } from '../moments.ts';
import { parseSpan } from '../spans.ts';
import { knownOverload, type Overload, overload } from '../signature.ts';
import { type CelValue, Duration, Timestamp, TypeValue, typeNameOf, Uint } from '../values.ts';
import { overFirst } from './cost.ts';

const billion = 1_000_000_000n;

/** `int(x)`, `string(x)` and the like. */
export function conversions(): Overload[] {
  const same = (value: CelValue) => value;
  return [
    ...['int', 'uint', 'double', 'bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) =>
      overload(`${type}(${type}): ${type}`, same),
    ),
    overload('dyn(A): dyn', same),
    overload('type(A): type', (value: CelValue) => new TypeValue(typeNameOf(value))),
    ...toNumbers(),
    ...toText(),
    overload('bool(string): bool', boolOf),
    knownOverload('bytes(string): bytes', (text: string) => Uint8Array.from(Buffer.from(text)), overFirst()),
    overload('timestamp(string): timestamp', parseTimestamp),
    overload('timestamp(int): timestamp', (seconds: bigint) => new Timestamp(seconds * billion)),
    overload('duration(string): duration', parseSpan),
    overload('duration(int): duration', (seconds: bigint) => new Duration(seconds * billion)),
  ];
}

function toNumbers(): Overload[] {
  return [
    overload('int(uint): int', ({ value }: Uint) => intOf(value)),
    overload('int(double): int', (value: number) => intOf(whole(value, 'integer overflow', 2 ** 63))),
    overload('int(string): int', (text: string) => intOf(digits(text, /^[-+]?[0-9]+$/, 'int'))),
    overload('int(timestamp): int', ({ nanos }: Timestamp) => floorSeconds(nanos)),
    overload('int(duration): int', ({ nanos }: Duration) => nanos / billion),
    overload('uint(int): uint', uintOf),
    overload('uint(double): uint', (value: number) =>
      uintOf(whole(value, 'unsigned integer overflow', 2 ** 64)),
    ),
    overload('uint(string): uint', (text: string) => uintOf(digits(text, /^[0-9]+$/, 'uint'))),
    overload('double(int): double', Number),
    overload('double(uint): double', ({ value }: Uint) => Number(value)),
    overload('double(string): double', doubleOf),
  ];
}

function toText(): Overload[] {
  return [
    overload('string(bool): string', String),
    overload('string(int): string', String),
    overload('string(uint): string', ({ value }: Uint) => String(value)),
    overload('string(double): string', doubleText),
    knownOverload('string(bytes): string', bytesText, overFirst()),
    overload('string(timestamp): string', formatMoment),
    overload('string(duration): string', formatSpan),
  ];
}

function intOf(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new CelError('integer overflow');
}

function uintOf(value: bigint): Uint {
  if (BigInt.asUintN(64, value) === value) return new Uint(value);
  throw new CelError('unsigned integer overflow');
}

function whole(value: number, overflow: string, limit: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= limit) throw new CelError(overflow);
  return BigInt(Math.trunc(value));
}

function digits(text: string, pattern: RegExp, type: string): bigint {
  if (pattern.test(text)) return BigInt(text.replace('+', ''));
  throw new CelError(`type conversion error from 'string' to '${type}'`);
}

const floorSeconds = (nanos: bigint) => (nanos - (((nanos % billion) + billion) % billion)) / billion;

function doubleOf(text: string): number {
  const named = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(text);
  if (named) return named[2] ? (named[1] === '-' ? -Infinity : Infinity) : Number.NaN;
  if (/^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(text)) return Number(text);
  throw new CelError(`type conversion error from 'string' to 'double'`);
}

/** As Go prints a number in as few digits as say it. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return power < 0 ? withoutExponent(mantissa, power) : String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** JavaScript writes small numbers with an exponent sooner than Go does. */
function withoutExponent(mantissa: string, power: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  return `${sign}0.${'0'.repeat(-power - 1)}${mantissa.replace(/[-.]/g, '')}`;
}

function bytesText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CelError('invalid UTF-8 in bytes, cannot convert to string');
  }
}

function boolOf(text: string): boolean {
  if (['1', 't', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new CelError(`type conversion error from 'string' to 'bool'`);
}
