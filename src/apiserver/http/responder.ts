import { promisify } from 'node:util';
import { pipeline, Readable } from 'node:stream';
import { constants, createGzip, gzip } from 'node:zlib';
import type { Status } from '../../api/meta/v1.ts';
import { parseJson } from '../../machinery/exact-json.ts';
import { tooManyRequests } from '../../machinery/status-error.ts';
import type { ReplyHeaders } from '../../platform/http.ts';
import { giveBackMemory } from '../../platform/lent-memory.ts';
import type { Platform } from '../../platform/platform.ts';
import { joined, pieceBytes, type Pieces, piecesOf } from '../../platform/pieces.ts';
import { TurnSteps, turnTogether } from '../../platform/turn.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { Answer, CachedObject, ListAnswer, ObjectAnswer, WatchAnswer } from '../request.ts';
import { isBuiltIn } from './built-in.ts';
import { Converter, type TableMaker } from './convert.ts';
import { type Codecs, encodeList, encodeObject } from './encode.ts';
import { acceptedFormat, type Format, mediaTypes } from './negotiate.ts';
import { statusOf } from './status-reply.ts';
import { TurnWriter } from './turn-writer.ts';
import { watchEncoder } from './watch-encoder.ts';
import { streamWatch } from './watch-stream.ts';

const gzipped = promisify(gzip);

/** Smaller answers are sent as they are, as upstream does. */
const gzipThresholdBytes = 128 * 1024;
/** Smaller answers are not waited for: all the streams of a connection together hold few of them. */
const waitedForBytes = 16 * 1024;
/** How much is packed before it is sent on. */
const packedBytes = 256 * 1024;
/** Bytes of objects, as JSON, that are turned into protobuf before others have their turn: some five milliseconds of work. */
const encodedPerTurn = 256 * 1024;
const gzipOptions = { level: constants.Z_BEST_SPEED };

/** Writes that are answered with an object. */
const objectWrites = new Set(['create', 'update', 'patch', 'delete']);

export interface ResponderOptions {
  platform: Pick<Platform, 'clock' | 'log'>;
  codecs: Codecs;
  tables: TableMaker;
  watches?: WatchMetrics;
  limits: {
    /** What may be under way to the reader of a watch before it is waited for. */
    watchBufferBytes: number;
    /** Watches at once, of all clients together. */
    watches: number;
    /** How long a client may take to take a large answer. */
    deadlineMs: number;
  };
}

/** Is told about one watch. */
export interface WatchObserver {
  onEvent(): void;
  onOver(): void;
}

/** Counts watches. */
export interface WatchMetrics {
  watch(x: Exchange): WatchObserver;
}

/** An answer whose bytes are there. */
export interface RawAnswer {
  code: number;
  headers: ReplyHeaders;
  body: readonly Uint8Array[];
}

