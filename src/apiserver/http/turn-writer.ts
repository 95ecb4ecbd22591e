import type { ReplyStream } from '../../platform/http.ts';

/** What one stream is to be sent by the end of the turn. */
export interface Outbox {
  readonly stream: ReplyStream;
  chunks: Uint8Array[];
  /** How much more it takes before its reader counts as behind; worked out at the first chunk of a turn. */
  room: number;
}

/**
 * Collects what many streams are sent and writes it at the end of the turn: one write a stream, however many events
 * there were. Streams that say the same share one buffer, so a thousand watchers of one thing cost one concatenation.
 */
export class TurnWriter {
  #waiting: Outbox[] = [];

  open(stream: ReplyStream): Outbox {
    return { stream, chunks: [], room: 0 };
  }

  /** Adds to an outbox. Gives false where its reader is more than `limitBytes` behind. */
  write(box: Outbox, bytes: Uint8Array, limitBytes: number): boolean {
    if (box.chunks.length === 0) {
      box.room = limitBytes - box.stream.bufferedBytes;
      if (this.#waiting.push(box) === 1) queueMicrotask(() => this.#flushAll());
    }
    box.chunks.push(bytes);
    box.room -= bytes.length;
    return box.room >= 0;
  }

  /** Writes what an outbox holds now, for whoever cannot wait for the end of the turn. */
  flush(box: Outbox): void {
    if (box.chunks.length === 0) return;
    box.stream.write(joined(box.chunks));
    box.chunks = [];
  }

  /** Lets go of what has not been written. */
  discard(box: Outbox): void {
    box.chunks = [];
  }

  #flushAll(): void {
    const boxes = this.#waiting;
    this.#waiting = [];
    let before: readonly Uint8Array[] = [];
    let bytes: Uint8Array | undefined;
    for (const box of boxes) {
      const { chunks } = box;
      if (chunks.length === 0) continue;
      if (!bytes || !isSame(before, chunks)) bytes = joined(chunks);
      before = chunks;
      box.chunks = [];
      box.stream.write(bytes);
    }
  }
}

const joined = (chunks: readonly Uint8Array[]) =>
  chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
