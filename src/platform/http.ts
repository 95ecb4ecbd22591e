import type { Duplex, Readable } from 'node:stream';

/** What a TLS client has shown of itself. */
export interface PeerCertificate {
  /** Whether it stands on the authorities given to the server and may be used by clients. */
  trusted: boolean;
  /** Whether it stands on the authorities of proxies, which speak for others. */
  isProxy?: boolean;
  commonName: string;
  organizations: readonly string[];
  /** What the subject says under 1.3.6.1.4.1.57683.2, where it does. */
  uids?: readonly string[];
  /** Lower-case hexadecimal digits. */
  sha256: string;
  /** When it ends to hold, milliseconds since the epoch: connections may live longer. */
  untilMs: number;
}

export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** One request. Header names are in lower case. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: HttpHeaders;
  /** Names and values in turn, as they came: where a header may come more than once. */
  readonly rawHeaders: readonly string[];
  readonly httpVersion: 1 | 2;
  readonly remoteAddress: string;
  /** How long the body is, in bytes: 0 where there is none, undefined where the client does not say. */
  readonly bodyLength: number | undefined;
  /** The connection's client certificate; read once a connection. */
  readonly peer: PeerCertificate | undefined;
  /** Aborted when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
  /** Calls back, once, when the client goes away before its answer is complete: `signal` without its price. */
  onGone(fn: () => void): void;
  /** The whole body. Rejects with BodyTooLarge, or with the connection's error where it breaks off. */
  body(limitBytes: number): Promise<Uint8Array>;
  /** The body as it comes, for those who pass it on; instead of `body`. */
  readonly stream: Readable;
}

/**
 * The answer to one request: either `send`, once, or `open`, once. After the client has gone both do nothing. A code or a header that the
 * protocol does not have throws, or where another thread answers, is a 500 to the client and breaks off.
 */
export interface HttpReply {
  /** Whether `send` or `open` was called. */
  readonly started: boolean;
  /** The header `connection: close` ends the connection with this answer, whatever protocol it speaks. */
  send(status: number, headers: ReplyHeaders, body?: readonly Uint8Array[]): void;
  open(status: number, headers: ReplyHeaders): ReplyStream;
}

export type ReplyHeaders = Record<string, string | readonly string[] | number>;

/** An answer that goes on. */
export interface ReplyStream {
  /** `onTaken` is called when the connection has taken them, or is gone. */
  write(bytes: Uint8Array, onTaken?: () => void): void;
  /** What was written and the connection has not taken yet. */
  readonly bufferedBytes: number;
  /** Resolves when the connection has taken all that was written, or is gone. */
  drained(): Promise<void>;
  end(): void;
  /** Sends all that comes, no faster than the client takes it, then ends; breaks off where the source does. */
  pipe(source: Readable): Promise<void>;
  /** Breaks off, so that the client can tell this from an end. */
  abort(): void;
}

/** A request to turn the connection into something else. The socket is the handler's, to the end. */
export interface HttpUpgrade {
  request: HttpRequest;
  socket: Duplex;
  /** What the client sent after its request. */
  head: Uint8Array;
}

export class BodyTooLarge extends Error {
  readonly limitBytes: number;
  constructor(limitBytes: number) {
    super(`body is larger than ${limitBytes} bytes`);
    this.name = 'BodyTooLarge';
    this.limitBytes = limitBytes;
  }
}

/**
 * Server certificate and key in PEM, and the authorities (PEM) that client certificates may stand on: those of
 * clients, and those of proxies that tell in headers for whom they ask.
 */
export interface ServerTls {
  cert: string;
  key: string;
  /** Certificates for who asks for certain names, the first that has a name first. A server that begins without any has none later. */
  named?: readonly NamedCertificate[];
  clientCa?: string;
  proxyCa?: string;
  /** TLS 1.2 unless given. */
  minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Names of OpenSSL with `:` between them; Node's own unless given. */
  ciphers?: string;
}

/** A certificate for some names in lower case, of which `*` may be the first label. */
export interface NamedCertificate {
  names: readonly string[];
  cert: string;
  key: string;
}

/** What one connection may cost. */
export interface HttpLimits {
  handshakeTimeoutMs: number;
  /** Time to send all headers (HTTP/1.1). */
  headersTimeoutMs: number;
  /** Time to send headers and body (HTTP/1.1). */
  requestTimeoutMs: number;
  /** Time a connection is kept on which nothing is asked; up to twice that with HTTP/2. */
  keepAliveTimeoutMs: number;
  headerBytes: number;
  /** Streams at once on one HTTP/2 connection. */
  streamsPerConnection: number;
  connections: number;
  /** Of these, those whose other end has shown neither a certificate nor a token; beyond, the idle ones among them end. */
  unknownConnections: number;
  /** How long one of them may be idle whatever their number. */
  unknownGraceMs: number;
}

export interface ListenOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  tls: ServerTls;
  limits?: Partial<HttpLimits>;
  /** HTTP/1.1 alone: for servers whose clients all upgrade. Both unless given. */
  http1Only?: boolean;
  /** Must not throw; what it rejects with ends the exchange. */
  onRequest(request: HttpRequest, reply: HttpReply): void;
  /** Refused with 400 where absent. */
  onUpgrade?(upgrade: HttpUpgrade): void;
}

export interface HttpServer {
  port: number;
  /** New connections get these from now on. */
  setTls(tls: ServerTls): void;
  /** Takes no more connections, lets answers finish for `graceMs`, then ends what is left. */
  close(graceMs?: number): Promise<void>;
}

/** Serves HTTPS. */
export type HttpListener = (options: ListenOptions) => Promise<HttpServer>;

/**
 * For `maxSessionMemory`, in MB. Node never takes off what a stream had still to send when it was closed, so that a connection which lasts would
 * reach any limit, and from then on have all its streams refused (ENHANCE_YOUR_CALM). What a stream may take is bounded by those who write to it.
 */
export const withoutMemoryLimit = 2 ** 32 - 1;
