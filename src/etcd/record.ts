import { type Entry, isOnDemand } from '../store/store.ts';
import type { KeyValue } from '../store/etcd/generated/etcd/kv_pb.js';
import { etcdKey } from './keys.ts';

/** A key's version as etcd knows it. `key` is the store's. */
export interface Record {
  key: string;
  value: Uint8Array;
  /** How often the key was put since it was made. */
  version: number;
  /** 0: none. */
  lease: bigint;
  createRevision: number;
  modRevision: number;
}

/** Before the value in the store: version (6 bytes), lease (8 bytes). */
const headBytes = 14;

export function encodeRecord({ value, version, lease }: Pick<Record, 'value' | 'version' | 'lease'>): Buffer {
  const out = Buffer.allocUnsafe(headBytes + value.length);
  out.writeUIntBE(version, 0, 6);
  out.writeBigInt64BE(lease, 6);
  out.set(value, headBytes);
  return out;
}

/** Where the entry is on demand, so is the record: what is in its value is read when somebody asks for it. */
export const recordOf = (entry: Entry): Record => (isOnDemand(entry) ? new UnreadRecord(entry) : read(entry));

function read({ key, value, revision, createRevision }: Entry): Record {
  const from = Buffer.from(value.buffer, value.byteOffset, value.length);
  return {
    key,
    value: value.subarray(headBytes),
    version: from.readUIntBE(0, 6),
    lease: from.readBigInt64BE(6),
    createRevision,
    modRevision: revision,
  };
}

class UnreadRecord implements Record {
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly #entry: Entry;
  #record: Record | undefined;

  constructor(entry: Entry) {
    this.key = entry.key;
    this.createRevision = entry.createRevision;
    this.modRevision = entry.revision;
    this.#entry = entry;
  }

  get value() {
    return this.#read().value;
  }

  get version() {
    return this.#read().version;
  }

  get lease() {
    return this.#read().lease;
  }

  #read(): Record {
    this.#record ??= read(this.#entry);
    return this.#record;
  }
}

/** A record as clients see it. */
export function keyValue(record: Record, { keysOnly = false } = {}): Omit<KeyValue, '$typeName'> {
  return {
    key: etcdKey(record.key),
    value: keysOnly ? new Uint8Array() : record.value,
    version: BigInt(record.version),
    lease: record.lease,
    createRevision: BigInt(record.createRevision),
    modRevision: BigInt(record.modRevision),
  };
}
