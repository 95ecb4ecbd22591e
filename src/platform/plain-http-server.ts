import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpReply, HttpRequest } from './http.ts';
import { Http1Exchange } from './http1-exchange.ts';

/** What one that asks a plain server may cost. */
const requestMs = 10_000;
const keptMs = 10_000;
const mostConnections = 200;
const headerBytes = 16_384;

export interface PlainListenOptions {
  /** An address of IPv6 takes none of IPv4, be it `::`. */
  host: string;
  /** 0: any free one. */
  port: number;
  /** Answers at once, with `send`. */
  onRequest(request: HttpRequest, reply: HttpReply): void;
}

export interface PlainHttpServer {
  port: number;
  /** Takes no more connections and ends those that there are. */
  close(): Promise<void>;
}

/** Serves HTTP/1.1 without TLS; rejects where the port cannot be had. */
export type PlainHttpListener = (options: PlainListenOptions) => Promise<PlainHttpServer>;

/** Serves what needs no secret, such as health, to whoever asks: many of these know no TLS. */
export const listenPlainHttp: PlainHttpListener = async ({ host, port, onRequest }) => {
  const server = createServer({
    requestTimeout: requestMs,
    headersTimeout: requestMs,
    keepAliveTimeout: keptMs,
    maxHeaderSize: headerBytes,
  });
  server.maxConnections = mostConnections;
  server.on('request', (message, response) => {
    const exchange = new Http1Exchange(message, response, undefined);
    onRequest(exchange, exchange);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: true }, resolve);
  });
  server.on('error', () => {});
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
