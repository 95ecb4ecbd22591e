import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { readStart } from './http-body.ts';
import { onSwitch } from './on-switch.ts';

export interface DialHttpRequest {
  /** Certificates of https URLs are not checked. */
  url: string;
  /** In order; a name may come more than once. */
  headers: { name: string; value: string }[];
  timeoutMs: number;
  /** The answer's body is read only so far. */
  bodyBytes: number;
  signal?: AbortSignal;
}

export interface DialHttpAnswer {
  statusCode: number;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Short calls to processes whose word is taken as it comes: probes and hooks. */
export interface Dialer {
  /** One GET, redirects not followed. Rejects where there is no answer in time. */
  httpGet(ask: DialHttpRequest): Promise<DialHttpAnswer>;
  /** Connects and hangs up. Rejects where that is not possible in time. */
  tcp(host: string, port: number, timeoutMs: number): Promise<void>;
  /** One unary gRPC call without TLS. Rejects where there is no answer in time, or the answer is an error. */
  grpc(ask: DialGrpcRequest): Promise<Buffer>;
}

export interface DialGrpcRequest {
  host: string;
  port: number;
  /** Such as `/grpc.health.v1.Health/Check`. */
  method: string;
  message: Buffer;
  timeoutMs: number;
}

function headerMap(headers: DialHttpRequest['headers']): Record<string, string | string[]> {
  const map: Record<string, string | string[]> = {};
  for (const { name, value } of headers) {
    const key = name.toLowerCase();
    const before = map[key];
    map[key] = before === undefined || key === 'host' ? value : [...[before].flat(), value];
  }
  return map;
}

function httpGet(ask: DialHttpRequest): Promise<DialHttpAnswer> {
  return new Promise((resolve, reject) => {
    const isHttps = ask.url.startsWith('https:');
    const options = {
      method: 'GET',
      headers: headerMap(ask.headers),
      agent: false as const,
      signal: ask.signal,
    };
    const outgoing: ClientRequest = isHttps
      ? httpsRequest(ask.url, { ...options, rejectUnauthorized: false })
      : httpRequest(ask.url, options);
    const timer = setTimeout(() => outgoing.destroy(new Error('context deadline exceeded')), ask.timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    outgoing.on('error', fail);
    onSwitch(outgoing, fail);
    outgoing.on('response', (message) => {
      readStart(message, ask.bodyBytes).then((body) => {
        clearTimeout(timer);
        outgoing.destroy();
        resolve({ statusCode: message.statusCode ?? 0, headers: message.headers, body });
      }, fail);
    });
    outgoing.end();
  });
}

function tcp(host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error('i/o timeout')));
    socket.once('error', reject);
  });
}

/** The library is loaded by who needs it first: most nodes never do. */
async function grpc({ host, port, method, message, timeoutMs }: DialGrpcRequest): Promise<Buffer> {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const name = host.includes(':') ? `[${host}]` : host;
  const client = new Client(`${name}:${port}`, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0 });
  const same = (bytes: Buffer) => bytes;
  try {
    return await new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      client.makeUnaryRequest(method, same, same, message, options, (error, answer) =>
        error ? reject(error) : resolve(answer ?? Buffer.alloc(0)),
      );
    });
  } finally {
    client.close();
  }
}

/** The machine's own network. */
export const systemDialer: Dialer = { httpGet, tcp, grpc };