/** Writes answers in the format the client wants. */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #writer = new TurnWriter();
  #watches = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /**
   * Refuses a write whose answer could not be written in the form that its client wants: upstream finds that out when
   * it has stored the object, and then tells the client that it has not.
   */
  checkAnswerable(x: Exchange, format: Format): void {
    if (!format.convert || !objectWrites.has(x.info.verb)) return;
    this.#converter(x, format)?.checkObject();
  }

  /** The answer of a resource. */
  async answer(x: Exchange, answer: Answer, format: Format): Promise<void> {
    if (answer.type === 'watch') return this.#watch(x, answer, format);
    const converter = format.convert && this.#converter(x, format);
    const code = answer.type === 'object' ? answer.code : 200;
    if (answer.type === 'list' && !converter && format.encoding === 'protobuf')
      await encodedItems(answer.items);
    const body = this.#encoded(x, answer, format, converter);
    if (x.audit) this.#audit(x, { answer, format, converter });
    await this.#send(x, { code, headers: { 'content-type': mediaTypes[format.encoding] }, body });
  }

  /** Whatever went wrong, as a Status. */
  failure(x: Exchange, error: unknown): number {
    return this.status(x, statusOf(error, this.#options.platform.log));
  }

  /** A Status, as JSON where the client takes none of the formats: better than hiding it. Gives its code. */
  status(x: Exchange, status: Status): number {
    const code = status.code ?? 500;
    if (x.reply.started) return code;
    const accepted = acceptedFormat(x.header('accept'), 'plain');
    const format: Format = accepted ?? { encoding: 'json', pretty: true };
    const pretty = format.pretty || x.pretty;
    const headers: ReplyHeaders = { 'content-type': mediaTypes[format.encoding] };
    const retryAfter = status.details?.retryAfterSeconds;
    if (retryAfter) headers['retry-after'] = String(retryAfter);
    if (code === 403) headers['x-content-type-options'] = 'nosniff';
    const body = encodeObject({ object: status }, { ...format, pretty }, this.#options.codecs);
    x.audit?.answered(status);
    x.reply.send(code, x.headers(headers), body);
    return code;
  }

  /** Bytes that are no API object, or are one already written. */
  raw(x: Exchange, { code, headers, body }: RawAnswer): Promise<void> {
    return this.#send(x, { code, headers, body: piecesOf(body) });
  }

  #encoded(x: Exchange, answer: ObjectAnswer | ListAnswer, format: Format, converter?: Converter): Pieces {
    return answer.type === 'list'
      ? this.#list(x, answer, format, converter)
      : piecesOf(this.#object(answer, format, converter));
  }

  /** Tells what is answered, as JSON has it, where it is recorded. */
  #audit(
    x: Exchange,
    {
      answer,
      format,
      converter,
    }: { answer: ObjectAnswer | ListAnswer; format: Format; converter?: Converter },
  ): void {
    if (answer.type === 'object' && !converter) return x.audit?.answered(answer.object);
    if (!x.audit?.wantsAnswer) return;
    const bytes = joined(this.#encoded(x, answer, { ...format, encoding: 'json' }, converter));
    x.audit.answered(parseJson(Buffer.from(bytes).toString()) as object);
    giveBackMemory(bytes);
  }

  #converter(x: Exchange, format: Format): Converter | undefined {
    if (!format.convert) return undefined;
    return new Converter({ info: x.info, query: x.query, to: format.convert, tables: this.#options.tables });
  }

  #object(answer: ObjectAnswer, format: Format, converter: Converter | undefined): Uint8Array[] {
    const { codecs } = this.#options;
    if (!converter || answer.object.kind === 'Status') return encodeObject(answer, format, codecs);
    return encodeObject({ object: converter.object(answer.object) as Status }, format, codecs);
  }

  #list(x: Exchange, answer: ListAnswer, format: Format, converter: Converter | undefined): Pieces {
    const { codecs } = this.#options;
    if (!converter) return encodeList(answer, format, { typed: isBuiltIn(x.info), codecs });
    return piecesOf(encodeObject({ object: converter.list(answer) as Status }, format, codecs));
  }

  #watch(x: Exchange, answer: WatchAnswer, format: Format): void {
    const { codecs, limits } = this.#options;
    if (this.#watches >= limits.watches)
      throw tooManyRequests('too many watches, please try again later.', 5);
    const encoder = watchEncoder(format, codecs, this.#converter(x, format)?.frames());
    const stream = x.reply.open(200, x.headers({ 'content-type': encoder.contentType }));
    this.#watches++;
    x.audit?.hold();
    const observer = this.#options.watches?.watch(x);
    streamWatch({
      stream,
      answer,
      encoder,
      writer: this.#writer,
      bufferBytes: limits.watchBufferBytes,
      signal: x.request.signal,
      onEvent: observer && (() => observer.onEvent()),
      onOver: () => {
        this.#watches--;
        observer?.onOver();
        x.audit?.release();
      },
    });
  }

  async #send(x: Exchange, { code, body, ...answer }: PiecesAnswer): Promise<void> {
    if (x.reply.started) return;
    const headers = x.headers(answer.headers);
    const { length } = body;
    if (length < waitedForBytes || x.request.method === 'HEAD')
      return x.reply.send(code, headers, [...body.make()]);
    if (length <= gzipThresholdBytes || !wantsGzip(x)) {
      headers['content-length'] = length;
      return this.#sendLarge(x, { code, headers, pieces: body.make() });
    }
    headers['content-encoding'] = 'gzip';
    headers.vary = headers.vary ? `${headers.vary}, Accept-Encoding` : 'Accept-Encoding';
    if (length > pieceBytes) return this.#sendLarge(x, { code, headers, pieces: gzippedPieces(body) });
    const whole = joined(body);
    const packed = await gzipped(whole, gzipOptions);
    giveBackMemory(whole);
    if (x.reply.started) return;
    headers['content-length'] = packed.length;
    await this.#sendLarge(x, { code, headers, pieces: [packed] });
  }

  /**
   * Sends an answer and waits until the client has taken it: so long its request holds its place among those that are worked on.
   * Who asks for many and reads none would fill the memory with them otherwise. When the time is up the answer is broken off.
   */
  async #sendLarge(
    x: Exchange,
    {
      code,
      headers,
      pieces,
    }: { code: number; headers: ReplyHeaders; pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array> },
  ): Promise<void> {
    const { platform, limits } = this.#options;
    const stream = x.reply.open(code, headers);
    const sending = { isBroken: false };
    x.request.onGone(() => {
      sending.isBroken = true;
    });
    const late = platform.clock.after(limits.deadlineMs, () => {
      sending.isBroken = true;
      stream.abort();
    });
    let written = 0;
    try {
      for await (const piece of pieces) {
        if (written++ > 0) await turnTogether();
        if (sending.isBroken) break;
        stream.write(piece);
        await stream.drained();
        // The connection may be reading what was broken off.
        if (sending.isBroken) break;
        giveBackMemory(piece);
      }
      if (!sending.isBroken) stream.end();
    } catch (error) {
      stream.abort();
      throw error;
    } finally {
      late.cancel();
    }
  }
}

interface PiecesAnswer extends Pick<RawAnswer, 'code' | 'headers'> {
  body: Pieces;
}

/** Makes the protobuf of objects that nobody has asked for yet, others having their turn meanwhile: it is kept. */
async function encodedItems(items: readonly CachedObject[]): Promise<void> {
  const steps = new TurnSteps(encodedPerTurn);
  for (const item of items) {
    if (item.hasProtobuf) continue;
    item.protobuf();
    const turn = steps.taken(item.jsonBytes);
    if (turn) await turn;
  }
}

/** The pieces packed together, as they come. */
function gzippedPieces(body: Pieces): AsyncIterable<Uint8Array> {
  const packer = createGzip({ ...gzipOptions, chunkSize: packedBytes });
  return pipeline(Readable.from(body.make(), { highWaterMark: 1 }), packer, () => {});
}

function wantsGzip(x: Exchange): boolean {
  const accepted = x.header('accept-encoding') ?? '';
  return accepted.split(',').some(takesGzip);
}

function takesGzip(coding: string): boolean {
  const [name = '', ...params] = coding.split(';').map((part) => part.trim().toLowerCase());
  const quality = params.find((param) => param.startsWith('q='))?.slice(2) ?? '1';
  return name === 'gzip' && Number(quality) > 0;
}
