import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Status } from '../../api/meta/v1.ts';
import { tooManyRequests } from '../../machinery/status-error.ts';
import type { ReplyHeaders } from '../../platform/http.ts';
import { giveBackMemory, isBorrowed } from '../../platform/lent-memory.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Exchange } from '../corridor/exchange.ts';
import type { Answer, ListAnswer, ObjectAnswer, WatchAnswer } from '../request.ts';
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
const gzipOptions = { level: constants.Z_BEST_SPEED };

/** Writes that are answered with an object. */
const objectWrites = new Set(['create', 'update', 'patch', 'delete']);

export interface ResponderOptions {
  platform: Pick<Platform, 'log'>;
  codecs: Codecs;
  tables: TableMaker;
  watches?: WatchMetrics;
  limits: {
    /** What may be under way to the reader of a watch before it is waited for. */
    watchBufferBytes: number;
    /** Watches at once, of all clients together. */
    watches: number;
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
    const body = this.#encoded(x, answer, format, converter);
    if (x.audit) this.#audit(x, { answer, body, format, converter });
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
  raw(x: Exchange, raw: RawAnswer): Promise<void> {
    return this.#send(x, raw);
  }

  #encoded(x: Exchange, answer: ObjectAnswer | ListAnswer, format: Format, converter?: Converter) {
    return answer.type === 'list'
      ? this.#list(x, answer, format, converter)
      : this.#object(answer, format, converter);
  }

  /** Tells what is answered, as JSON has it, where it is recorded. */
  #audit(
    x: Exchange,
    {
      answer,
      body,
      format,
      converter,
    }: { answer: ObjectAnswer | ListAnswer; body: Uint8Array[]; format: Format; converter?: Converter },
  ): void {
    if (answer.type === 'object' && !converter) return x.audit?.answered(answer.object);
    if (!x.audit?.wantsAnswer) return;
    const json = { ...format, encoding: 'json' } as const;
    const bytes = format.encoding === 'json' ? body : this.#encoded(x, answer, json, converter);
    x.audit.answered(JSON.parse(Buffer.concat(bytes).toString()));
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

  #list(x: Exchange, answer: ListAnswer, format: Format, converter: Converter | undefined): Uint8Array[] {
    const { codecs } = this.#options;
    if (!converter) return encodeList(answer, format, { typed: isBuiltIn(x.info), codecs });
    return encodeObject({ object: converter.list(answer) as Status }, format, codecs);
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

  async #send(x: Exchange, answer: RawAnswer): Promise<void> {
    if (x.reply.started) return;
    const { code, body: plain } = answer;
    const headers = x.headers(answer.headers);
    if (!wantsGzip(x, plain)) {
      const onTaken = plain.some(isBorrowed) ? () => plain.forEach(giveBackMemory) : undefined;
      return x.reply.send(code, headers, plain, onTaken);
    }
    const body = await gzipped(
      plain.length === 1 ? (plain[0] as Uint8Array) : Buffer.concat(plain),
      gzipOptions,
    );
    plain.forEach(giveBackMemory);
    headers['content-encoding'] = 'gzip';
    headers.vary = headers.vary ? `${headers.vary}, Accept-Encoding` : 'Accept-Encoding';
    if (!x.reply.started) x.reply.send(code, headers, [body]);
  }
}

function wantsGzip(x: Exchange, body: readonly Uint8Array[]): boolean {
  let size = 0;
  for (const part of body) size += part.length;
  if (size <= gzipThresholdBytes) return false;
  const accepted = x.header('accept-encoding') ?? '';
  return accepted.split(',').some(takesGzip);
}

function takesGzip(coding: string): boolean {
  const [name = '', ...params] = coding.split(';').map((part) => part.trim().toLowerCase());
  const quality = params.find((param) => param.startsWith('q='))?.slice(2) ?? '1';
  return name === 'gzip' && Number(quality) > 0;
}
