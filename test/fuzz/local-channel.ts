import { Readable } from 'node:stream';
import { readBody } from '../../src/platform/http-body.ts';
import type { HttpListener, HttpReply, HttpRequest, ReplyHeaders } from '../../src/platform/http.ts';
import type { Channel, WireReply, WireRequest } from './request.ts';

/** How long an answer may take before it counts as none. */
const answerWithinMs = 20_000;
/** Turns of the event loop that a watch is left open. */
const watchTurns = 3;

type Serve = (request: HttpRequest, reply: HttpReply) => void;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function textHeaders(headers: ReplyHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** One request and its answer, without a connection. */
class LocalExchange implements HttpRequest, HttpReply {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly rawHeaders: string[];
  readonly httpVersion = 2;
  readonly remoteAddress = '127.0.0.1';
  readonly peer = undefined;
  readonly bodyLength: number;
  readonly stream: Readable;
  started = false;
  readonly answer: Promise<WireReply>;
  readonly #abort = new AbortController();
  readonly #gone: (() => void)[] = [];
  #resolve: (reply: WireReply) => void = () => {};

  constructor(request: WireRequest) {
    this.method = request.method;
    this.target = request.target;
    this.headers = request.headers;
    this.rawHeaders = Object.entries(request.headers).flat();
    const { body } = request;
    this.bodyLength = body.length;
    // In pieces, as a connection would bring it.
    const pieces = [body.subarray(0, body.length >> 1), body.subarray(body.length >> 1)];
    this.stream = Readable.from(pieces.filter((piece) => piece.length > 0));
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onGone(fn: () => void): void {
    this.#gone.push(fn);
  }

  body(limitBytes: number): Promise<Uint8Array> {
    return readBody(this.stream, limitBytes);
  }

  send(code: number, headers: ReplyHeaders, body: readonly Uint8Array[] = []): void {
    this.started = true;
    this.#resolve({ code, headers: textHeaders(headers), body: Buffer.concat(body) });
  }

  open(code: number, headers: ReplyHeaders) {
    this.started = true;
    const chunks: Uint8Array[] = [];
    const finish = () => this.#resolve({ code, headers: textHeaders(headers), body: Buffer.concat(chunks) });
    void this.#leaveAfterAWhile(finish);
    return {
      write: (bytes: Uint8Array) => void chunks.push(bytes),
      bufferedBytes: 0,
      drained: async () => {},
      end: finish,
      pipe: async (source: Readable) => {
        for await (const chunk of source) chunks.push(chunk as Uint8Array);
        finish();
      },
      abort: finish,
    };
  }

  async #leaveAfterAWhile(finish: () => void): Promise<void> {
    for (let i = 0; i < watchTurns; i++) await turn();
    finish();
    this.#abort.abort();
    for (const fn of this.#gone) fn();
  }
}

/** A listener without a network, and the way to the server that listens on it. */
export function localNetwork(): { listen: HttpListener; channel: Channel } {
  let serve: Serve | undefined;
  const listen: HttpListener = async ({ onRequest }) => {
    serve = onRequest;
    return { port: 6443, setTls: () => {}, close: async () => {} };
  };
  const send = (request: WireRequest) => {
    const exchange = new LocalExchange(request);
    serve?.(exchange, exchange);
    return inTime(exchange.answer);
  };
  return { listen, channel: { send } };
}

/** The answer, or an error where it takes too long. */
export function inTime(answer: Promise<WireReply>): Promise<WireReply> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer came')), answerWithinMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
