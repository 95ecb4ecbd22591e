import type { Duplex } from 'node:stream';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  constants as http2Constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { types } from 'node:util';
import { Http1Exchange, Http1Request } from './http1-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';
import { InFlight } from './in-flight.ts';

import {
  type HttpLimits,
  type HttpListener,
  type ListenOptions,
  type ServerTls,
  withoutMemoryLimit,
} from './http.ts';
import { authoritiesOf, peerOf } from './peer.ts';
import { ServerContexts } from './server-contexts.ts';
import { SocketReply } from './socket-reply.ts';
import { hasShownToken, UnknownConnections } from './unknown-connections.ts';

const defaultHttpLimits: HttpLimits = {
  handshakeTimeoutMs: 10_000,
  headersTimeoutMs: 32_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 90_000,
  headerBytes: 65_536,
  streamsPerConnection: 250,
  connections: 20_000,
  unknownConnections: 2000,
  unknownGraceMs: 5000,
};

/** What the connections of a server have in common. */
interface Serving {
  options: ListenOptions;
  limits: HttpLimits;
  unknown: UnknownConnections;
}

function serveHttp2(socket: TLSSocket, { options, limits, unknown }: Serving): ServerHttp2Session {
  const session = performServerHandshake(socket, {
    settings: {
      maxConcurrentStreams: limits.streamsPerConnection,
      maxHeaderListSize: limits.headerBytes,
      initialWindowSize: 256 * 1024,
    },
    maxHeaderListPairs: 256,
    maxSessionMemory: withoutMemoryLimit,
  } as object);
  keepStreamsInFlight(session);
  session.setLocalWindowSize(1024 * 1024);
  session.on('error', () => session.destroy());
  session.on('frameError', () => {});
  const unused = endWhenUnused(session, limits.keepAliveTimeoutMs);
  const about = { peer: peerOf(socket, options.tls), remoteAddress: socket.remoteAddress ?? '' };
  session.on(
    'stream',
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]) => {
      unused.begin(stream);
      unknown.begin(socket);
      stream.once('close', () => {
        const status = stream.sentHeaders?.[':status'];
        if (hasShownToken(headers.authorization, Number(status))) unknown.know(socket);
        unknown.end(socket);
      });
      const ended = (flags & http2Constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      const exchange = new Http2Exchange({ stream, headers, rawHeaders, ended, ...about });
      options.onRequest(exchange, exchange);
    },
  );
  return session;
}

/**
 * Has the session note its streams in an `InFlight`: with the `Map` in which Node.js notes them, nearly all of what belongs to a request
 * outlives it by seconds. Where a later Node.js notes them otherwise, it stays at that.
 */
function keepStreamsInFlight(session: ServerHttp2Session): void {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state');
  const state = symbol && (session as unknown as Record<symbol, { streams?: unknown }>)[symbol];
  if (types.isMap(state?.streams)) state.streams = new InFlight();
}

/**
 * Ends a connection on which nobody has asked for anything for so long, at the latest after twice the time; pings do not count. An answer
 * that has been given whole and is not taken for as long is broken off: its connection is in use by nobody.
 */
function endWhenUnused(session: ServerHttp2Session, idleMs: number) {
  const open = new InFlight<ServerHttp2Stream>();
  /** Whose answers were given and not taken when it was looked last. */
  let stuck: ServerHttp2Stream[] = [];
  let isUsed = false;
  const timer = setInterval(() => {
    for (const stream of stuck)
      if (open.has(stream.id as number)) stream.destroy(new Error('the answer was not taken'));
    stuck = open.values().filter((stream) => stream.writableEnded);
    if (open.size === 0 && !isUsed) session.close();
    isUsed = false;
  }, idleMs);
  timer.unref();
  session.once('close', () => clearInterval(timer));
  return {
    begin(stream: ServerHttp2Stream) {
      const id = stream.id as number;
      open.set(id, stream);
      stream.once('close', () => {
        open.delete(id);
        isUsed = true;
      });
    },
  };
}

