import { Readable } from 'node:stream';
import { Leavable } from '../leavable.ts';
import { pipeTo, readBody } from '../http-body.ts';
import {
  BodyTooLarge,
  type HttpHeaders,
  type HttpReply,
  type HttpRequest,
  type PeerCertificate,
  type ReplyHeaders,
  type ReplyStream,
} from '../http.ts';
import { type FrameWriter, frame } from './frames.ts';
import { IncomingBytes, OutgoingBytes, writableTo } from './passed-bytes.ts';

/** What the thread tells of a request, as JSON. */
export type RequestHead = readonly [
  /** Number of the server that it came to. */
  server: number,
  method: string,
  target: string,
  httpVersion: 1 | 2,
  headers: HttpHeaders,
  /** 0 where they follow from `headers`. */
  rawHeaders: readonly string[] | 0,
  remoteAddress: string,
  /** The certificate of the client, as JSON; empty without one. */
  peer: string,
  /** -1: its client does not say. */
  bodyLength: number,
  /** 1: the body has come with the head. */
  whole: 0 | 1,
];

interface Options {
  id: number;
  head: RequestHead;
  peer: PeerCertificate | undefined;
  body: Uint8Array;
  writer: FrameWriter;
  /** Is told when the answer is complete, and nothing more is to be heard of the exchange. */
  onComplete(id: number): void;
}

/** A request that another thread has taken, and the way to answer it. */
export class PassedExchange extends Leavable implements HttpRequest, HttpReply {
  readonly method: string;
  readonly target: string;
  readonly headers: HttpHeaders;
  readonly httpVersion: 1 | 2;
  readonly remoteAddress: string;
  readonly peer: PeerCertificate | undefined;
  readonly bodyLength: number | undefined;
  started = false;
  readonly #id: number;
  readonly #writer: FrameWriter;
  readonly #onComplete: (id: number) => void;
  /** The whole body, where it has come with the head. */
  readonly #whole: Uint8Array | undefined;
  #rawHeaders: readonly string[] | 0;
  #incoming: IncomingBytes | undefined;
  #outgoing: OutgoingBytes | undefined;
  #onGone: (() => void)[] | undefined;
  #gone = false;
  #complete = false;

  constructor({ id, head, peer, body, writer, onComplete }: Options) {
    super();
    [, this.method, this.target, this.httpVersion, this.headers, this.#rawHeaders, this.remoteAddress] = head;
    const [, , , , , , , , bodyLength, whole] = head;
    this.bodyLength = bodyLength < 0 ? undefined : bodyLength;
    this.#whole = whole ? body : undefined;
    this.peer = peer;
    this.#id = id;
    this.#writer = writer;
    this.#onComplete = onComplete;
  }

  get rawHeaders(): readonly string[] {
    this.#rawHeaders ||= inTurn(this.headers);
    return this.#rawHeaders;
  }

  onGone(fn: () => void): void {
    if (this.#gone) fn();
    else if (this.#onGone) this.#onGone.push(fn);
    else this.#onGone = [fn];
  }

  get stream(): Readable {
    if (this.#whole) return Readable.from(this.#whole.length > 0 ? [this.#whole] : []);
    return this.#body();
  }

  body(limitBytes: number): Promise<Uint8Array> {
    const whole = this.#whole;
    if (!whole) return readBody(this.#body(), limitBytes);
    return whole.length > limitBytes ? Promise.reject(new BodyTooLarge(limitBytes)) : Promise.resolve(whole);
  }

  #body(): IncomingBytes {
    this.#incoming ??= new IncomingBytes((bytes) => this.#writer.addNumber(frame.want, this.#id, bytes));
    if (this.#gone) this.#incoming.breakOff();
    return this.#incoming;
  }

  send(status: number, headers: ReplyHeaders, body: readonly Uint8Array[] = []): void {
    this.started = true;
    if (this.#gone) return;
    this.#writer.add(frame.reply, this.#id, JSON.stringify([status, headers]), body);
    this.#end();
  }

  open(status: number, headers: ReplyHeaders): ReplyStream {
    this.started = true;
    const writer = this.#writer;
    const id = this.#id;
    const outgoing = new OutgoingBytes();
    this.#outgoing = outgoing;
    const isOver = () => this.#complete || this.#gone;
    if (this.#gone) outgoing.leave();
    else writer.add(frame.open, id, JSON.stringify([status, headers]));
    const finish = (type: typeof frame.writeEnd | typeof frame.abort) => {
      if (isOver()) return;
      writer.add(type, id);
      this.#end();
    };
    const stream: ReplyStream = {
      write(bytes) {
        if (isOver()) return;
        outgoing.add(bytes.length);
        writer.write(id, bytes);
      },
      get bufferedBytes() {
        return outgoing.bytes;
      },
      drained: () => outgoing.drained(),
      end: () => finish(frame.writeEnd),
      abort: () => finish(frame.abort),
      pipe: (source) => pipeTo(source, writableTo(stream, outgoing)),
    };
    return stream;
  }

  /** More of the body has come. */
  arrive(bytes: Uint8Array): void {
    this.#body().arrive(bytes);
  }

  /** All of the body has come. */
  arriveEnd(): void {
    this.#body().arriveEnd();
  }

  taken(bytes: number): void {
    this.#outgoing?.taken(bytes);
  }

  /** The client has gone. */
  leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#incoming?.breakOff();
    this.#outgoing?.leave();
    for (const fn of this.#onGone ?? []) fn();
  }

  #end(): void {
    this.#complete = true;
    this.#outgoing?.leave();
    this.#incoming?.breakOff();
    this.#onComplete(this.#id);
  }
}

function inTurn(headers: HttpHeaders): string[] {
  const all: string[] = [];
  for (const name in headers) all.push(name, headers[name] as string);
  return all;
}
