import { request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { HttpHeaders } from './http.ts';

export interface Http1Call {
  method: string;
  /** Path and query. */
  target: string;
  headers: Record<string, string | readonly string[]>;
  /** Sent as it comes; no body where absent. */
  body?: Readable;
  /** The answer's headers must be there by then. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/** An answer whose headers have come. */
export interface Http1Answer {
  status: number;
  headers: HttpHeaders;
  body: Readable;
}

/** One HTTP/1.1 request over a connection that is open; the connection ends with it. */
export function callOver(socket: Duplex, call: Http1Call): Promise<Http1Answer> {
  const { method, target, headers, body, timeoutMs, signal } = call;
  return new Promise((resolve, reject) => {
    const request = startRequest({
      method,
      path: target,
      headers: { ...headers, connection: 'close' } as Record<string, string>,
      setHost: false,
      signal,
      createConnection: () => socket as Socket,
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    request.on('error', (error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    });
    request.on('response', (response) => {
      clearTimeout(timer);
      response.once('close', () => socket.destroy());
      resolve({ status: response.statusCode ?? 502, headers: response.headers, body: response });
    });
    if (body) body.pipe(request);
    else request.end();
  });
}
