import type { Duplex } from 'node:stream';
import type { Exchange } from '../corridor/exchange.ts';
import { serviceUnavailable } from '../../machinery/status-error.ts';
import { callOver, type Http1Answer } from '../../platform/http1-call.ts';
import { forwardedHeaders, returnedHeaders } from './proxied-headers.ts';
import { tunnel } from './tunnel.ts';

/** What a request is passed on to. */
export interface Backend {
  /** Opens a connection that speaks HTTP/1.1. */
  connect(): Promise<Duplex>;
  /** For the `Host` header. */
  host: string;
  /** Path and query. */
  target: string;
  /** What stands before the backend's own paths, for redirects; without a slash at its end. */
  prefix?: string;
}

/** How long a backend may take to begin its answer. */
const answerTimeoutMs = 120_000;

/** Opens the connection; a backend that cannot be reached is the answer upstream gives. */
export async function dialed(backend: Backend): Promise<Duplex> {
  try {
    return await backend.connect();
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${(error as Error).message}`);
  }
}

/** Passes a request on, and the answer back, both as they come. */
export async function forward(x: Exchange, backend: Backend): Promise<number> {
  const socket = await dialed(backend);
  if (x.upgrade) {
    void tunnel(x.upgrade, socket, backend);
    return 101;
  }
  const { request } = x;
  const hasBody =
    request.headers['content-length'] !== undefined ||
    request.method === 'POST' ||
    request.method === 'PUT' ||
    request.method === 'PATCH';
  const answer = await answered(socket, {
    method: request.method,
    target: backend.target,
    headers: forwardedHeaders(request, backend.host),
    body: hasBody ? request.stream : undefined,
    timeoutMs: answerTimeoutMs,
    signal: request.signal,
  });
  const headers = returnedHeaders(answer.headers);
  if (typeof headers.location === 'string') headers.location = movedUnder(backend, headers.location);
  await x.reply.open(answer.status, headers).pipe(answer.body);
  return answer.status;
}

async function answered(socket: Duplex, call: Parameters<typeof callOver>[1]): Promise<Http1Answer> {
  try {
    return await callOver(socket, call);
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${(error as Error).message}`);
  }
}

/** A redirect within the backend leads through the proxy again. */
function movedUnder({ prefix = '', host }: Backend, location: string): string {
  const own = new RegExp(`^https?://${host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?=/|$)`, 'i');
  const path = location.replace(own, '');
  return path.startsWith('/') || path === '' ? `${prefix}${path || '/'}` : location;
}
