import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { readBody } from './http-body.ts';
import { type HttpHeaders, withoutMemoryLimit } from './http.ts';
import { onAbort } from './on-abort.ts';

/** How a client shows who it is and checks who the server is. All PEM. */
export interface ClientTls {
  /** Authorities the server's certificate must stand on; the machine's own where absent. */
  ca?: string;
  cert?: string;
  key?: string;
  /** The name the server's certificate must be for, where it is not the host of the URL. */
  serverName?: string;
  /** The name that is asked for in place of its own, of a server that has several certificates; the one shown is for its own nonetheless. */
  askedName?: string;
  /** Talks to whoever answers: for what is checked in another way. */
  insecure?: boolean;
}

export interface HttpCall {
  method: string;
  /** Path and query. */
  target: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  signal?: AbortSignal;
  /** The answer's headers must be there by then. */
  timeoutMs: number;
}

/** An answer whose headers have come. Either `body` or `read`, once. */
export interface HttpAnswer {
  status: number;
  headers: HttpHeaders;
  body(limitBytes: number): Promise<Uint8Array>;
  /** Hands on what comes, as it comes; `onEnd` has the error where it broke off. */
  read(sink: { onChunk(chunk: Uint8Array): void; onEnd(error?: Error): void }): void;
  abort(): void;
}

/** Calls to one server over one connection, made anew whenever it is gone, and over further ones where that is full. */
export interface HttpClient {
  call(call: HttpCall): Promise<HttpAnswer>;
  /** Calls show and believe this from now on; what is under way goes on over the connections that there are. */
  setTls(tls: ClientTls): void;
  close(): void;
}

export type HttpConnector = (options: { origin: string; tls: ClientTls }) => HttpClient;

/** There was no connection, so nothing can have reached the server. */
export class NotConnectedError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'NotConnectedError';
  }
}

const connectTimeoutMs = 10_000;
/** A connection on which nothing has come for a while is asked whether it is alive. */
const pingEveryMs = 30_000;
const pingTimeoutMs = 15_000;
const windowBytes = 4 * 1024 * 1024;

function openSession(origin: string, tls: ClientTls): ClientHttp2Session {
  const { ca, cert, key, serverName, askedName, insecure } = tls;
  const ownName = serverName ?? new URL(origin).hostname.replace(/^\[|\]$/g, '');
  const session = connect(origin, {
    ca,
    cert,
    key,
    servername: askedName ?? serverName,
    ...(askedName !== undefined && {
      checkServerIdentity: (_: string, shown: PeerCertificate) => checkServerIdentity(ownName, shown),
    }),
    rejectUnauthorized: !insecure,
    settings: { initialWindowSize: windowBytes, enablePush: false },
    maxSessionMemory: withoutMemoryLimit,
  } as object);
  session.on('error', () => {});
  const slow = setTimeout(
    () => session.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)),
    connectTimeoutMs,
  );
  session.once('connect', () => {
    clearTimeout(slow);
    session.setLocalWindowSize(windowBytes);
  });
  session.once('close', () => clearTimeout(slow));
  session.once('goaway', () => session.close());
  keepAlive(session);
  return session;
}

function keepAlive(session: ClientHttp2Session): void {
  const timer = setInterval(() => {
    if (session.connecting || session.destroyed) return;
    const dead = setTimeout(
      () => session.destroy(new Error('the server does not answer pings')),
      pingTimeoutMs,
    );
    const sent = session.ping(() => clearTimeout(dead));
    if (!sent) clearTimeout(dead);
    dead.unref();
  }, pingEveryMs);
  timer.unref();
  session.once('close', () => clearInterval(timer));
}

function answerOf(stream: ClientHttp2Stream, headers: IncomingHttpHeaders): HttpAnswer {
  return {
    status: Number(headers[':status'] ?? 0),
    headers,
    body: (limitBytes) => readBody(stream, limitBytes),
    abort: () => stream.close(constants.NGHTTP2_CANCEL),
    read({ onChunk, onEnd }) {
      let ended = false;
      stream.on('data', onChunk);
      stream.on('end', () => {
        ended = true;
      });
      stream.once('close', () => {
        const whole = ended && !stream.aborted && stream.rstCode === constants.NGHTTP2_NO_ERROR;
        onEnd(whole ? undefined : new Error('the connection broke off'));
      });
    },
  };
}

