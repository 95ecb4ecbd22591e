import type { LogState } from '../core/log.ts';

/**
 * A snapshot is one file: everything that a store kept at one revision. Numbers are big-endian.
 *
 *   magic     8 bytes, `k8ts-snp`
 *   version   2 bytes
 *   frames    1 byte kind, 4 bytes length, so many bytes:
 *               h  the header, JSON; the first frame
 *               f  a file that belongs to the snapshot: length of its name (2 bytes), name, content
 *               c  a change: 1 byte, whether it is its key's newest; position (8 bytes, floating);
 *                  the change as the embedded store keeps it (`embedded/codec.ts`)
 *               e  the footer, JSON; the last frame
 *   end mark  8 bytes, `k8ts-end`
 *   checksum  SHA-256 of all bytes before it
 *
 * Changes come in the order of their positions. A store is made of them by writing them to its log, with a head for
 * each that is the newest of its key.
 */
export const formatVersion = 1;

export const magic = Buffer.from('k8ts-snp');
export const endMark = Buffer.from('k8ts-end');
/** Of magic and version. */
export const headBytes = 10;
/** Of end mark and checksum. */
export const tailBytes = 40;
export const frameHeadBytes = 5;

/** What etcd's clients take a snapshot for: whole sectors and a checksum. */
export const etcdSectorBytes = 512;
export const etcdChecksumBytes = 32;

/** What a snapshot says of itself before anything else. */
export interface SnapshotHeader {
  /** What has written it, such as `k8ts 0.1.0`. */
  writer: string;
  /** The kind of store that it is of. */
  backend: string;
  /** Wall time, milliseconds since the epoch. Leases go on from there. */
  takenMs: number;
  state: LogState;
  /** Whether only the newest versions are in it. */
  withoutHistory?: boolean;
}

/** A file that belongs to a snapshot, beside what the store kept. */
export interface AttachedFile {
  name: string;
  content: Buffer;
}

export type FrameKind = 'h' | 'f' | 'c' | 'e';

export interface Frame {
  kind: FrameKind;
  body: Buffer;
}

export function encodeFrame(kind: FrameKind, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = Buffer.alloc(frameHeadBytes);
  head.write(kind, 'latin1');
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, ...parts]);
}

/** The file cannot be taken for a snapshot: the message says why, and begins with what the file is. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}
