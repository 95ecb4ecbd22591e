import { Agent as PlainAgent, request as startPlain } from 'node:http';
import { Agent as SecureAgent, request as startSecure } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { readBody } from './http-body.ts';
import type { ClientTls } from './http-client.ts';
import type { Connector, ConnectOptions } from './connect.ts';
import { onSwitch } from './on-switch.ts';

export interface HttpPost {
  /** `http:` or `https:`. */
  url: URL;
  headers: Record<string, string>;
  body: Uint8Array;
  /** The whole answer must be there by then. */
  timeoutMs: number;
  /** What is longer is not read to its end. */
  limitBytes: number;
  signal?: AbortSignal;
}

/** Posts to one server after another, over connections that are kept where the servers keep them. */
export interface HttpPoster {
  /** Rejects with the system's error, where the answer is too long or late, or when the signal is aborted. */
  post(what: HttpPost): Promise<{ status: number; text: string }>;
  /** Ends all connections. */
  close(): void;
}

/** The whole answer was not there in time. */
export class AnswerTimeout extends Error {
  constructor() {
    super('context deadline exceeded (Client.Timeout exceeded while awaiting headers)');
  }
}

export type HttpPosterMaker = (tls: ClientTls) => HttpPoster;

/** POSTs over HTTP/1.1, with TLS where the URL says so. */
export const httpPoster: HttpPosterMaker = ({ serverName, insecure, ...tls }) => {
  const names = serverName === undefined ? {} : { servername: serverName };
  const secure = new SecureAgent({ ...tls, ...names, rejectUnauthorized: !insecure, keepAlive: true });
  const plain = new PlainAgent({ keepAlive: true });
  for (const agent of [secure, plain]) agent.on('free', (socket: Socket) => socket.unref());
  return {
    post: (what) => {
      const isSecure = what.url.protocol === 'https:';
      return isSecure
        ? send(what, { start: startSecure, agent: secure })
        : send(what, { start: startPlain, agent: plain });
    },
    close: () => {
      secure.destroy();
      plain.destroy();
    },
  };
};

/** Posts over connections that somebody else opens, which are kept for the next call to the same place by the same caller. */
export interface PosterOver {
  /** As {@link HttpPoster.post}; again, where a connection that was kept has been closed meanwhile. */
  post(to: ConnectOptions, what: HttpPost): Promise<{ status: number; text: string }>;
}

/** As long as Go keeps them. */
const idleMs = 90_000;
const mostIdle = 25;

export function posterOver(connect: Connector): PosterOver {
  const agent = new ConnectingAgent(connect);
  return { post: (to, what) => send(what, { start: startPlain, agent, to, isRepeatable: true }) };
}

interface Placed {
  to: ConnectOptions;
}
type Connected = (error: Error | null, socket: Duplex) => void;

/** Has its connections from a connector; those that nobody uses keep no process from ending. */
class ConnectingAgent extends PlainAgent {
  readonly protocol = 'https:';
  readonly #connect: Connector;

  constructor(connect: Connector) {
    super({ keepAlive: true, maxFreeSockets: mostIdle, timeout: idleMs });
    this.#connect = connect;
  }

  override createConnection(options: unknown, done?: Connected): undefined {
    const connected = done as Connected;
    this.#connect((options as Placed).to).then(
      (socket) => connected(null, socket),
      (error: Error) => connected(error, undefined as never),
    );
  }

  /** Whoever shows another certificate, or trusts another authority, has a connection of its own. */
  override getName(options?: unknown): string {
    const { host, port, tls } = (options as Placed).to;
    return JSON.stringify([host, port, tls]);
  }
}

interface Way {
  start: typeof startPlain;
  agent: PlainAgent;
  /** Where agents that ask a connector are to connect to. */
  to?: ConnectOptions;
  isRepeatable?: boolean;
}

const closings = new Set(['ECONNRESET', 'EPIPE']);

function send(what: HttpPost, way: Way): Promise<{ status: number; text: string }> {
  const { url, headers, body, timeoutMs, limitBytes, signal } = what;
  const { start, agent, to, isRepeatable } = way;
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(body.length) };
    const options = { agent, method: 'POST', headers: { ...headers, ...length }, ...(to && { to }) };
    const request = start(url, options);
    const give = (error: Error) => {
      reject(error);
      request.destroy();
    };
    const stop = () => give(signal?.reason as Error);
    const timer = setTimeout(() => give(new AnswerTimeout()), timeoutMs);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    request.on('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isClosed = request.reusedSocket && closings.has(error.code ?? '');
      if (isRepeatable && isClosed && !signal?.aborted) resolve(send(what, way));
      else reject(error);
    });
    onSwitch(request, reject);
    request.on('socket', (socket) => socket.ref());
    request.on('response', (response) => {
      readBody(response, limitBytes).then(
        (bytes) => resolve({ status: response.statusCode ?? 502, text: Buffer.from(bytes).toString() }),
        give,
      );
    });
    request.end(body);
  });
}