/** A stream says that it was cancelled where its connection failed; the connection says why. */
const reasonOf = (error: Error & { code?: string }): Error =>
  error.code === 'ERR_HTTP2_STREAM_CANCEL' && error.cause instanceof Error ? error.cause : error;

function callOn(connection: Connection, call: HttpCall): Promise<HttpAnswer> {
  const { session } = connection;
  const { method, target, headers, body, signal, timeoutMs } = call;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const all = { ...headers, ':method': method, ':path': target };
    const stream = session.request(all, { endStream: body === undefined });
    connection.hold(stream);
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error) => {
      reject(error);
      stream.close(constants.NGHTTP2_CANCEL);
    };
    const leave = signal && onAbort(signal, () => fail(signal.reason as Error));
    stream.on('error', (error: Error) => {
      const reason = reasonOf(error);
      reject(session.connecting ? new NotConnectedError(reason) : reason);
    });
    stream.once('close', () => {
      clearTimeout(timer);
      leave?.();
      reject(new Error('the connection broke off before the answer'));
    });
    stream.once('response', (answer) => {
      clearTimeout(timer);
      resolve(answerOf(stream, answer));
    });
    if (body) stream.end(body);
  });
}

/** One connection; it keeps the process alive while something is asked for on it, and not for its own sake. */
class Connection {
  readonly session: ClientHttp2Session;
  streams = 0;
  #isRetired = false;

  constructor(session: ClientHttp2Session) {
    this.session = session;
    session.once('connect', () => {
      if (this.streams === 0) session.unref();
    });
  }

  get isUsable(): boolean {
    return !this.#isRetired && !this.session.closed && !this.session.destroyed;
  }

  /** Takes nothing new, and ends with what is under way. */
  retire(): void {
    this.#isRetired = true;
    // One that is told to close earlier has its new streams refused, those too that have waited for it to be there.
    if (this.streams === 0) this.session.close();
  }

  hold(stream: ClientHttp2Stream): void {
    const { session } = this;
    if (this.streams++ === 0) session.ref();
    stream.once('close', () => {
      if (--this.streams > 0 || session.destroyed) return;
      session.unref();
      if (this.#isRetired) session.close();
    });
  }
}

/** Streams that a server surely takes on a connection before it has said how many: what Go's client believes, too. */
const streamsAtFirst = 100;

class Http2Client implements HttpClient {
  readonly #origin: string;
  #tls: ClientTls;
  /** Those in use, and those on which something is still under way. */
  #connections: Connection[] = [];
  #mostStreams = streamsAtFirst;

  constructor({ origin, tls }: { origin: string; tls: ClientTls }) {
    this.#origin = origin;
    this.#tls = tls;
  }

  async call(call: HttpCall): Promise<HttpAnswer> {
    return callOn(this.#free(), call);
  }

  setTls(tls: ClientTls): void {
    this.#tls = tls;
    for (const connection of this.#connections) connection.retire();
  }

  close(): void {
    for (const { session } of this.#connections) session.destroy();
  }

  /** On a connection that is full a call would wait for others to end, and watches never do. */
  #free(): Connection {
    const found = this.#connections.find((one) => one.isUsable && one.streams < this.#mostStreams);
    if (found) return found;
    const session = openSession(this.#origin, this.#tls);
    session.on('remoteSettings', ({ maxConcurrentStreams = streamsAtFirst }) => {
      this.#mostStreams = maxConcurrentStreams;
    });
    const fresh = new Connection(session);
    this.#connections = [...this.#connections.filter((one) => !one.session.destroyed), fresh];
    return fresh;
  }
}

/** HTTP/2 over TLS. */
export const connectHttps: HttpConnector = (options) => new Http2Client(options);
