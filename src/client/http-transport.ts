import type { Status } from '../api/meta/v1.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { parseJson, printJson } from '../machinery/exact-json.ts';
import { internalError, StatusError } from '../machinery/status-error.ts';
import {
  type ClientTls,
  type HttpAnswer,
  type HttpClient,
  type HttpConnector,
  NotConnectedError,
} from '../platform/http-client.ts';
import { onAbort } from '../platform/on-abort.ts';
import { Endpoints } from './endpoints.ts';
import { LineSplitter } from './line-splitter.ts';
import {
  type ApiRequest,
  causeHeader,
  type Query,
  type Transport,
  UnreachableError,
  type WatchEvent,
  type WatchSink,
  type WatchStream,
} from './transport.ts';

export interface HttpTransportOptions {
  connect: HttpConnector;
  /** URLs such as `https://10.0.0.1:6443`. The first that can be reached is used until it no longer can. */
  servers: readonly string[] | Endpoints;
  tls: ClientTls;
  /** A bearer token, asked for with each request so that it can be renewed. */
  token?(): string | undefined;
  userAgent: string;
  /** How long an answer may take to begin; 60 s unless given. */
  timeoutMs?: number;
}

/** More than the server sends in one answer; a list is paged long before. */
const answerLimitBytes = 512 * 1024 * 1024;
/** The longest line of a watch: an object cannot be larger. */
const eventLimitBytes = 16 * 1024 * 1024;

function queryText(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) params.set(key, String(value));
  const text = params.toString();
  return text && `?${text}`;
}

const isStatus = (value: unknown): value is Status => (value as Status | undefined)?.kind === 'Status';

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  } catch {
    throw internalError('the server answered with something that is not JSON');
  }
}

/** The error an answer stands for. Proxies on the way answer in ways of their own. */
function failureOf(status: number, bytes: Uint8Array): StatusError {
  try {
    const body: unknown = parseJson(Buffer.from(bytes).toString());
    if (isStatus(body)) return StatusError.from(body);
  } catch {
    // Told by its text.
  }
  const text = Buffer.from(bytes).toString().trim().slice(0, 1000);
  return new StatusError(status, '', `the server answered ${status}: ${text}`);
}

/** The way to API servers over HTTPS. */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #endpoints: Endpoints;
  readonly #clients = new Map<string, HttpClient>();
  #tls: ClientTls;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.#tls = options.tls;
    const { servers } = options;
    this.#endpoints = servers instanceof Endpoints ? servers : new Endpoints(servers);
  }

  async request(request: ApiRequest): Promise<unknown> {
    const answer = await this.#call(request);
    const bytes = await this.#reached(answer.body(answerLimitBytes), request.signal);
    if (answer.status >= 300) throw failureOf(answer.status, bytes);
    return parse(bytes);
  }

  async watch(request: ApiRequest, sink: WatchSink): Promise<WatchStream> {
    const answer = await this.#call({ ...request, query: { ...request.query, watch: true } });
    if (answer.status >= 300) {
      throw failureOf(answer.status, await this.#reached(answer.body(answerLimitBytes), request.signal));
    }
    return new RemoteWatch(answer, sink, request.signal);
  }

  /** Requests show and believe this from now on; watches go on as they are. */
  setTls(tls: ClientTls): void {
    this.#tls = tls;
    for (const client of this.#clients.values()) client.setTls(tls);
  }

  /** Ends all connections. */
  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  /**
   * Tries each server once, beginning with the one that answered last. A write that may have been done already is not
   * sent again.
   */
  async #call(request: ApiRequest): Promise<HttpAnswer> {
    for (let left = this.#endpoints.all.length - 1; ; left--) {
      const server = this.#endpoints.current;
      try {
        return await this.#callServer(server, request);
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason;
        this.#endpoints.failed(server);
        const isSafe = request.method === 'GET' || error instanceof NotConnectedError;
        if (left <= 0 || !isSafe) throw unreachable(error);
      }
    }
  }

  #callServer(server: string, request: ApiRequest): Promise<HttpAnswer> {
    const { timeoutMs = 60_000 } = this.#options;
    const target = request.path + queryText(request.query);
    const { method, body, signal } = request;
    const bytes = body === undefined ? undefined : Buffer.from(printJson(body));
    return this.#client(server).call({
      method,
      target,
      headers: this.#headers(request),
      body: bytes,
      signal,
      timeoutMs,
    });
  }

  #client(server: string): HttpClient {
    const client = this.#clients.get(server) ?? this.#options.connect({ origin: server, tls: this.#tls });
    this.#clients.set(server, client);
    return client;
  }

  #headers({ contentType, cause, body }: ApiRequest): Record<string, string> {
    const { userAgent, token } = this.#options;
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent };
    const bearer = token?.();
    if (bearer) headers.authorization = `Bearer ${bearer}`;
    if (body !== undefined) headers['content-type'] = contentType ?? 'application/json';
    if (cause) headers[causeHeader] = encodeURIComponent(JSON.stringify(cause));
    return headers;
  }

  async #reached<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw unreachable(error);
    }
  }
}

function unreachable(error: unknown): UnreachableError {
  return new UnreachableError(
    `the API server cannot be reached: ${error instanceof Error ? error.message : error}`,
  );
}

/** A watch over a connection: a line is an event. */
class RemoteWatch implements WatchStream {
  readonly #answer: HttpAnswer;
  readonly #sink: WatchSink;
  readonly #lines = new LineSplitter(eventLimitBytes);
  readonly #leave: (() => void) | undefined;
  #over = false;

  constructor(answer: HttpAnswer, sink: WatchSink, signal: AbortSignal | undefined) {
    this.#answer = answer;
    this.#sink = sink;
    this.#leave = signal && onAbort(signal, () => this.stop());
    answer.read({
      onChunk: (chunk) => this.#onChunk(chunk),
      onEnd: (error) => this.#end(error && unreachable(error)),
    });
    if (signal?.aborted) this.stop();
  }

  stop(): void {
    if (this.#over) return;
    this.#close();
    this.#answer.abort();
  }

  #close(): void {
    this.#over = true;
    this.#leave?.();
  }

  #onChunk(chunk: Uint8Array): void {
    if (this.#over) return;
    try {
      for (const line of this.#lines.push(chunk)) this.#onLine(line);
    } catch (error) {
      this.#end(error as Error);
      this.#answer.abort();
    }
  }

  #onLine(line: string): void {
    if (this.#over || line === '') return;
    const { type, object } = parseJson(line) as { type: string; object: unknown };
    if (type === 'ERROR')
      throw isStatus(object) ? StatusError.from(object) : internalError(`watch: ${line.slice(0, 1000)}`);
    this.#sink.onEvent({ type, object: object as KubernetesObject } as WatchEvent);
  }

  #end(error?: Error): void {
    if (this.#over) return;
    this.#close();
    this.#sink.onEnd(error);
  }
}
