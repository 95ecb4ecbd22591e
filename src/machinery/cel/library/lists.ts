import { equal } from '../equal.ts';
import { CelError } from '../errors.ts';
import { type Overload, overload } from '../signature.ts';
import { ArrayList, CelList, type CelValue, Duration, isOfType, Optional, Uint } from '../values.ts';
import { compare } from './operators.ts';
import { work } from '../work.ts';
import { making, overContents, pairing, selfComparison, sizeOf } from './cost.ts';

const comparable = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes'] as const;
const summable = ['int', 'uint', 'double', 'duration'] as const;

/** Functions on lists. */
export function lists(): Overload[] {
  return [
    ...comparable.flatMap(ordering),
    ...summable.map((type) =>
      overload(`list<${type}>::sum(): ${type}`, (list: CelList) => sum(list, type), overContents),
    ),
    overload(
      'list<A>::indexOf(A): int',
      (list: CelList, value: CelValue) => place(list, value, false),
      overContents,
    ),
    overload(
      'list<A>::lastIndexOf(A): int',
      (list: CelList, value: CelValue) => place(list, value, true),
      overContents,
    ),
    overload(
      'list<A>::slice(int, int): list<A>',
      slice,
      making(([, start, end]) => Number(end) - Number(start)),
    ),
    overload(
      'list<A>::flatten(): list<dyn>',
      (list: CelList) => new ArrayList(flat(list, 1n)),
      making(([list]) => sizeOf(list)),
    ),
    overload(
      'list<A>::flatten(int): list<dyn>',
      (list: CelList, depth: bigint) => new ArrayList(flat(list, depth)),
      making(([list, depth]) => sizeOf(list) * Number(depth)),
    ),
    overload(
      'lists.range(int): list<int>',
      range,
      making(([size]) => Number(size)),
    ),
    overload('list<A>::distinct(): list<A>', distinct, selfComparison),
    overload(
      'list<A>::reverse(): list<A>',
      (list: CelList) => new ArrayList([...list].reverse()),
      making(([list]) => sizeOf(list)),
    ),
    overload('list<A>::first(): optional<A>', (list: CelList) => optionalAt(list, 0)),
    overload('list<A>::last(): optional<A>', (list: CelList) => optionalAt(list, list.size - 1)),
  ];
}

/** What is asked of lists whose elements have an order. */
function ordering(type: string): Overload[] {
  return [
    overload(`list<${type}>::isSorted(): bool`, isSorted, overContents),
    overload(`list<${type}>::min(): ${type}`, (list: CelList) => extreme(list, 'min'), overContents),
    overload(`list<${type}>::max(): ${type}`, (list: CelList) => extreme(list, 'max'), overContents),
    overload(`list<${type}>::sort(): list<${type}>`, (list: CelList) => sorted(list, list), selfComparison),
    overload(`list<A>::@sortByAssociatedKeys(list<${type}>): list<A>`, sorted, ([, keys]) =>
      selfComparison([keys as CelValue]),
    ),
  ];
}

/** Functions on lists in which order and number do not count. */
export function sets(): Overload[] {
  const contains = (list: CelList, part: CelList) => [...part].every((value) => includes(list, value));
  const both = (a: CelList, b: CelList) => contains(a, b) && contains(b, a);
  const any = (a: CelList, b: CelList) => [...b].some((value) => includes(a, value));
  return [
    overload('sets.contains(list<A>, list<A>): bool', contains, pairing()),
    overload('sets.equivalent(list<A>, list<A>): bool', both, pairing(2)),
    overload('sets.intersects(list<A>, list<A>): bool', any, pairing()),
  ];
}

function includes(list: CelList, value: CelValue): boolean {
  for (const item of list) if (equal(item, value)) return true;
  return false;
}

/** The elements, all of one type that has an order. */
function ordered(list: CelList): CelValue[] {
  const items = [...list];
  const [first] = items;
  if (first === undefined) return items;
  const kind = comparable.find((name) => isOfType(first, { kind: name }));
  if (kind && items.every((item) => isOfType(item, { kind }))) return items;
  throw new CelError('no such overload');
}

function isSorted(list: CelList): boolean {
  const items = ordered(list);
  return items.every((item, i) => i === 0 || compare(items[i - 1] as CelValue, item) <= 0);
}

function sorted(list: CelList, keys: CelList): CelList {
  const places = ordered(keys).map((key, place) => ({ key, place }));
  places.sort((a, b) => compare(a.key, b.key));
  return new ArrayList(places.map(({ place }) => list.get(place) as CelValue));
}

function extreme(list: CelList, which: 'min' | 'max'): CelValue {
  const [first, ...rest] = ordered(list);
  if (first === undefined) throw new CelError(`${which} called on empty list`);
  const sign = which === 'min' ? 1 : -1;
  return rest.reduce((best, item) => (compare(item, best) * sign < 0 ? item : best), first);
}

function sum(list: CelList, type: (typeof summable)[number]): CelValue {
  const items = [...list];
  if (items.every((item) => typeof item === 'number')) {
    if (items.length > 0 || type === 'double') return items.reduce((a, b) => a + b, 0);
  }
  if (items.every((item) => item instanceof Duration)) {
    if (items.length > 0 || type === 'duration') return new Duration(total(items.map((item) => item.nanos)));
  }
  if (items.length > 0 && items.every((item) => item instanceof Uint)) return uintSum(items);
  if (!items.every((item) => typeof item === 'bigint')) throw new CelError('no such overload');
  const result = total(items);
  if (BigInt.asIntN(64, result) !== result) throw new CelError('integer overflow');
  return type === 'uint' ? new Uint(result) : result;
}

const total = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);

function uintSum(items: readonly Uint[]): Uint {
  const result = total(items.map((item) => item.value));
  if (BigInt.asUintN(64, result) !== result) throw new CelError('unsigned integer overflow');
  return new Uint(result);
}

function place(list: CelList, value: CelValue, last: boolean): bigint {
  const items = [...list];
  const same = (item: CelValue) => equal(item, value);
  return BigInt(last ? items.findLastIndex(same) : items.findIndex(same));
}

function slice(list: CelList, start: bigint, end: bigint): CelList {
  const why = (text: string) => new CelError(`cannot slice(${start}, ${end}), ${text}`);
  if (start < 0n || end < 0n) throw why('negative indexes not supported');
  if (start > end) throw why('start index must be less than or equal to end index');
  if (end > BigInt(list.size)) throw why(`list is length ${list.size}`);
  const length = Number(end - start);
  work(length);
  return new ArrayList(Array.from({ length }, (_, i) => list.get(Number(start) + i) as CelValue));
}

function flat(list: CelList, depth: bigint): CelValue[] {
  if (depth < 0n) throw new CelError('level must be non-negative');
  work(list.size);
  return [...list].flatMap((item) =>
    item instanceof CelList && depth > 0n ? flat(item, depth - 1n) : [item],
  );
}

const maxRange = 1_000_000n;

function range(size: bigint): CelList {
  if (size > maxRange) throw new CelError(`a range of ${size} is too large`);
  return new ArrayList(Array.from({ length: Math.max(0, Number(size)) }, (_, i) => BigInt(i)));
}

function distinct(list: CelList): CelList {
  const kept: CelValue[] = [];
  for (const item of list) if (!kept.some((known) => equal(known, item))) kept.push(item);
  return new ArrayList(kept);
}

function optionalAt(list: CelList, index: number): Optional {
  return new Optional(list.get(index));
}
