import { CelError } from './errors.ts';
import { Pause } from './rest.ts';
import type { CelType, ListMerge } from './types.ts';

/** A value of an expression. Integers are bigints; a number is always a double. */
export type CelValue =
  | boolean
  | string
  | bigint
  | number
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | CelList
  | CelMap
  | Opaque;

/** An unsigned integer. */
export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A moment. */
export class Timestamp {
  /** Nanoseconds since 1970. */
  readonly nanos: bigint;
  /** Of the zone in which it was written: minutes east of Greenwich. Only text shows it. */
  readonly offsetMinutes: number;
  constructor(nanos: bigint, offsetMinutes = 0) {
    if (nanos < minTimestamp || nanos > maxTimestamp) throw new CelError('timestamp overflow');
    this.nanos = nanos;
    this.offsetMinutes = offsetMinutes;
  }
}

const billion = 1_000_000_000n;
/** The first moment of the year 1. */
export const minTimestamp = -62_135_596_800n * billion;
const maxTimestamp = 253_402_300_800n * billion - 1n;

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    if (BigInt.asIntN(64, nanos) !== nanos) throw new CelError('integer overflow');
    this.nanos = nanos;
  }
}

/** What `type(x)` gives. */
export class TypeValue {
  readonly typeName: string;
  constructor(typeName: string) {
    this.typeName = typeName;
  }
}

/** A value that may be absent. */
export class Optional {
  readonly value: CelValue | undefined;
  constructor(value?: CelValue) {
    this.value = value;
  }
}

/** A value that only functions look into. */
export abstract class Opaque {
  abstract readonly typeName: string;
  /** What it counts for in the cost of calls: an address its bytes. */
  get size(): number {
    return 1;
  }
  /** Whether two values of the same type are equal. */
  abstract equals(other: Opaque): boolean;
}

export abstract class CelList implements Iterable<CelValue> {
  abstract readonly size: number;
  /** Undefined beyond the ends. */
  abstract get(index: number): CelValue | undefined;
  /** How lists of the API merge and compare, where they do not as plain lists. */
  merge?: ListMerge | undefined;

  *[Symbol.iterator](): Iterator<CelValue> {
    for (let i = 0; i < this.size; i++) yield this.get(i) as CelValue;
  }
}

export class ArrayList extends CelList {
  readonly #items: readonly CelValue[];
  constructor(items: readonly CelValue[], merge?: ListMerge) {
    super();
    this.#items = items;
    this.merge = merge;
  }
  get size(): number {
    return this.#items.length;
  }
  get(index: number): CelValue | undefined {
    return this.#items[index];
  }
}

export abstract class CelMap {
  abstract readonly size: number;
  /** Undefined where there is no such key. */
  abstract get(key: CelValue): CelValue | undefined;
  abstract keys(): Iterable<CelValue>;
  has(key: CelValue): boolean {
    return this.get(key) !== undefined;
  }
}

type PlainKey = string | bigint | boolean;

/** All numbers of one value are one key. */
function plainKey(key: CelValue): PlainKey | undefined {
  if (typeof key === 'string' || typeof key === 'bigint' || typeof key === 'boolean') return key;
  if (key instanceof Uint) return key.value;
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : undefined;
}

/** A map that an expression has made. */
export class EntryMap extends CelMap {
  readonly #entries = new Map<PlainKey, { key: CelValue; value: CelValue }>();

  /** Throws a CelError for a key of a wrong type, and for one that comes twice. */
  add(key: CelValue, value: CelValue): void {
    const plain = plainKey(key);
    if (plain === undefined || typeof key === 'number') throw new CelError(`unsupported key type`);
    if (this.#entries.has(plain)) throw new CelError(`insert failed: key ${String(plain)} already exists`);
    this.#entries.set(plain, { key, value });
  }
  get size(): number {
    return this.#entries.size;
  }
  get(key: CelValue): CelValue | undefined {
    const plain = plainKey(key);
    return plain === undefined ? undefined : this.#entries.get(plain)?.value;
  }
  *keys(): Iterable<CelValue> {
    for (const { key } of this.#entries.values()) yield key;
  }
}

/** What a map or a set has of its keys. */
type FieldNames = Pick<ReadonlyMap<string, unknown>, 'has' | 'keys' | 'size'>;

/** A record whose fields are made when they are asked for, once each. */
export class LazyMap extends CelMap {
  readonly #make: (field: string) => CelValue | undefined;
  readonly #fields: FieldNames;
  readonly #made = new Map<string, { value?: CelValue | undefined; error?: unknown }>();

  constructor(fields: FieldNames, make: (field: string) => CelValue | undefined) {
    super();
    this.#fields = fields;
    this.#make = make;
  }
  get size(): number {
    return this.#fields.size;
  }
  get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string' || !this.#fields.has(key)) return undefined;
    let known = this.#made.get(key);
    if (!known) {
      known = this.#outcome(key);
      // What rests has not come out yet.
      if (!(known.error instanceof Pause)) this.#made.set(key, known);
    }
    if ('error' in known) throw known.error;
    return known.value;
  }
  keys(): Iterable<CelValue> {
    return this.#fields.keys();
  }
  #outcome(field: string): { value?: CelValue | undefined; error?: unknown } {
    try {
      return { value: this.#make(field) };
    } catch (error) {
      return { error };
    }
  }
}

/** The type of a value at run time, by the name that `type(x)` prints. */
export function typeNameOf(value: CelValue): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
  }
  if (value === null) return 'null_type';
  if (value instanceof CelList) return 'list';
  if (value instanceof CelMap) return 'map';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Optional) return 'optional_type';
  return value instanceof TypeValue ? 'type' : value.typeName;
}

/** Whether a value may be an argument of this type, so far as can be seen without looking into it. */
export function isOfType(value: CelValue, type: CelType): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'parameter':
      return true;
    case 'string':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'bigint';
    case 'double':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'list':
      return value instanceof CelList;
    case 'uint':
      return value instanceof Uint;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'null_type':
      return value === null;
    case 'type':
      return value instanceof TypeValue;
    case 'map':
    case 'object':
      return value instanceof CelMap;
    case 'timestamp':
      return value instanceof Timestamp;
    case 'duration':
      return value instanceof Duration;
    case 'optional':
      return value instanceof Optional;
    case 'opaque':
      return value instanceof Opaque && value.typeName === type.name;
  }
}
