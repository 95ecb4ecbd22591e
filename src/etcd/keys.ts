import { emptyKey, requestTooLarge } from './errors.ts';

/** The longest key that the store holds, in UTF-8 bytes. */
const longestStoreKeyBytes = 1024;

/**
 * etcd's keys are bytes, the store's are texts without zero. A byte becomes the character of its number, which keeps
 * order, prefixes, and ASCII readable; 0 and 1 become U+0001 with a second character, since no zero may stand.
 */
export function storeKey(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return text.replaceAll('\x01', '\x01\x02').replaceAll('\0', '\x01\x01');
}

/** What `storeKey` was made of. */
export function etcdKey(key: string): Uint8Array {
  return Buffer.from(key.replaceAll('\x01\x01', '\0').replaceAll('\x01\x02', '\x01'), 'latin1');
}

/**
 * The store's key of what is to be written. Those that it cannot hold are refused with etcd's word for what is too
 * large, though etcd itself would take them; none at all is refused as etcd does.
 */
export function writableKey(bytes: Uint8Array): string {
  if (bytes.length === 0) throw emptyKey();
  const key = storeKey(bytes);
  if (key.length * 2 > longestStoreKeyBytes && Buffer.byteLength(key) > longestStoreKeyBytes)
    throw requestTooLarge();
  return key;
}

/** Keys from `from` on, up to and without `to`. */
export interface KeyRange {
  from: string;
  /** Absent: there is no end. */
  to?: string;
  /** One key alone; `to` is absent then. */
  single?: true;
}

/** The range that a request names by a key and an end: no end is one key, a zero byte is no bound. */
export function rangeOf(key: Uint8Array, rangeEnd: Uint8Array): KeyRange {
  const from = storeKey(key);
  if (rangeEnd.length === 0) return { from, single: true };
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { from };
  return { from, to: storeKey(rangeEnd) };
}

export function isWithin(key: string, range: KeyRange): boolean {
  if (range.single) return key === range.from;
  return key >= range.from && (range.to === undefined || key < range.to);
}

/** What all keys of a range begin with. */
export function prefixOf({ from, to, single }: KeyRange): string {
  if (single) return from;
  if (to === undefined) return '';
  let length = 0;
  while (length < from.length && from[length] === to[length]) length++;
  // Where the end is the next text of the same length, all that lies between begins with `from`.
  const isNext = length === from.length - 1 && to.length === from.length;
  return isNext && to.charCodeAt(length) === from.charCodeAt(length) + 1 ? from : from.slice(0, length);
}
