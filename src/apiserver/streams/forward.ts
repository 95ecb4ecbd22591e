import type { Duplex } from 'node:stream';
import type { Exchange } from '../corridor/exchange.ts';
import { serviceUnavailable, StatusError } from '../../machinery/status-error.ts';
import type { HttpRequest } from '../../platform/http.ts';
import { callOver, type Http1Answer } from '../../platform/http1-call.ts';
import { networkText } from '../../platform/network-text.ts';
import { withLinksThroughProxy } from './page-rewriting.ts';
import { clientHost, forwardedHeaders, type ProxiedHead, returnedHeaders } from './proxied-headers.ts';
import { tunnel } from './tunnel.ts';

/** What a request is passed on to. */
export interface Backend extends ProxiedHead {
  /** Opens a connection that speaks HTTP/1.1. */
  connect(): Promise<Duplex>;
  /** How long it may take to begin its answer; as long as a connection may be idle unless told. */
  answerTimeoutMs?: number;
  /**
   * What stands before the backend's own paths where people look around in it, without a slash at its end: its links
   * are then made to lead through here, and it sees the host that the client has asked.
   */
  prefix?: string;
  /** Whether the client must not be sent elsewhere by an answer: where it takes the backend for this server itself. */
  refusesRedirects?: boolean;
}

/** How long a backend may take to begin its answer: as long as a connection may be idle. */
const answerTimeoutMs = 4 * 60 * 60 * 1000;

/** Passes a request on, and the answer back, both as they come. */
export async function forward(x: Exchange, backend: Backend): Promise<number> {
  const { request } = x;
  if (x.upgrade) {
    const socket = await dialed(backend, (why) => new StatusError(500, '', `error dialing backend: ${why}`));
    return tunnel(x.upgrade, socket, { ...backend, host: hostFor(request, backend) });
  }
  const socket = await dialed(backend, unreachable);
  const answer = await answered(socket, {
    method: request.method,
    target: backend.target,
    headers: forwardedHeaders(request, backend),
    ...(request.bodyLength !== 0 && { body: request.stream, bodyLength: request.bodyLength }),
    timeoutMs: backend.answerTimeoutMs ?? answerTimeoutMs,
    signal: request.signal,
  });
  if (backend.refusesRedirects && isRedirect(answer)) {
    answer.body.destroy();
    return badGateway(x);
  }
  if (answer.status < 200 || answer.status > 599) {
    answer.body.destroy();
    throw unreachable(`malformed HTTP status code "${answer.status}"`);
  }
  const { headers, body } = returned(answer, request, backend);
  await x.reply.open(answer.status, headers).pipe(body);
  // What the backend did not want to read must not stand before the connection's next request.
  request.stream.resume();
  return answer.status;
}

const isRedirect = ({ status, headers }: Http1Answer) =>
  status >= 300 && status <= 399 && (headers.location ?? '') !== '';

function badGateway(x: Exchange): number {
  const why = 'the backend attempted to redirect this request, which is not permitted';
  x.request.stream.resume();
  x.reply.send(502, x.headers({}), [Buffer.from(why)]);
  return 502;
}

const hostFor = (request: HttpRequest, { host, prefix }: Backend) =>
  prefix === undefined ? host : (clientHost(request) ?? host);

/** The answer as the client gets it. */
function returned(answer: Http1Answer, request: HttpRequest, { prefix, host }: Backend) {
  const sent = { headers: returnedHeaders(answer.headers), body: answer.body };
  // No body follows, and a client would wait for it, or over HTTP/2 take the answer for a broken one.
  if (answer.status === 204) delete sent.headers['content-length'];
  if (prefix === undefined || request.method === 'HEAD') return sent;
  const origin = { prefix, backendHost: host, clientHost: clientHost(request) ?? '' };
  return withLinksThroughProxy(sent, origin);
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
