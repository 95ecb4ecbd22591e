import { Agent as PlainAgent, request as startPlain } from 'node:http';
import { Agent as SecureAgent, request as startSecure } from 'node:https';
import type { Socket } from 'node:net';
import { readBody } from './http-body.ts';
import type { ClientTls } from './http-client.ts';
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
      return isSecure ? send(what, startSecure, secure) : send(what, startPlain, plain);
    },
    close: () => {
      secure.destroy();
      plain.destroy();
    },
  };
};

function send(
  { url, headers, body, timeoutMs, limitBytes, signal }: HttpPost,
  start: typeof startPlain,
  agent: PlainAgent,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(body.length) };
    const request = start(url, { agent, method: 'POST', headers: { ...headers, ...length } });
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
    request.on('error', reject);
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
