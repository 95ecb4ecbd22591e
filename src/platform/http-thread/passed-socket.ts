import { Duplex } from 'node:stream';
import { type FrameWriter, frame } from './frames.ts';
import { OutgoingBytes, windowBytes } from './passed-bytes.ts';

interface Options {
  id: number;
  writer: FrameWriter;
  /** Is told when nothing more is to be heard of the connection. */
  onOver(id: number): void;
}

/** A connection of another thread that has switched protocols. */
export class PassedSocket extends Duplex {
  readonly #id: number;
  readonly #writer: FrameWriter;
  readonly #onOver: (id: number) => void;
  readonly #outgoing = new OutgoingBytes();
  /** What was asked for and has not come. */
  #due = 0;
  #gone = false;

  constructor({ id, writer, onOver }: Options) {
    // As the sockets of a server: what its client has ended is ended from here when that is read.
    super({ allowHalfOpen: false });
    this.#id = id;
    this.#writer = writer;
    this.#onOver = onOver;
  }

  override _read(): void {
    if (this.#due > 0 || this.#gone) return;
    this.#due += windowBytes;
    this.#writer.addNumber(frame.want, this.#id, windowBytes);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#gone) return done();
    this.#outgoing.add(chunk.length);
    this.#writer.write(this.#id, chunk);
    this.#outgoing.whenAtMost(windowBytes, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#gone) return done();
    this.#writer.add(frame.writeEnd, this.#id);
    this.#outgoing.whenAtMost(0, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const isComplete = this.readableEnded && this.writableFinished;
    if (!this.#gone && !isComplete) this.#writer.add(frame.abort, this.#id);
    this.#over();
    done(error);
  }

  arrive(bytes: Uint8Array): void {
    this.#due -= bytes.length;
    this.push(bytes);
  }

  arriveEnd(): void {
    this.push(null);
    // Without a reader as well, where there is nothing left to read.
    this.read(0);
  }

  taken(bytes: number): void {
    this.#outgoing.taken(bytes);
  }

  /** The connection has ended. */
  leave(): void {
    this.#over();
    this.destroy();
  }

  #over(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#outgoing.leave();
    this.#onOver(this.#id);
  }
}
