/** Header names in lower case; a name with several values has one entry for each. */
export type SpdyHeaders = Record<string, string>;

/** A frame of SPDY/3.1; header blocks are still compressed. Frames of unknown types never leave the decoder. */
export type Frame =
  | { type: 'data'; streamId: number; fin: boolean; data: Buffer }
  | {
      type: 'synStream';
      streamId: number;
      fin: boolean;
      unidirectional: boolean;
      priority: number;
      block: Buffer;
    }
  | { type: 'synReply'; streamId: number; fin: boolean; block: Buffer }
  | { type: 'headers'; streamId: number; fin: boolean; block: Buffer }
  | { type: 'rstStream'; streamId: number; status: number }
  | { type: 'settings'; entries: { id: number; value: number }[] }
  | { type: 'ping'; id: number }
  | { type: 'goAway'; lastStreamId: number; status: number }
  | { type: 'windowUpdate'; streamId: number; delta: number };

/** Why a stream was reset; the numbers of RST_STREAM. */
export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  internalError: 6,
} as const;

/** The peer does not speak SPDY/3.1, or asks for more than we allow. The connection cannot go on. */
export class SpdyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SpdyError';
  }
}

const headBytes = 8;
/** Peers write what they read from a pipe at once; Go's copies are 32 KiB. */
const maxFrameBytes = 4 * 1024 * 1024;

const finFlag = 1;
const unidirectionalFlag = 2;
const controlTypes = {
  1: 'synStream',
  2: 'synReply',
  3: 'rstStream',
  4: 'settings',
  6: 'ping',
  7: 'goAway',
  8: 'headers',
  9: 'windowUpdate',
} as const;
const numberOf = Object.fromEntries(Object.entries(controlTypes).map(([n, name]) => [name, Number(n)]));

function control(type: string, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt16BE(0x8003, 0);
  head.writeUInt16BE(numberOf[type] as number, 2);
  head.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  return Buffer.concat([head, payload]);
}

function words(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => out.writeUInt32BE(value >>> 0, i * 4));
  return out;
}

function dataFrame(frame: Extract<Frame, { type: 'data' }>): Buffer {
  const flags = frame.fin ? finFlag : 0;
  return Buffer.concat([words(frame.streamId, ((flags << 24) | frame.data.length) >>> 0), frame.data]);
}

function synStream(frame: Extract<Frame, { type: 'synStream' }>): Buffer {
  const flags = (frame.fin ? finFlag : 0) | (frame.unidirectional ? unidirectionalFlag : 0);
  const fixed = Buffer.concat([words(frame.streamId, 0), Buffer.from([frame.priority << 5, 0])]);
  return control('synStream', flags, Buffer.concat([fixed, frame.block]));
}

/** The bytes of a frame on the wire. */
export function encodeFrame(frame: Frame): Buffer {
  switch (frame.type) {
    case 'data':
      return dataFrame(frame);
    case 'synStream':
      return synStream(frame);
    case 'synReply':
    case 'headers':
      return control(
        frame.type,
        frame.fin ? finFlag : 0,
        Buffer.concat([words(frame.streamId), frame.block]),
      );
    case 'rstStream':
      return control('rstStream', 0, words(frame.streamId, frame.status));
    case 'settings':
      return control(
        'settings',
        0,
        words(frame.entries.length, ...frame.entries.flatMap((e) => [e.id, e.value])),
      );
    case 'ping':
      return control('ping', 0, words(frame.id));
    case 'goAway':
      return control('goAway', 0, words(frame.lastStreamId, frame.status));
    case 'windowUpdate':
      return control('windowUpdate', 0, words(frame.streamId, frame.delta));
  }
}

const idMask = 0x7fffffff;
/** How many bytes of each control frame come before its header block, or in all. */
const fixedBytes: Record<string, number> = {
  synStream: 10,
  synReply: 4,
  headers: 4,
  rstStream: 8,
  settings: 4,
  ping: 4,
  goAway: 8,
  windowUpdate: 8,
};

function settings(payload: Buffer): Frame {
  const count = payload.readUInt32BE(0);
  if (payload.length !== 4 + count * 8)
    throw new SpdyError('a SETTINGS frame does not have the length it tells');
  const entry = (i: number) => ({
    id: payload.readUInt32BE(4 + i * 8) & 0xffffff,
    value: payload.readUInt32BE(8 + i * 8),
  });
  return { type: 'settings', entries: Array.from({ length: count }, (_, i) => entry(i)) };
}

function controlFrame(type: keyof typeof controlTypes, flags: number, payload: Buffer): Frame | undefined {
  const name = controlTypes[type];
  if (!name) return undefined;
  const fixed = fixedBytes[name] as number;
  if (payload.length < fixed) throw new SpdyError(`a ${name} frame of ${payload.length} bytes is too short`);
  const word = (at: number) => payload.readUInt32BE(at);
  const streamId = word(0) & idMask;
  const fin = (flags & finFlag) !== 0;
  const block = payload.subarray(fixed);
  switch (name) {
    case 'synStream': {
      const unidirectional = (flags & unidirectionalFlag) !== 0;
      return { type: name, streamId, fin, unidirectional, priority: (payload[8] as number) >> 5, block };
    }
    case 'synReply':
    case 'headers':
      return { type: name, streamId, fin, block };
    case 'rstStream':
      return { type: name, streamId, status: word(4) };
    case 'settings':
      return settings(payload);
    case 'ping':
      return { type: name, id: word(0) };
    case 'goAway':
      return { type: name, lastStreamId: streamId, status: word(4) };
    case 'windowUpdate':
      return { type: name, streamId, delta: word(4) & idMask };
  }
}

function parseFrame(bytes: Buffer): Frame | undefined {
  const first = bytes.readUInt32BE(0);
  const flags = bytes[4] as number;
  const payload = bytes.subarray(headBytes);
  if (first < 0x80000000)
    return { type: 'data', streamId: first, fin: (flags & finFlag) !== 0, data: payload };
  const version = (first >>> 16) & 0x7fff;
  if (version !== 3) throw new SpdyError(`the peer speaks version ${version} of SPDY, not 3`);
  return controlFrame((first & 0xffff) as keyof typeof controlTypes, flags, payload);
}

/** Cuts what arrives into frames, however it was cut on the way. */
export class FrameDecoder {
  #kept: Buffer[] = [];
  #keptBytes = 0;

  /** The frames that `chunk` completes. Throws `SpdyError`; nothing can be decoded after that. */
  push(chunk: Buffer): Frame[] {
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
    const frames: Frame[] = [];
    for (let bytes = this.#take(); bytes; bytes = this.#take()) {
      const frame = parseFrame(bytes);
      if (frame) frames.push(frame);
    }
    return frames;
  }

  /** The bytes of one whole frame, if they are there. */
  #take(): Buffer | undefined {
    if (this.#keptBytes < headBytes) return undefined;
    if ((this.#kept[0] as Buffer).length < headBytes) this.#join();
    const length = (this.#kept[0] as Buffer).readUInt32BE(4) & 0xffffff;
    if (length > maxFrameBytes) throw new SpdyError(`a frame of ${length} bytes is too long`);
    if (this.#keptBytes < headBytes + length) return undefined;
    this.#join();
    const all = this.#kept[0] as Buffer;
    const end = headBytes + length;
    this.#kept = end === all.length ? [] : [all.subarray(end)];
    this.#keptBytes -= end;
    return all.subarray(0, end);
  }

  #join(): void {
    if (this.#kept.length > 1) this.#kept = [Buffer.concat(this.#kept)];
  }
}
