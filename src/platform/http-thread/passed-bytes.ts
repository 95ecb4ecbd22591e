import { Readable, Writable } from 'node:stream';
import type { ReplyStream } from '../http.ts';

/** What may be under way from one thread to the other, each way and each exchange. */
export const windowBytes = 256 * 1024;

/** A body that another thread reads, no faster than it is wanted here. */
export class IncomingBytes extends Readable {
  readonly #want: (bytes: number) => void;
  /** What was asked for and has not come. */
  #due = 0;
  #ended = false;

  constructor(want: (bytes: number) => void) {
    super();
    this.#want = want;
    this.on('error', () => {});
  }

  override _read(): void {
    if (this.#due > 0 || this.#ended) return;
    this.#due += windowBytes;
    this.#want(windowBytes);
  }

  arrive(bytes: Uint8Array): void {
    this.#due -= bytes.length;
    this.push(bytes);
  }

  arriveEnd(): void {
    this.#ended = true;
    this.push(null);
  }

  /** There will be no more, though it is not the end; does nothing after that. */
  breakOff(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.destroy(new Error('the connection broke off before the body was complete'));
  }
}

/** Counts what another thread has been sent for a connection, and what that has taken of it. */
export class OutgoingBytes {
  #bytes = 0;
  #left = false;
  #waiting: { fn: () => void; mostBytes: number }[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing is sent any more. */
  get left(): boolean {
    return this.#left;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  taken(bytes: number): void {
    this.#bytes -= bytes;
    this.#wake();
  }

  leave(): void {
    this.#left = true;
    this.#wake();
  }

  /** Calls back once no more than so much is under way, or nothing is sent any more. */
  whenAtMost(mostBytes: number, fn: () => void): void {
    if (this.#left || this.#bytes <= mostBytes) return fn();
    this.#waiting.push({ fn, mostBytes });
  }

  whenLeft(fn: () => void): void {
    this.whenAtMost(-1, fn);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.whenAtMost(0, resolve));
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const due = this.#waiting.filter(({ mostBytes }) => this.#left || this.#bytes <= mostBytes);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => !due.includes(one));
    for (const { fn } of due) fn();
  }
}

/** An answer as a stream to write to; destroyed where its client leaves. */
export function writableTo(stream: ReplyStream, outgoing: OutgoingBytes): Writable {
  const writable = new Writable({
    write(chunk: Buffer, _encoding, done) {
      stream.write(chunk);
      outgoing.whenAtMost(windowBytes, done);
    },
    final(done) {
      stream.end();
      done();
    },
    destroy(error, done) {
      if (error) stream.abort();
      done(null);
    },
  });
  outgoing.whenLeft(() => {
    if (!writable.writableEnded) writable.destroy();
  });
  return writable;
}
