import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { CopiedChange, CopyableStore } from '../core/copying.ts';
import { encodeChange } from '../embedded/codec.ts';
import {
  type AttachedFile,
  encodeFrame,
  endMark,
  formatVersion,
  headBytes,
  magic,
  type SnapshotHeader,
} from './format.ts';

export interface SnapshotOptions {
  writer: string;
  takenMs: number;
  /** What else belongs to it. */
  files?: readonly AttachedFile[];
  /** Leave out all versions but the newest of each key. */
  withoutHistory?: boolean;
  /** Says when a piece has been waited for too long; without, that may be for ever. */
  clock?: Clock;
}

/** While somebody takes a snapshot the store forgets nothing of its past. */
const longestWaitMs = 300_000;

/**
 * Hands the bytes of a snapshot to `send`, one piece after the other, each once the one before is taken: no more
 * than a piece is held in memory. Writers of the store are not held up. Rejects where a piece is not taken for five minutes, with a `clock`.
 */
export async function writeSnapshot(
  store: CopyableStore,
  { clock, ...options }: SnapshotOptions,
  send: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256');
  const put = (piece: Buffer) => {
    hash.update(piece);
    return clock ? inTime(send(piece), clock) : send(piece);
  };
  const { backend } = await store.status();
  await store.copy(async (state, parts) => {
    await put(startOf({ ...options, backend, state }));
    let changes = 0;
    for await (const part of parts) {
      const kept = options.withoutHistory ? part.filter(isLive) : part;
      changes += kept.length;
      if (kept.length > 0) await put(Buffer.concat(kept.map(changeFrame)));
    }
    await put(Buffer.concat([encodeFrame('e', json({ changes })), endMark]));
  });
  await send(hash.digest());
}

async function inTime(sending: Promise<void>, clock: Clock): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const why = `nobody has taken any of the snapshot for ${longestWaitMs / 1000} s`;
    timer = clock.after(longestWaitMs, () => reject(new Error(why)));
  });
  await Promise.race([sending, late]).finally(() => timer?.cancel());
}

function startOf(
  options: Omit<SnapshotOptions, 'clock'> & Pick<SnapshotHeader, 'backend' | 'state'>,
): Buffer {
  const { files = [], state, ...rest } = options;
  const kept = options.withoutHistory ? withoutPast(state) : state;
  const version = Buffer.alloc(headBytes - magic.length);
  version.writeUInt16BE(formatVersion);
  const header: SnapshotHeader = { ...rest, state: kept };
  return Buffer.concat([magic, version, encodeFrame('h', json(header)), ...files.map(fileFrame)]);
}

/** The state of a log that has forgotten all that is not needed to read its newest revision. */
function withoutPast(state: SnapshotHeader['state']): SnapshotHeader['state'] {
  return {
    ...state,
    compactedRevision: state.revision,
    compactedTo: undefined,
    compactedTimeMs: state.timeMs,
    historyBytes: 0,
    gaps: undefined,
  };
}

const isLive = ({ newest, change }: CopiedChange) => newest && change.value !== undefined;

function fileFrame({ name, content }: AttachedFile): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(name));
  return encodeFrame('f', length, Buffer.from(name), content);
}

function changeFrame({ change, newest }: CopiedChange): Buffer {
  const head = Buffer.alloc(9);
  head[0] = newest ? 1 : 0;
  head.writeDoubleBE(change.position, 1);
  return encodeFrame('c', head, encodeChange(change));
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
