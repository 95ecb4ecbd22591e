import { request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { HttpHeaders } from './http.ts';
import { readBody } from './http-body.ts';
import { onSwitch } from './on-switch.ts';

export interface Http1Call {
  method: string;
  /** Path and query. */
  target: string;
  /** What frames the body is said beside them. */
  headers: Record<string, string | readonly string[]>;
  /** Sent as it comes; no body where absent. */
  body?: Readable;
  /** In bytes; undefined where that is not known. */
  bodyLength?: number;
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
  const { method, target, body, timeoutMs, signal } = call;
  return new Promise((resolve, reject) => {
    const request = startRequest({
      method,
      path: target,
      headers: framedHeaders(call) as Record<string, string>,
      setHost: false,
      signal,
      createConnection: () => socket as Socket,
    });
    const fail = (error: Error) => {
      clearTimeout(timer);
      request.destroy();
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    request.on('error', fail);
    onSwitch(request, fail);
    request.on('response', (response) => {
      clearTimeout(timer);
      response.once('close', () => socket.destroy());
      resolve({ status: response.statusCode ?? 502, headers: response.headers, body: response });
    });
    if (body) body.pipe(request);
    else request.end();
  });
}

/** The whole body of an answer. Rejects with BodyTooLarge, or with the connection's error; the connection is over either way. */
export async function wholeBody({ body }: Pick<Http1Answer, 'body'>, limitBytes: number): Promise<Buffer> {
  try {
    return Buffer.from(await readBody(body, limitBytes));
  } finally {
    body.destroy();
  }
}

/**
 * The headers, with how far the body goes: Node says that by itself for some methods only, and what it does not say a server takes for
 * the next request, in the name of whoever the connection belongs to.
 */
function framedHeaders({ headers, body, bodyLength }: Http1Call): Http1Call['headers'] {
  const { 'content-length': _length, 'transfer-encoding': _coding, ...rest } = headers;
  const framing: Http1Call['headers'] =
    bodyLength === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bodyLength) };
  return { ...rest, ...(body && framing), connection: 'close' };
}
