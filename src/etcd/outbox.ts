/** What messages of one call are written into: grpc-js' stream, as far as it matters here. */
interface Sink {
  write(message: Buffer, onTaken: () => void): boolean;
  /** Hears the client no further, and again; absent where it has said all it may. */
  pause?(): unknown;
  resume?(): unknown;
}

/** So much may wait for a client, and be sent when it is only a little late. */
const mostWaitingBytes = 1 << 20;

/** What a message takes up here beside its own bytes, at least. */
const messageBytes = 256;

/**
 * The answers of a call on their way to a client. Where it does not take what it is sent, it is not heard any further either: else it could go on asking,
 * and all the answers would lie here.
 */
export class Outbox {
  readonly #sink: Sink;
  #waitingBytes = 0;
  #isFull = false;
  /** Called when a client that was behind has taken what waited. */
  onDrain: () => void = () => {};

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** False: no more until `onDrain`. */
  write(message: Buffer): boolean {
    const bytes = message.length + messageBytes;
    this.#waitingBytes += bytes;
    this.#sink.write(message, () => this.#taken(bytes));
    if (this.#waitingBytes >= mostWaitingBytes && !this.#isFull) {
      this.#isFull = true;
      this.#sink.pause?.();
    }
    return !this.#isFull;
  }

  #taken(bytes: number): void {
    this.#waitingBytes -= bytes;
    if (!this.#isFull || this.#waitingBytes > mostWaitingBytes / 2) return;
    this.#isFull = false;
    this.#sink.resume?.();
    this.onDrain();
  }
}
