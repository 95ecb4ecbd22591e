/** What one frame is about. */
export const frame = {
  /** A request: its head as JSON, and its body where that came with it. */
  request: 1,
  /** Like `request`, for one that wants to switch protocols; the bytes are what the client sent after it. */
  upgrade: 2,
  /** More of a body, or of what a client sends on a connection that has switched. */
  data: 3,
  /** There is no more of it. */
  dataEnd: 4,
  /** The client has gone before its answer was complete, or its body broke off, or its connection has ended. */
  gone: 5,
  /** The connection has taken so many bytes more of an answer (four bytes, little-endian). */
  taken: 6,
  /** The whole answer: its head as JSON, and its body. */
  reply: 7,
  /** The head of an answer that goes on. */
  open: 8,
  /** More of the answers whose numbers stand in the first part. */
  write: 9,
  writeEnd: 10,
  /** Breaks an answer or a connection off. */
  abort: 11,
  /** So many more bytes of a body may come (four bytes, little-endian). */
  want: 12,
} as const;

type FrameType = (typeof frame)[keyof typeof frame];

interface Frame {
  type: FrameType;
  /** Of the exchange. */
  id: number;
  first: string | readonly number[];
  parts: readonly Uint8Array[];
}

/** The other thread begins with so many, while this one goes on. */
const mostFrames = 16;
/** Type, number of the exchange, lengths of both parts. */
const headBytes = 13;

/** The end of a channel between two threads. */
export interface FramePort {
  postMessage(message: ArrayBuffer, transfer: readonly ArrayBuffer[]): void;
}

/** Collects what one thread tells another and sends it by the turn of the event loop, in few pieces. */
export class FrameWriter {
  readonly #port: FramePort;
  #frames: Frame[] = [];
  #size = 0;

  constructor(port: FramePort) {
    this.#port = port;
  }

  /** `parts` make the second part together; they are read at the end of the turn. */
  add(type: FrameType, id: number, first = '', parts: readonly Uint8Array[] = []): void {
    // No character takes more in UTF-8.
    this.#size += headBytes + first.length * 3;
    for (const { length } of parts) this.#size += length;
    this.#push({ type, id, first, parts });
  }

  addNumber(type: FrameType, id: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.add(type, id, '', [bytes]);
  }

  /** Many answers are often sent the same in one turn: it is passed on once. */
  write(id: number, bytes: Uint8Array): void {
    const last = this.#frames.at(-1);
    if (last?.type === frame.write && last.parts[0] === bytes) {
      (last.first as number[]).push(id);
      this.#size += 4;
      return;
    }
    this.#size += headBytes + 4 + bytes.length;
    this.#push({ type: frame.write, id: 0, first: [id], parts: [bytes] });
  }

  #push(one: Frame): void {
    const count = this.#frames.push(one);
    if (count === 1) setImmediate(() => this.flush());
    else if (count >= mostFrames) this.flush();
  }

  /** Sends what there is at once. */
  flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    const out = Buffer.from(new ArrayBuffer(this.#size));
    this.#frames = [];
    this.#size = 0;
    let at = 0;
    for (const { type, id, first, parts } of frames) {
      const start = at + headBytes;
      const middle =
        start + (typeof first === 'string' ? out.write(first, start) : writeNumbers(out, start, first));
      let end = middle;
      for (const part of parts) {
        out.set(part, end);
        end += part.length;
      }
      out[at] = type;
      out.writeUInt32LE(id, at + 1);
      out.writeUInt32LE(middle - start, at + 5);
      out.writeUInt32LE(end - middle, at + 9);
      at = end;
    }
    const { buffer } = out;
    this.#port.postMessage(buffer, [buffer]);
  }
}

function writeNumbers(out: Buffer, start: number, numbers: readonly number[]): number {
  let at = start;
  for (const number of numbers) at = out.writeUInt32LE(number, at);
  return at - start;
}

/** Calls back for each frame of a message; both parts are views of it. */
export function readFrames(
  message: ArrayBuffer,
  onFrame: (type: number, id: number, first: Buffer, bytes: Buffer) => void,
): void {
  const all = Buffer.from(message);
  let at = 0;
  // Texts may have taken less than they had room for: the rest is zeros, and no type of a frame.
  while (at < all.length && all[at] !== 0) {
    const start = at + headBytes;
    const middle = start + all.readUInt32LE(at + 5);
    const end = middle + all.readUInt32LE(at + 9);
    onFrame(
      all[at] as number,
      all.readUInt32LE(at + 1),
      all.subarray(start, middle),
      all.subarray(middle, end),
    );
    at = end;
  }
}

/** The numbers of the answers that a frame `write` is for. */
export function numbersOf(first: Buffer): number[] {
  return Array.from({ length: first.length / 4 }, (_, i) => first.readUInt32LE(i * 4));
}
