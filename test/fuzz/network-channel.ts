import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { inTime } from './local-channel.ts';
import type { Channel, WireReply, WireRequest } from './request.ts';

/**
 * Bytes of a target and all headers together. Node's client does not send more than 65,536 in one request: the stream
 * ends with REFUSED_STREAM before the server has heard of it. Each field counts 32 bytes beside its own, as HPACK has it.
 */
const mostHeaderBytes = 60_000;
const fieldBytes = 32;
/** How long a watch is read. */
const watchMs = 20;

/** What a client's own library would not send stays behind: it is the server that is tried here, not Node. */
const sendable = (target: string) =>
  target.replace(/[^\x21-\x7e]/gu, (c) => (/\p{Surrogate}/u.test(c) ? '%ff' : encodeURIComponent(c)));
const safeValue = (value: string) => value.replace(/[^\x20-\x7e]/g, '?');

/** Upgrades have a test of their own. */
const ofConnection = new Set(['connection', 'upgrade']);

function requestHeaders(headers: Record<string, string>): Record<string, string> {
  const all = Object.entries(headers).filter(([name]) => /^[\w-]+$/.test(name) && !ofConnection.has(name));
  return Object.fromEntries(all.map(([name, value]) => [name, safeValue(value)]));
}

/** The headers and target in HTTP/2's form, the longest cut off where the others leave it no room. */
function http2Headers({ method, target, headers }: WireRequest): Record<string, string> {
  const all: Record<string, string> = { ':method': method };
  let left = mostHeaderBytes;
  const fields = Object.entries({ ':path': sendable(target), ...requestHeaders(headers) });
  for (const [name, value] of fields.sort(([, a], [, b]) => a.length - b.length)) {
    left -= name.length + fieldBytes;
    if (left <= 0) break;
    all[name] = value.slice(0, left);
    left -= value.length;
  }
  return all;
}

/** Over HTTP/1.1, connections kept. */
export function http1Channel(origin: string, ca: string): Channel & { close(): void } {
  const agent = new Agent({ keepAlive: true, ca });
  const once = ({ method, target, headers, body }: WireRequest) =>
    new Promise<WireReply>((resolve, reject) => {
      // Without a length Node sends the body of a DELETE with nothing around it.
      const framed = { ...requestHeaders(headers), 'content-length': String(body.length) };
      const options = { agent, method, path: sendable(target), headers: framed };
      const { hostname, port } = new URL(origin);
      const request = httpsRequest({ ...options, hostname, port }, (response) => {
        const chunks: Buffer[] = [];
        const finish = () => {
          const code = response.statusCode ?? 0;
          const answered = response.headers as Record<string, string>;
          resolve({ code, headers: answered, body: Buffer.concat(chunks) });
        };
        const isWatch = !('content-length' in response.headers);
        if (isWatch) setTimeout(() => request.destroy(), watchMs);
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('close', finish);
      });
      request.on('error', reject);
      request.end(body);
    });
  return { send: (request) => inTime(once(request)), close: () => agent.destroy() };
}

/** Over HTTP/2, all on one connection. */
export function http2Channel(origin: string, ca: string): Channel & { close(): void } {
  let session: ClientHttp2Session | undefined;
  const open = () => {
    if (!session || session.destroyed || session.closed) {
      // As many warnings as a server gives: Node's client ends the stream where an answer has more than 128 headers.
      session = connect(origin, { ca, maxHeaderListPairs: 1000 });
      session.on('error', () => {});
    }
    return session;
  };
  const once = (wire: WireRequest) =>
    new Promise<WireReply>((resolve, reject) => {
      const { body } = wire;
      const stream = open().request(http2Headers(wire), { endStream: body.length === 0 });
      let answered: Record<string, string | number> = {};
      const chunks: Buffer[] = [];
      stream.on('response', (given) => {
        answered = given as Record<string, string | number>;
        if (!('content-length' in given)) setTimeout(() => stream.close(), watchMs);
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('close', () => {
        const code = Number(answered[':status'] ?? 0);
        if (code === 0) return reject(new Error('the stream ended without an answer'));
        resolve({ code, headers: answered as Record<string, string>, body: Buffer.concat(chunks) });
      });
      if (body.length > 0) stream.end(body);
    });
  return { send: (request) => inTime(once(request)), close: () => session?.destroy() };
}
