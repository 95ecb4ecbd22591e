import { Duplex } from 'node:stream';
import { type Frame, SpdyError, type SpdyHeaders, resetStatus } from './frames.ts';

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** Calls `done` when there is room for more, or when nothing can be sent any more. */
  send(frame: Frame, done?: () => void): void;
  /** The stream is over in both directions. */
  forget(id: number): void;
}

type Written = (error?: Error | null) => void;

/** Nothing is sent; whoever waits for it goes on. */
function drop(...given: unknown[]): void {
  const done = given.find((value) => typeof value === 'function');
  if (done) process.nextTick(done as () => void);
}

/** Bytes that wait to be read before the connection stops reading. */
const readAheadBytes = 256 * 1024;

/**
 * A stream of a SPDY connection. `end` closes our direction only. When the peer resets it, which is how Go's servers
 * end what is over, or when the connection is lost, what has come can still be read, what is written is dropped, and
 * both sides end; `resetBy` tells of a reset. It never fails by itself. Destroying it resets it.
 */
export class SpdyStream extends Duplex {
  readonly id: number;
  /** Resolves with the headers of the peer's answer; rejects when it refuses the stream. */
  readonly replied: Promise<SpdyHeaders>;
  /** The status with which the peer reset the stream. */
  resetBy: number | undefined;
  readonly #owner: StreamOwner;
  #reply!: { resolve(headers: SpdyHeaders): void; reject(error: Error): void };
  #readEnded = false;
  #writeEnded = false;
  #isLost = false;
  #wake: (() => void) | undefined;

  constructor(id: number, owner: StreamOwner) {
    super({ allowHalfOpen: true, readableHighWaterMark: readAheadBytes });
    this.id = id;
    this.#owner = owner;
    this.replied = new Promise((resolve, reject) => {
      this.#reply = { resolve, reject };
    });
    this.replied.catch(() => {});
  }

  override _read(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  // A Writable that has ended fails when it is written to; this one may have been ended by its peer.
  override write(chunk: unknown, encoding?: BufferEncoding | Written, written?: Written): boolean {
    if (!this.#isLost) return super.write(chunk, encoding as BufferEncoding, written);
    drop(encoding, written);
    return true;
  }

  override end(chunk?: unknown, encoding?: BufferEncoding | (() => void), ended?: () => void): this {
    if (!this.#isLost) return super.end(chunk, encoding as BufferEncoding, ended);
    drop(chunk, encoding, ended);
    return this;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#writeEnded) return done();
    this.#owner.send({ type: 'data', streamId: this.id, fin: false, data: chunk }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#writeEnded) return done();
    this.#owner.send({ type: 'data', streamId: this.id, fin: true, data: Buffer.alloc(0) });
    this.#writeEnded = true;
    this.#forgetIfOver();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#readEnded || !this.#writeEnded) {
      this.#owner.send({ type: 'rstStream', streamId: this.id, status: resetStatus.cancel });
    }
    this.#over();
    done(error);
  }

  /** Data from the peer. Resolves when there is room for more. */
  async receive(data: Buffer): Promise<void> {
    if (this.#readEnded || this.destroyed) return;
    if (this.push(data)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The peer has closed its direction. */
  receiveEnd(): void {
    if (this.#readEnded || this.destroyed) return;
    this.#readEnded = true;
    this.push(null);
    this.#forgetIfOver();
  }

  receiveReply(headers: SpdyHeaders): void {
    this.#reply.resolve(headers);
  }

  receiveReset(status: number): void {
    this.resetBy = status;
    this.#reply.reject(new SpdyError(`the peer has reset the stream with status ${status}`));
    this.lost();
  }

  /** Nothing comes or goes any more; what has come can still be read. */
  lost(): void {
    this.receiveEnd();
    this.#writeEnded = true;
    this.#over();
    if (!this.destroyed) this.end();
    this.#isLost = true;
  }

  /** The connection is being closed by this end. */
  abandon(): void {
    this.#owner.send({ type: 'rstStream', streamId: this.id, status: resetStatus.cancel });
    this.lost();
  }

  #forgetIfOver(): void {
    if (this.#readEnded && this.#writeEnded) this.#over();
  }

  #over(): void {
    this.#readEnded = true;
    this.#writeEnded = true;
    this.#reply.reject(new SpdyError('the stream is over'));
    this.#owner.forget(this.id);
    this.#wake?.();
    this.#wake = undefined;
  }
}
