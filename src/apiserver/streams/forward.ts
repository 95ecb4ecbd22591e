import type { Duplex } from 'node:stream';
import type { Exchange } from '../corridor/exchange.ts';
import { serviceUnavailable, StatusError } from '../../machinery/status-error.ts';
import type { HttpRequest } from '../../platform/http.ts';
import { callOver, type Http1Answer } from '../../platform/http1-call.ts';
import { networkText } from '../../platform/network-text.ts';
import { withLinksThroughProxy } from './page-rewriting.ts';
import { clientHost, forwardedHeaders, returnedHeaders } from './proxied-headers.ts';
import { tunnel } from './tunnel.ts';

/** What a request is passed on to. */
export interface Backend {
  /** Opens a connection that speaks HTTP/1.1. */
  connect(): Promise<Duplex>;
  /** Host and port, which links of the backend to itself name. */
  host: string;
  /** Path and query. */
  target: string;
  /** What stands before the backend's own paths; without a slash at its end. */
  prefix: string;
}

/** How long a backend may take to begin its answer: as long as a connection may be idle. */
const answerTimeoutMs = 4 * 60 * 60 * 1000;

/** Passes a request on, and the answer back, both as they come. */
export async function forward(x: Exchange, backend: Backend): Promise<number> {
  const { request } = x;
  if (x.upgrade) {
    const socket = await dialed(backend, (why) => new StatusError(500, '', `error dialing backend: ${why}`));
    return tunnel(x.upgrade, socket, { target: backend.target, host: clientHost(request) ?? backend.host });
  }
  const socket = await dialed(backend, unreachable);
  const answer = await answered(socket, {
    method: request.method,
    target: backend.target,
    headers: forwardedHeaders(request, backend),
    body: hasBody(request) ? request.stream : undefined,
    timeoutMs: answerTimeoutMs,
    signal: request.signal,
  });
  const origin = { ...backend, backendHost: backend.host, clientHost: clientHost(request) ?? '' };
  const sent = { headers: returnedHeaders(answer.headers), body: answer.body };
  const { headers, body } = request.method === 'HEAD' ? sent : withLinksThroughProxy(sent, origin);
  await x.reply.open(answer.status, headers).pipe(body);
  // What the backend did not want to read must not stand before the connection's next request.
  request.stream.resume();
  return answer.status;
}

const unreachable = (why: string) => serviceUnavailable(`error trying to reach service: ${why}`);

async function dialed(backend: Backend, failure: (why: string) => StatusError): Promise<Duplex> {
  try {
    return await backend.connect();
  } catch (error) {
    throw error instanceof StatusError ? error : failure(networkText(error as Error));
  }
}

async function answered(socket: Duplex, call: Parameters<typeof callOver>[1]): Promise<Http1Answer> {
  try {
    return await callOver(socket, call);
  } catch (error) {
    throw unreachable(networkText(error as Error));
  }
}

const withBody = new Set(['POST', 'PUT', 'PATCH']);

function hasBody({ method, headers }: HttpRequest): boolean {
  const told = headers['content-length'] ?? headers['transfer-encoding'];
  return told === undefined ? withBody.has(method) : told !== '0';
}