function serveHttp1(server: Server, { options, unknown }: Serving): void {
  server.on('request', (message, response) => {
    const socket = message.socket as TLSSocket;
    unknown.begin(socket);
    response.once('close', () => {
      if (response.headersSent && hasShownToken(message.headers.authorization, response.statusCode))
        unknown.know(socket);
      unknown.end(socket);
    });
    inTurn(message, response, () => {
      const exchange = new Http1Exchange(message, response, peerOf(socket, options.tls));
      options.onRequest(exchange, exchange);
    });
  });
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    unknown.know(socket);
    socket.on('error', () => socket.destroy());
    if (!options.onUpgrade) return new SocketReply(socket).send(400, {});
    const request = new Http1Request(message, peerOf(message.socket as TLSSocket, options.tls));
    options.onUpgrade({ request, socket, head });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const status =
      error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  server.on('checkContinue', (message, response) => {
    response.writeContinue();
    server.emit('request', message, response);
  });
}

/** Requests of one connection that may wait for the answers before theirs. */
const mostPipelined = 100;

/**
 * Begins with a request when the answers to those that came before it on its connection are complete, as upstream does: one whose
 * connection goes before that is never begun with, since it would not be told so.
 */
function inTurn(message: IncomingMessage, response: ServerResponse, begin: () => void): void {
  // Node gives the connection to one response at a time.
  if (response.socket) return begin();
  const { socket } = message;
  const waiting = (pipelined.get(socket) ?? 0) + 1;
  if (waiting > mostPipelined) return void socket.destroy();
  pipelined.set(socket, waiting);
  response.once('socket', () => {
    pipelined.set(socket, (pipelined.get(socket) ?? 0) - 1);
    process.nextTick(begin);
  });
}

const pipelined = new WeakMap<Socket, number>();

type GiveContext = (error: Error | null, context?: SecureContext) => void;

/** The server, and what gives it other certificates. */
function createHttpsServer(
  { tls, host, http1Only }: ListenOptions,
  limits: HttpLimits,
): { server: Server; show(tls: ServerTls): void } {
  let contexts = new ServerContexts(tls);
  const server = createServer({
    ...contexts.forAddress(host),
    ...(tls.named && {
      SNICallback: (name: string, done: GiveContext) => void done(null, contexts.forName(name)),
    }),
    requestCert: authoritiesOf(tls) !== undefined,
    rejectUnauthorized: false,
    ALPNProtocols: http1Only ? ['http/1.1'] : ['h2', 'http/1.1'],
    handshakeTimeout: limits.handshakeTimeoutMs,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxHeaderSize: limits.headerBytes,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });
  const show = (fresh: ServerTls) => {
    contexts = new ServerContexts(fresh);
    server.setSecureContext(contexts.forAddress(host));
  };
  return { server, show };
}

/** Sends connections that chose HTTP/2 their own way, past the HTTP/1.1 listener that https put on its server. */
function splitByProtocol(
  server: Server,
  unknown: UnknownConnections,
  onHttp2: (socket: TLSSocket) => void,
): void {
  const http1 = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    if (!socket.authorized) unknown.add(socket);
    if (socket.alpnProtocol === 'h2') return onHttp2(socket);
    for (const listener of http1) listener.call(server, socket);
  });
}

function closeServer(
  server: Server,
  sessions: Set<ServerHttp2Session>,
  sockets: Set<Socket>,
  graceMs: number,
) {
  return new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
    for (const session of sessions) session.close();
  });
}

/** The machine's own network. */
export const listenHttps: HttpListener = (given) => {
  const options = { ...given };
  const limits = { ...defaultHttpLimits, ...options.limits };
  const { server, show } = createHttpsServer(options, limits);
  server.maxConnections = limits.connections;
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const unknown = new UnknownConnections({
    most: limits.unknownConnections,
    graceMs: limits.unknownGraceMs,
    nowMs: () => performance.now(),
  });
  const serving = { options, limits, unknown };
  splitByProtocol(server, unknown, (socket) => {
    const session = serveHttp2(socket, serving);
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  serveHttp1(server, serving);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      server.on('error', () => {});
      const { port } = server.address() as AddressInfo;
      const setTls = (tls: ServerTls) => {
        show(tls);
        options.tls = tls;
      };
      resolve({ port, setTls, close: (graceMs = 1000) => closeServer(server, sessions, sockets, graceMs) });
    });
  });
};
