import { checkKey, compareKeys } from '../core/keys.ts';

/** A half-open range of keys, as etcd is told it. */
export interface KeyRange {
  key: Uint8Array;
  rangeEnd: Uint8Array;
}

/** Below this stands what the store keeps for itself. No list or watch shows it. */
const ownRoot = '/k8ts.io/';

/** Put with every commit: its value says who made the revision and when. */
export const causeKey = `${ownRoot}cause`;
/** Says up to which revision the servers of a cluster have compacted, so that only one of them does. */
export const compactionKey = `${ownRoot}compacted`;
/** Below it, one key a client that could not tell what became of a write. */
export const fenceRoot = `${ownRoot}fences/`;

const utf8 = (text: string): Uint8Array => Buffer.from(text);
const all = Uint8Array.of(0);

/** Every key that etcd holds, whoever wrote it. */
export const everything: KeyRange = { key: all, rangeEnd: all };

/** The first key after all that begin with `prefix`; the mark for "no end" where there is none. */
function endOf(prefix: Uint8Array): Uint8Array {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const byte = prefix[i] as number;
    if (byte === 0xff) continue;
    const end = Uint8Array.from(prefix.subarray(0, i + 1));
    end[i] = byte + 1;
    return end;
  }
  return all;
}

/** Whether a key can stand in a store at all; what cannot is absent. */
export function isKey(key: string): boolean {
  try {
    checkKey(key);
    return true;
  } catch {
    return false;
  }
}

/** Where a store's keys lie among those of etcd: below a prefix, which is empty for the keys upstream uses. */
export class Keyspace {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  wire(key: string): Uint8Array {
    return utf8(this.#prefix + key);
  }

  /** The store's key, or undefined for a key that is not this store's. */
  key(wire: Uint8Array): string | undefined {
    const text = Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength).toString();
    return text.startsWith(this.#prefix) ? text.slice(this.#prefix.length) : undefined;
  }

  isOwn(key: string): boolean {
    return key.startsWith(ownRoot);
  }

  /** What to read for the keys below `prefix` from `from` on: around what the store keeps for itself. */
  ranges(prefix: string, from = prefix): KeyRange[] {
    const start = compareKeys(from, prefix) > 0 ? from : prefix;
    const end = endOf(utf8(this.#prefix + prefix));
    if (!ownRoot.startsWith(prefix)) return [this.#range(start, end)];
    const hole = endOf(utf8(this.#prefix + ownRoot));
    const after = compareKeys(start, ownRoot) > 0 && !this.isOwn(start) ? this.wire(start) : hole;
    const last = { key: after, rangeEnd: end };
    return compareKeys(start, ownRoot) < 0 ? [this.#range(start, this.wire(ownRoot)), last] : [last];
  }

  #range(start: string, rangeEnd: Uint8Array): KeyRange {
    const key = this.wire(start);
    return { key: key.length > 0 ? key : all, rangeEnd };
  }
}
