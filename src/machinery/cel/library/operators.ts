import { compareNumbers, equal, type Numeric } from '../equal.ts';
import { CelError } from '../errors.ts';
import { knownOverload, type Overload, overload } from '../signature.ts';
import { ArrayList, CelList, type CelMap, type CelValue, Duration, Timestamp, Uint } from '../values.ts';
import { equality, overBoth, overShorter, sizeOf } from './cost.ts';
import { characters } from './text.ts';

/** Equality, order and arithmetic. */
export function operators(): Overload[] {
  return [
    overload('_==_(A, A): bool', equal, equality),
    overload('_!=_(A, A): bool', (a: CelValue, b: CelValue) => !equal(a, b), overShorter),
    knownOverload('@in(A, list<A>): bool', isIn, ([, list]) => sizeOf(list)),
    overload('@in(A, map<A, B>): bool', (key: CelValue, map: CelMap) => map.has(key)),
    overload('!_(bool): bool', (value: boolean) => !value),
    ...sizes(),
    ...orders(),
    ...ints(),
    ...uints(),
    ...doubles(),
    ...moments(),
    ...concatenations(),
  ];
}

function isIn(value: CelValue, list: CelList): boolean {
  for (const item of list) if (equal(item, value)) return true;
  return false;
}

type Sized = string | Uint8Array | CelList | CelMap;

function lengthOf(value: Sized): bigint {
  if (typeof value === 'string') return BigInt(characters(value).length);
  return BigInt(value instanceof Uint8Array ? value.length : value.size);
}

function sizes(): Overload[] {
  return ['string', 'bytes', 'list', 'map'].flatMap((type) => [
    overload(`size(${type}): int`, lengthOf),
    overload(`${type}::size(): int`, lengthOf),
  ]);
}

/** Numbers of all types have one order. */
const numbers = ['int', 'uint', 'double'];

/** How two values of one type are ordered: below 0, 0 or above. NaN where they have no order. */
export function compare(a: CelValue, b: CelValue): number {
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array);
  if (a instanceof Timestamp || a instanceof Duration) return Number(a.nanos - (b as typeof a).nanos);
  if (typeof a === 'string') return compareText(a, b as string);
  if (typeof a === 'boolean') return Number(a) - Number(b);
  return compareNumbers(a as Numeric, b as Numeric);
}

/** By code points, as Go compares UTF-8. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function orders(): Overload[] {
  const same = ['bool', 'string', 'bytes', 'timestamp', 'duration'].map((type) => `${type}, ${type}`);
  const mixed = numbers.flatMap((a) => numbers.map((b) => `${a}, ${b}`));
  return [...same, ...mixed].flatMap((types) => [
    knownOverload(`_<_(${types}): bool`, (a: CelValue, b: CelValue) => compare(a, b) < 0, overShorter),
    knownOverload(`_<=_(${types}): bool`, (a: CelValue, b: CelValue) => compare(a, b) <= 0, overShorter),
    knownOverload(`_>_(${types}): bool`, (a: CelValue, b: CelValue) => compare(a, b) > 0, overShorter),
    knownOverload(`_>=_(${types}): bool`, (a: CelValue, b: CelValue) => compare(a, b) >= 0, overShorter),
  ]);
}

function int(value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw new CelError('integer overflow');
}

function uint(value: bigint): Uint {
  if (BigInt.asUintN(64, value) === value) return new Uint(value);
  throw new CelError('unsigned integer overflow');
}

function notZero(value: bigint, what: string): bigint {
  if (value === 0n) throw new CelError(`${what} by zero`);
  return value;
}

function ints(): Overload[] {
  return [
    overload('_+_(int, int): int', (a: bigint, b: bigint) => int(a + b)),
    overload('_-_(int, int): int', (a: bigint, b: bigint) => int(a - b)),
    overload('_*_(int, int): int', (a: bigint, b: bigint) => int(a * b)),
    overload('_/_(int, int): int', (a: bigint, b: bigint) => int(a / notZero(b, 'division'))),
    overload('_%_(int, int): int', (a: bigint, b: bigint) => int(a % notZero(b, 'modulus'))),
    overload('-_(int): int', (a: bigint) => int(-a)),
  ];
}

function uints(): Overload[] {
  return [
    overload('_+_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value + b.value)),
    overload('_-_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value - b.value)),
    overload('_*_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value * b.value)),
    overload('_/_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value / notZero(b.value, 'division'))),
    overload('_%_(uint, uint): uint', (a: Uint, b: Uint) => uint(a.value % notZero(b.value, 'modulus'))),
  ];
}

function doubles(): Overload[] {
  return [
    overload('_+_(double, double): double', (a: number, b: number) => a + b),
    overload('_-_(double, double): double', (a: number, b: number) => a - b),
    overload('_*_(double, double): double', (a: number, b: number) => a * b),
    overload('_/_(double, double): double', (a: number, b: number) => a / b),
    overload('-_(double): double', (a: number) => -a),
  ];
}

interface Nanos {
  nanos: bigint;
}

function moments(): Overload[] {
  const later = ({ nanos, offsetMinutes }: Timestamp, by: bigint) => new Timestamp(nanos + by, offsetMinutes);
  return [
    overload('_+_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => later(a, b.nanos)),
    overload('_+_(duration, timestamp): timestamp', (a: Duration, b: Timestamp) => later(b, a.nanos)),
    overload('_+_(duration, duration): duration', (a: Nanos, b: Nanos) => new Duration(a.nanos + b.nanos)),
    overload('_-_(timestamp, duration): timestamp', (a: Timestamp, b: Duration) => later(a, -b.nanos)),
    overload('_-_(timestamp, timestamp): duration', (a: Nanos, b: Nanos) => new Duration(a.nanos - b.nanos)),
    overload('_-_(duration, duration): duration', (a: Nanos, b: Nanos) => new Duration(a.nanos - b.nanos)),
  ];
}

function concatenations(): Overload[] {
  return [
    knownOverload('_+_(string, string): string', (a: string, b: string) => a + b, overBoth),
    knownOverload(
      '_+_(bytes, bytes): bytes',
      (a: Uint8Array, b: Uint8Array) => Uint8Array.from(Buffer.concat([a, b])),
      overBoth,
    ),
    overload('_+_(list<A>, list<A>): list<A>', concatLists),
  ];
}

/** What the right side has replaces, in lists that are sets or maps of the API, what is the same on the left. */
function concatLists(a: CelList, b: CelList): CelList {
  const { merge } = a;
  if (!merge) return new ArrayList([...a, ...b]);
  const items = [...a];
  for (const item of b) {
    const at = items.findIndex((known) => sameElement(known, item, merge.keys));
    if (at < 0) items.push(item);
    else items[at] = item;
  }
  return new ArrayList(items, merge);
}

function sameElement(a: CelValue, b: CelValue, keys: readonly string[]): boolean {
  if (keys.length === 0) return equal(a, b);
  return keys.every((key) => equal((a as CelMap).get(key) ?? null, (b as CelMap).get(key) ?? null));
}
