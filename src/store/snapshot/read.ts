import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Files } from '../../platform/files.ts';
import type { CopiedChange } from '../core/copying.ts';
import { decodeChange } from '../embedded/codec.ts';
import {
  type AttachedFile,
  endMark,
  etcdChecksumBytes,
  etcdSectorBytes,
  type Frame,
  type FrameKind,
  formatVersion,
  frameHeadBytes,
  headBytes,
  magic,
  SnapshotError,
  type SnapshotHeader,
  tailBytes,
} from './format.ts';

const pieceBytes = 1 << 20;

/** A snapshot that has been found whole. */
export interface CheckedSnapshot {
  header: SnapshotHeader;
  format: number;
  sizeBytes: number;
  sha256: string;
  files: AttachedFile[];
  /** Reads the changes, in order and in parts. */
  parts(): AsyncIterable<readonly CopiedChange[]>;
}

/**
 * Opens a snapshot for as long as `use` runs, having checked that it is whole. Throws `SnapshotError` where the file
 * is none, of a newer format, cut off or damaged; the system's own error where it cannot be read.
 */
export async function withSnapshot<T>(
  path: string,
  files: Files,
  use: (snapshot: CheckedSnapshot) => Promise<T>,
): Promise<T> {
  const handle = await files.open(path, 'r');
  try {
    const checked = await check(handle);
    const { header, attached, changesAt } = await readStart(handle, checked.endsAt);
    const parts = () => readChanges(handle, { from: changesAt, to: checked.endsAt });
    return await use({ ...checked, header, files: attached, parts });
  } finally {
    await handle.close();
  }
}

/** Believes nothing of the file but its length before the checksum fits. */
async function check(handle: FileHandle) {
  const { size: fileBytes } = await handle.stat();
  const size = await sizeWithoutFilling(handle, fileBytes);
  const head = await readAt(handle, 0, Math.min(size, headBytes));
  if (!head.subarray(0, magic.length).equals(magic.subarray(0, head.length)) || size === 0) {
    throw new SnapshotError('it is not a snapshot of k8ts');
  }
  if (size < headBytes + tailBytes) throw cutOff();
  const format = head.readUInt16BE(magic.length);
  if (format > formatVersion) {
    throw new SnapshotError(
      `it has format ${format}, and this version of k8ts knows formats up to ${formatVersion}; use a newer one`,
    );
  }
  const tail = await readAt(handle, size - tailBytes, tailBytes);
  if (!tail.subarray(0, endMark.length).equals(endMark)) throw cutOff();
  const wanted = tail.subarray(endMark.length).toString('hex');
  const sha256 = await hashOf(handle, size - (tailBytes - endMark.length));
  if (sha256 !== wanted) throw new SnapshotError('it is damaged: its checksum does not fit');
  return { format, sizeBytes: size, sha256, endsAt: size - tailBytes };
}

/**
 * A snapshot that came over etcd's interface is filled up with zeros to whole sectors, and a checksum of all stands
 * behind: clients of etcd look for that.
 */
async function sizeWithoutFilling(handle: FileHandle, size: number): Promise<number> {
  if (size % etcdSectorBytes !== etcdChecksumBytes) return size;
  const windowAt = Math.max(0, size - etcdChecksumBytes - etcdSectorBytes - tailBytes);
  const window = await readAt(handle, windowAt, size - etcdChecksumBytes - windowAt);
  const end = window.lastIndexOf(endMark) + tailBytes;
  const isFilled = end >= tailBytes && window.subarray(end).every((byte) => byte === 0);
  return isFilled ? windowAt + end : size;
}

const cutOff = () => new SnapshotError('it is cut off: its end is missing');

async function hashOf(handle: FileHandle, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += pieceBytes) {
    hash.update(await readAt(handle, at, Math.min(pieceBytes, bytes - at)));
  }
  return hash.digest('hex');
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const out = Buffer.allocUnsafe(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(out, read, length - read, at + read);
    if (bytesRead === 0) throw cutOff();
    read += bytesRead;
  }
  return out;
}

async function readStart(handle: FileHandle, endsAt: number) {
  let header: SnapshotHeader | undefined;
  const attached: AttachedFile[] = [];
  let changesAt = headBytes;
  for await (const { kind, body } of framesOf(handle, { from: headBytes, to: endsAt })) {
    if (kind === 'h') header = JSON.parse(body.toString()) as SnapshotHeader;
    else if (kind === 'f') attached.push(fileOf(body));
    else break;
    changesAt += frameHeadBytes + body.length;
  }
  if (!header) throw new SnapshotError('it is damaged: it has no header');
  return { header, attached, changesAt };
}

function fileOf(body: Buffer): AttachedFile {
  const contentAt = 2 + body.readUInt16BE(0);
  return { name: body.toString('utf8', 2, contentAt), content: Buffer.from(body.subarray(contentAt)) };
}

interface Range {
  from: number;
  to: number;
}

/** The frames of a part of the file that is known to be whole.  */
async function* framesOf(handle: FileHandle, { from, to }: Range): AsyncGenerator<Frame> {
  let piece: Buffer = Buffer.alloc(0);
  let at = from;
  const need = async (bytes: number) => {
    if (piece.length >= bytes) return;
    piece = await readAt(handle, at, Math.min(Math.max(bytes, pieceBytes), to - at));
    if (piece.length < bytes) throw cutOff();
  };
  while (at < to) {
    await need(frameHeadBytes);
    const bytes = frameHeadBytes + piece.readUInt32BE(1);
    await need(bytes);
    yield {
      kind: piece.toString('latin1', 0, 1) as FrameKind,
      body: piece.subarray(frameHeadBytes, bytes),
    };
    piece = piece.subarray(bytes);
    at += bytes;
  }
}

async function* readChanges(handle: FileHandle, range: Range): AsyncGenerator<readonly CopiedChange[]> {
  let part: CopiedChange[] = [];
  let bytes = 0;
  for await (const { kind, body } of framesOf(handle, range)) {
    if (kind !== 'c') continue;
    const change = decodeChange(body.readDoubleBE(1), body.subarray(9));
    part.push({ change, newest: body[0] === 1 });
    bytes += body.length;
    if (part.length < 1024 && bytes < pieceBytes) continue;
    yield part;
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield part;
}
