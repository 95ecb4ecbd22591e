import type { IncomingMessage, ServerResponse } from 'node:http';
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

/** A request over HTTP/1.1. */
export class Http1Request extends Leavable implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HttpHeaders;
  readonly httpVersion = 1;
  readonly peer: PeerCertificate | undefined;
  protected readonly message: IncomingMessage;

  constructor(message: IncomingMessage, peer: PeerCertificate | undefined) {
    super();
    this.message = message;
    this.method = message.method ?? 'GET';
    this.target = message.url ?? '/';
    this.headers = message.headers;
    this.peer = peer;
  }

  get rawHeaders(): readonly string[] {
    return this.message.rawHeaders;
  }

  get remoteAddress(): string {
    return this.message.socket.remoteAddress ?? '';
  }

  get bodyLength(): number | undefined {
    return lengthOf(this.message);
  }

  onGone(fn: () => void): void {
    if (this.message.socket.destroyed) fn();
    else this.message.socket.once('close', fn);
  }

  get stream(): Readable {
    return this.message;
  }

  body(limitBytes: number): Promise<Uint8Array> {
    return readBody(this.message, limitBytes);
  }
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined;
}

/** A request over HTTP/1.1 and the answer to it. */
export class Http1Exchange extends Http1Request implements HttpReply {
  started = false;
  readonly #response: ServerResponse;

  constructor(message: IncomingMessage, response: ServerResponse, peer: PeerCertificate | undefined) {
    super(message, peer);
    this.#response = response;
    response.on('error', () => {});
    message.on('error', () => {});
  }

  override onGone(fn: () => void): void {
    const response = this.#response;
    const onClose = () => {
      if (!response.writableFinished) fn();
    };
    if (response.destroyed) onClose();
    else response.once('close', onClose);
  }

  send(status: number, headers: ReplyHeaders, body: readonly Uint8Array[] = []): void {
    this.started = true;
    if (this.#response.destroyed) return;
    let length = 0;
    for (const part of body) length += part.length;
    if (status >= 200 && status !== 204 && status !== 304) headers['content-length'] = length;
    this.#writeHead(status, headers);
    if (this.method === 'HEAD' || length === 0) return void this.#response.end();
    if (body.length === 1) return void this.#response.end(body[0]);
    this.#response.end(Buffer.concat(body, length));
  }

  #writeHead(status: number, headers: ReplyHeaders): void {
    // A body that was not read would otherwise have to be, to keep the connection.
    // That of a request without one may not have been seen to end when it is answered at once.
    if (!this.message.complete && this.bodyLength !== 0) headers.connection = 'close';
    try {
      this.#response.writeHead(status, headers as Record<string, string>);
    } catch (error) {
      // It has no such code or header: nothing has been said, and something else can be.
      this.started = false;
      throw error;
    }
  }

  open(status: number, headers: ReplyHeaders): ReplyStream {
    this.started = true;
    const response = this.#response;
    this.#writeHead(status, headers);
    response.flushHeaders();
    return {
      write: (bytes, onTaken) => {
        if (!response.destroyed && !response.writableEnded) response.write(bytes, onTaken);
      },
      get bufferedBytes() {
        return response.writableLength;
      },
      drained: () => drainOf(response),
      end: () => void response.end(),
      pipe: (source) => pipeTo(source, response),
      abort: () => void response.destroy(),
    };
  }
}
