import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
} from 'node:http2';
import type { Readable } from 'node:stream';
import { Leavable } from './leavable.ts';
import { drainOf, pipeTo, readBody } from './http-body.ts';
import type {
  HttpHeaders,
  HttpReply,
  HttpRequest,
  PeerCertificate,
  ReplyHeaders,
  ReplyStream,
} from './http.ts';

/** A client of Node.js 22 or 26 that is told to stop in the breath in which it is answered does not see the answer. */
const refusalAfterMs = 50;

export interface Http2ExchangeOptions {
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  rawHeaders: readonly string[];
  /** Whether the request has no body. */
  ended: boolean;
  peer: PeerCertificate | undefined;
  remoteAddress: string;
}

/** A request over HTTP/2 and the answer to it, on the core stream API: the compatible one costs half as much again. */
export class Http2Exchange extends Leavable implements HttpRequest, HttpReply {
  readonly method: string;
  readonly target: string;
  readonly headers: HttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly httpVersion = 2;
  readonly remoteAddress: string;
  readonly peer: PeerCertificate | undefined;
  started = false;
  readonly #stream: ServerHttp2Stream;
  readonly #ended: boolean;
  /** Whether all of the answer has been handed to the stream. */
  #complete = false;

  constructor(options: Http2ExchangeOptions) {
    super();
    const { stream, headers, rawHeaders, ended, peer, remoteAddress } = options;
    this.#stream = stream;
    this.#ended = ended;
    this.method = headers[':method'] ?? 'GET';
    this.target = headers[':path'] ?? '/';
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.peer = peer;
    this.remoteAddress = remoteAddress;
    stream.on('error', () => {});
  }

  get bodyLength(): number | undefined {
    const { 'content-length': length } = this.headers;
    return this.#ended ? 0 : length === undefined ? undefined : Number(length);
  }

  onGone(fn: () => void): void {
    const onClose = () => {
      if (!this.#complete) fn();
    };
    if (this.#stream.destroyed) onClose();
    else this.#stream.once('close', onClose);
  }

  get stream(): Readable {
    return this.#stream;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    if (this.#ended) return Promise.resolve(new Uint8Array(0));
    return readBody(this.#stream, limitBytes);
  }

  send(status: number, headers: ReplyHeaders, body: readonly Uint8Array[] = []): void {
    this.started = true;
    this.#complete = true;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    let length = 0;
    for (const part of body) length += part.length;
    const all = this.#head(status, headers);
    if (status !== 204 && status !== 304) all['content-length'] = length;
    if (this.method === 'HEAD' || length === 0) this.#respond(all, { endStream: true });
    else {
      this.#respond(all);
      stream.end(body.length === 1 ? body[0] : Buffer.concat(body, length));
    }
    if (this.#hasRest()) this.#refuseRest();
  }

  open(status: number, headers: ReplyHeaders): ReplyStream {
    this.started = true;
    const stream = this.#stream;
    if (!stream.destroyed && !stream.closed) this.#respond(this.#head(status, headers));
    return {
      write: (bytes, onTaken) => {
        if (!stream.destroyed && !stream.writableEnded) stream.write(bytes, onTaken);
      },
      get bufferedBytes() {
        return stream.writableLength;
      },
      drained: () => drainOf(stream),
      end: () => {
        this.#complete = true;
        stream.end();
        if (this.#hasRest()) this.#refuseRest();
      },
      pipe: async (source) => {
        await pipeTo(source, stream);
        this.#complete = true;
      },
      // Closing it with a code would end it first.
      abort: () => stream.destroy(new Error('broken off')),
    };
  }

  /** Throws for codes and names that HTTP/2 does not have; nothing has been said then, and something else can be. */
  #respond(all: OutgoingHttpHeaders, options?: ServerStreamResponseOptions): void {
    try {
      this.#stream.respond(all, options);
    } catch (error) {
      this.started = false;
      throw error;
    }
  }

  #hasRest(): boolean {
    return !this.#ended && !this.#stream.readableEnded;
  }

  /** Lets the rest of a body that nobody wants go by, and tells the client to stop sending it. */
  #refuseRest(): void {
    const stream = this.#stream;
    stream.resume();
    const stop = () => {
      if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    };
    stream.once('finish', () => setTimeout(stop, refusalAfterMs).unref());
  }

  #head(status: number, headers: ReplyHeaders): OutgoingHttpHeaders {
    const all = headers as OutgoingHttpHeaders;
    if (all.connection !== undefined) {
      // HTTP/2 has no such header; what is under way on the connection is still answered.
      if (all.connection === 'close') this.#stream.session?.close();
      delete all.connection;
    }
    all[':status'] = status;
    return all;
  }
}
