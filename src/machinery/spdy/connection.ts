import { on } from 'node:events';
import type { Duplex } from 'node:stream';
import { drainOf } from '../../platform/http-body.ts';
import { type Frame, FrameDecoder, SpdyError, type SpdyHeaders, encodeFrame, resetStatus } from './frames.ts';
import { HeaderDecoder, HeaderEncoder } from './header-block.ts';
import { type StreamOwner, SpdyStream } from './stream.ts';

export interface SpdyConnectionOptions {
  role: 'client' | 'server';
  /**
   * Called with each stream that the peer opens, before anything of it is read. Answers whether it is taken; one that
   * is not taken is refused with RST_STREAM.
   */
  onStream?(stream: SpdyStream, headers: SpdyHeaders): boolean;
  /** How many streams may be open at the same time. */
  maxStreams?: number;
}

const defaultMaxStreams = 1000;

/** What comes over a socket, no faster than it is taken, and all of it: a failure is thrown after what came before it. */
async function* chunksOf(socket: Duplex): AsyncGenerator<Buffer> {
  for await (const [chunk] of on(socket, 'data', { close: ['end', 'close'], highWaterMark: 1 })) yield chunk;
}

/**
 * One end of a SPDY/3.1 connection over an upgraded socket. Windows are not used in either direction, as by Go's
 * implementation, which all Kubernetes clients and runtimes have: it never widens ours, and a WINDOW_UPDATE that reaches
 * it after it has closed its socket makes the kernel throw away what was still on its way to us. Instead, what a
 * stream's user does not read holds the whole connection back, so memory is bounded.
 */
export class SpdyConnection {
  /** Resolves when the connection is over: with the error that ended it, or undefined. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: Duplex;
  readonly #options: SpdyConnectionOptions;
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #owner: StreamOwner;
  #nextId: number;
  #lastPeerId = 0;
  #goingAway = false;

  constructor(socket: Duplex, options: SpdyConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#nextId = options.role === 'client' ? 1 : 2;
    this.#owner = {
      send: (frame, done) => this.#send(frame, done),
      forget: (id) => void this.#streams.delete(id),
    };
    socket.on('error', () => {});
    this.closed = this.#serve();
  }

  /** Opens a stream. The peer's answer is awaited by `stream.replied`; data may be written at once. */
  openStream(headers: SpdyHeaders): SpdyStream {
    if (this.#goingAway || this.#socket.destroyed) throw new SpdyError('the connection is closed');
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new SpdyStream(id, this.#owner);
    this.#streams.set(id, stream);
    const block = this.#encoder.encode(headers);
    this.#send({ type: 'synStream', streamId: id, fin: false, unidirectional: false, priority: 0, block });
    return stream;
  }

  /** Resets all streams that are still open, says goodbye, and closes the socket. */
  close(): void {
    if (this.#goingAway) return;
    this.#goingAway = true;
    for (const stream of this.#streams.values()) stream.abandon();
    if (!this.#socket.writable) return;
    this.#send({ type: 'goAway', lastStreamId: this.#lastPeerId, status: 0 });
    this.#socket.end();
  }

  #send(frame: Frame, done?: () => void): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(frame), () => done?.());
    else done?.();
  }

  /** Who only asks and takes no answer would have them fill the memory: nothing more is read until this one is taken. */
  #answer(frame: Frame): Promise<void> {
    this.#send(frame);
    return drainOf(this.#socket);
  }

  async #serve(): Promise<Error | undefined> {
    let failure: Error | undefined;
    try {
      const decoder = new FrameDecoder();
      for await (const chunk of chunksOf(this.#socket)) {
        for (const frame of decoder.push(chunk)) await this.#receive(frame);
      }
    } catch (error) {
      failure = error as Error;
      if (error instanceof SpdyError)
        this.#send({ type: 'goAway', lastStreamId: this.#lastPeerId, status: 1 });
    }
    this.#goingAway = true;
    this.#decoder.close();
    this.#socket.destroy();
    for (const stream of this.#streams.values()) stream.lost();
    return failure;
  }

  async #receive(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'data':
        return this.#receiveData(frame);
      case 'synStream':
        return this.#receiveStream(frame, await this.#decoder.decode(frame.block));
      case 'synReply': {
        // Blocks must be decoded in order, also those nobody wants: they share one zlib stream.
        const headers = await this.#decoder.decode(frame.block);
        this.#streams.get(frame.streamId)?.receiveReply(headers);
        if (frame.fin) this.#streams.get(frame.streamId)?.receiveEnd();
        return;
      }
      case 'headers':
        await this.#decoder.decode(frame.block);
        if (frame.fin) this.#streams.get(frame.streamId)?.receiveEnd();
        return;
      case 'rstStream':
        return this.#streams.get(frame.streamId)?.receiveReset(frame.status);
      case 'ping':
        return this.#receivePing(frame.id);
      case 'goAway':
        this.#goingAway = true;
        return;
      case 'settings':
      case 'windowUpdate':
        return;
    }
  }

  async #receiveData(frame: Extract<Frame, { type: 'data' }>): Promise<void> {
    const stream = this.#streams.get(frame.streamId);
    if (!stream) return;
    if (frame.data.length > 0) await stream.receive(frame.data);
    if (frame.fin) stream.receiveEnd();
  }

  async #receiveStream(frame: Extract<Frame, { type: 'synStream' }>, headers: SpdyHeaders): Promise<void> {
    const { streamId } = frame;
    const peersOwn = streamId % 2 === (this.#options.role === 'client' ? 0 : 1);
    if (!peersOwn || streamId <= this.#lastPeerId)
      throw new SpdyError(`stream ${streamId} cannot be opened now`);
    this.#lastPeerId = streamId;
    const stream = new SpdyStream(streamId, this.#owner);
    const room = this.#streams.size < (this.#options.maxStreams ?? defaultMaxStreams);
    if (this.#goingAway || !room || !this.#options.onStream?.(stream, headers)) {
      return this.#answer({ type: 'rstStream', streamId, status: resetStatus.refusedStream });
    }
    this.#streams.set(streamId, stream);
    const answered = this.#answer({
      type: 'synReply',
      streamId,
      fin: false,
      block: this.#encoder.encode({}),
    });
    if (frame.fin) stream.receiveEnd();
    return answered;
  }

  async #receivePing(id: number): Promise<void> {
    const own = id % 2 === (this.#options.role === 'client' ? 1 : 0);
    if (!own) await this.#answer({ type: 'ping', id });
  }
}
