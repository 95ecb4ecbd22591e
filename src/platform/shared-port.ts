import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer, type TLSSocket } from 'node:tls';
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
  /** What new connections are shown and asked for; only where it was listened with TLS. */
  setTls(tls: SharedTls): void;
  /** Takes no more connections and ends those there are. */
  close(): Promise<void>;
}

interface Options {
  host: string;
  /** 0: any free one. */
  port: number;
  tls?: SharedTls;
  /** How long a client may take to say anything at all, the head of a request over HTTP/1.1, and the whole of one. */
  limits?: { startMs: number; headersMs: number; requestMs: number };
  /** Takes over a connection on which HTTP/2 is spoken, from its first byte on. */
  onHttp2(connection: Duplex): void;
  /** A request over HTTP/1.1. Must not reject. */
  onRequest(request: HttpRequest, reply: HttpReply): Promise<void>;
}

const usualLimits = { startMs: 10_000, headersMs: 32_000, requestMs: 300_000 };

/** After so long without a word the other end is asked whether it is there: a machine that is gone leaves no connection behind. */
const keepAliveMs = 30_000;

/** What every HTTP/2 connection begins with, as far as it tells it from HTTP/1.1. */
const http2Start = 'PRI';

/** One port for HTTP/2 and HTTP/1.1, with or without TLS: what a client says first decides. */
export function listenShared(options: Options): Promise<SharedPort> {
  const { startMs, ...limits } = options.limits ?? usualLimits;
  const http1 = createHttp1(options, limits);
  const sockets = new Set<Socket>();
  const take = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    const late = () => socket.destroy();
    socket.setTimeout(startMs, late);
    socket.once('data', (start: Buffer) => {
      socket.setTimeout(0, late);
      socket.pause();
      socket.unshift(start);
      if (start.toString('latin1', 0, http2Start.length) === http2Start) return options.onHttp2(socket);
      http1.emit('connection', socket);
      return socket.resume();
    });
  };
  const server = serverOf(options.tls, take);
  server.once('close', () => http1.close());
  return listening(server, options, sockets);
}

function createHttp1(
  { onRequest }: Options,
  { headersMs, requestMs }: Omit<typeof usualLimits, 'startMs'>,
): HttpServer {
  const times = { headersTimeout: headersMs, requestTimeout: requestMs };
  const checks = { connectionsCheckingInterval: Math.min(headersMs, 30_000) };
  const http1 = createHttpServer({ ...times, ...checks }, (message, response) => {
    const exchange = new Http1Exchange(message, response, undefined);
    void onRequest(exchange, exchange);
  });
  // It is given its connections and never listens; without this it does not look at the time.
  http1.emit('listening');
  return http1;
}

const contextOf = ({ cert, key, clientCa: ca }: SharedTls) => ({ cert, key, ca });

function serverOf(tls: SharedTls | undefined, take: (socket: Socket) => void): Server {
  if (!tls) return createTcpServer(take);
  const asksClients = tls.clientCa !== undefined;
  const common = { ...contextOf(tls), requestCert: asksClients, rejectUnauthorized: asksClients };
  const protocols = { minVersion: 'TLSv1.2', ALPNCallback: chosen } as const;
  const server = createTlsServer(
    { ...common, ...protocols, handshakeTimeout: 10_000 },
    take as (socket: TLSSocket) => void,
  );
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
      const setTls = (tls: SharedTls) => {
        if (server instanceof TlsServer) server.setSecureContext(contextOf(tls));
      };
      resolve({ port: (server.address() as AddressInfo).port, setTls, close });
    });
  });
}
