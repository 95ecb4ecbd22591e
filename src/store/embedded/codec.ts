import { crc32 } from 'node:zlib';
import { type Change, type Head, type LogState, type Position, revisionOf } from '../core/log.ts';
import { type Cause, StoreError } from '../store.ts';

/**
 * How records lie in the file. Numbers are big-endian. A change is
 *
 *   0  checksum of all that follows (CRC-32)
 *   4  1: put, 0: deletion
 *   5  create revision (6 bytes)      11  position of the version before (8 bytes, floating)
 *  19  bytes replaced (6 bytes)       25  time, milliseconds (6 bytes)
 *  31  expiry, milliseconds (6 bytes) 37  length of the key (2 bytes)
 *  39  length of the cause (4 bytes)  43  key, cause (JSON), value
 */
const changeHeaderBytes = 43;

export function encodeChange(change: Change): Buffer {
  const { key, value, cause } = change;
  const causeText = cause ? JSON.stringify(cause) : '';
  const keyBytes = Buffer.byteLength(key);
  const causeBytes = Buffer.byteLength(causeText);
  const valueAt = changeHeaderBytes + keyBytes + causeBytes;
  const out = Buffer.allocUnsafe(valueAt + (value?.length ?? 0));
  out[4] = value ? 1 : 0;
  out.writeUIntBE(change.createRevision, 5, 6);
  out.writeDoubleBE(change.previous, 11);
  out.writeUIntBE(change.replacedBytes, 19, 6);
  out.writeUIntBE(change.timeMs, 25, 6);
  out.writeUIntBE(change.expiresMs, 31, 6);
  out.writeUInt16BE(keyBytes, 37);
  out.writeUInt32BE(causeBytes, 39);
  out.write(key, changeHeaderBytes);
  out.write(causeText, changeHeaderBytes + keyBytes);
  if (value) out.set(value, valueAt);
  out.writeUInt32BE(crc32(out.subarray(4)));
  return out;
}

function broken(position: Position): StoreError {
  const why = `The store is damaged: the record of revision ${revisionOf(position)} is broken`;
  return new StoreError('Unusable', why);
}

/** Throws `Unusable` where the record is not what was written. */
export function decodeChange(position: Position, from: Buffer): Change {
  if (from.length < changeHeaderBytes || crc32(from.subarray(4)) !== from.readUInt32BE(0))
    throw broken(position);
  const previous = from.readDoubleBE(11);
  // Who goes from one version to the one before would come to no end.
  if (!(previous < position)) throw broken(position);
  const causeAt = changeHeaderBytes + from.readUInt16BE(37);
  const valueAt = causeAt + from.readUInt32BE(39);
  return {
    position,
    key: from.toString('utf8', changeHeaderBytes, causeAt),
    value: from[4] === 1 ? from.subarray(valueAt) : undefined,
    createRevision: from.readUIntBE(5, 6),
    previous,
    replacedBytes: from.readUIntBE(19, 6),
    timeMs: from.readUIntBE(25, 6),
    expiresMs: from.readUIntBE(31, 6),
    cause: valueAt > causeAt ? (JSON.parse(from.toString('utf8', causeAt, valueAt)) as Cause) : undefined,
  };
}

/** Position (8 bytes, floating), create revision, size, expiry (6 bytes each). */
const headBytes = 26;

export function encodeHead(head: Head): Buffer {
  const out = Buffer.allocUnsafe(headBytes);
  out.writeDoubleBE(head.position, 0);
  out.writeUIntBE(head.createRevision, 8, 6);
  out.writeUIntBE(head.sizeBytes, 14, 6);
  out.writeUIntBE(head.expiresMs, 20, 6);
  return out;
}

/** `from` may be longer than the head. */
export function decodeHead(from: Buffer): Head {
  return {
    position: from.readDoubleBE(0),
    createRevision: from.readUIntBE(8, 6),
    sizeBytes: from.readUIntBE(14, 6),
    expiresMs: from.readUIntBE(20, 6),
  };
}

/** With a checksum of what it is without. */
export function encodeState(state: LogState): Buffer {
  return Buffer.from(JSON.stringify({ ...state, checksum: checksumOf(state) }));
}

/** Throws `Unusable` where it is not what was written; older stores have no checksum. */
export function decodeState(from: Buffer): LogState {
  try {
    const { checksum, ...state } = JSON.parse(from.toString()) as LogState & { checksum?: number };
    if (checksum === undefined || checksum === checksumOf(state)) return state;
  } catch {
    // What is no JSON is not what was written either.
  }
  throw new StoreError('Unusable', 'The store is damaged: its state is broken');
}

const checksumOf = (state: LogState) => crc32(JSON.stringify(state));
