import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { HttpReply, HttpRequest } from './http.ts';
import { Http1Exchange } from './http1-exchange.ts';

/** PEM. Where `clientCa` is given, clients without a certificate that stands on it are sent away. */
export interface SharedTls {
  cert: string;
  key: string;
  clientCa?: string;
}

export interface SharedPort {
  port: number;
  /** Takes no more connections and ends those there are. */
  close(): Promise<void>;
}

interface Options {
  host: string;
  /** 0: any free one. */
  port: number;
  tls?: SharedTls;
  /** Takes over a connection on which HTTP/2 is spoken, from its first byte on. */
  onHttp2(connection: Duplex): void;
  /** A request over HTTP/1.1. Must not reject. */
  onRequest(request: HttpRequest, reply: HttpReply): Promise<void>;
}

/** What every HTTP/2 connection begins with, as far as it tells it from HTTP/1.1. */
const http2Start = 'PRI';

/** One port for HTTP/2 and HTTP/1.1, with or without TLS: what a client says first decides. */
export function listenShared(options: Options): Promise<SharedPort> {
  const http1 = createHttpServer((message, response) => {
    const exchange = new Http1Exchange(message, response, undefined);
    void options.onRequest(exchange, exchange);
  });
  const sockets = new Set<Socket>();
  const take = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    socket.once('data', (start: Buffer) => {
      socket.pause();
      socket.unshift(start);
      if (start.toString('latin1', 0, http2Start.length) === http2Start) return options.onHttp2(socket);
      http1.emit('connection', socket);
      return socket.resume();
    });
  };
  return listening(serverOf(options.tls, take), options, sockets);
}

function serverOf(tls: SharedTls | undefined, take: (socket: Socket) => void): Server {
  if (!tls) return createTcpServer(take);
  const asksClients = tls.clientCa !== undefined;
  const { cert, key, clientCa: ca } = tls;
  const common = { cert, key, ca, requestCert: asksClients, rejectUnauthorized: asksClients };
  const protocols = { minVersion: 'TLSv1.2', ALPNCallback: chosen } as const;
  const server = createTlsServer({ ...common, ...protocols }, take as (socket: TLSSocket) => void);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** Who speaks both, as curl does, is given HTTP/1.1: clients that need HTTP/2, those of gRPC, offer nothing else. */
function chosen({ protocols }: { protocols: readonly string[] }): string | undefined {
  return ['http/1.1', 'h2'].find((known) => protocols.includes(known));
}

function listening(server: Server, { host, port }: Options, sockets: Set<Socket>): Promise<SharedPort> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', () => {});
      const close = () =>
        new Promise<void>((done) => {
          server.close(() => done());
          for (const socket of sockets) socket.destroy();
        });
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}
