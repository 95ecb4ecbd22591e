import {
  CelList,
  CelMap,
  type CelValue,
  Duration,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
} from './values.ts';
import { work } from './work.ts';

/** Whether two values are equal. Numbers of different types are compared as numbers; nothing else is, across types. */
export function equal(a: CelValue, b: CelValue): boolean {
  if (a === b) return true;
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof CelList) return b instanceof CelList && equalLists(a, b);
  if (a instanceof CelMap) return b instanceof CelMap && equalMaps(a, b);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.typeName === b.typeName;
  if (a instanceof Optional) return b instanceof Optional && equalOptionals(a, b);
  if (a instanceof Opaque && b instanceof Opaque) return a.typeName === b.typeName && a.equals(b);
  return false;
}

export type Numeric = number | bigint | Uint;

export const isNumeric = (value: CelValue): value is Numeric =>
  typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint;

/** Below 0, 0 or above; NaN where they have no order. Integers are compared with doubles as doubles. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  const mixed = (typeof a === 'number') !== (typeof b === 'number');
  const plain = (value: Numeric) => (value instanceof Uint ? value.value : value);
  const [x, y] = mixed ? [Number(plain(a)), Number(plain(b))] : [plain(a), plain(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  return x < y ? -1 : x > y ? 1 : 0;
}

function equalOptionals({ value: a }: Optional, { value: b }: Optional): boolean {
  return a === undefined || b === undefined ? a === b : equal(a, b);
}

function equalLists(a: CelList, b: CelList): boolean {
  if (a.size !== b.size) return false;
  work(a.size);
  if (a.merge || b.merge) return equalUnordered(a, b);
  for (let i = 0; i < a.size; i++) if (!equal(a.get(i) as CelValue, b.get(i) as CelValue)) return false;
  return true;
}

/** Lists that are sets or maps of the API have no order. */
function equalUnordered(a: CelList, b: CelList): boolean {
  const rest = [...b];
  for (const item of a) {
    const found = rest.findIndex((other) => equal(item, other));
    work(found < 0 ? rest.length : found);
    if (found < 0) return false;
    rest.splice(found, 1);
  }
  return true;
}

function equalMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  work(a.size);
  for (const key of a.keys()) {
    const [own, other] = [a.get(key), b.get(key)];
    if (own === undefined || other === undefined ? own !== other : !equal(own, other)) return false;
  }
  return true;
}
