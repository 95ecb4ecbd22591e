import { Worker } from 'node:worker_threads';
import type {
  HttpLimits,
  HttpListener,
  HttpServer,
  ListenOptions,
  PeerCertificate,
  ServerTls,
} from '../http.ts';
import { InFlight } from '../in-flight.ts';
import { Recent } from '../recent.ts';
import { FrameWriter, frame, readFrames } from './frames.ts';
import { PassedExchange, type RequestHead } from './passed-exchange.ts';
import { PassedSocket } from './passed-socket.ts';

/** What the thread is told to do. */
export type Command =
  | {
      type: 'listen';
      server: number;
      host: string;
      port: number;
      tls: ServerTls;
      limits: Partial<HttpLimits> | undefined;
      http1Only: boolean;
      upgrades: boolean;
    }
  | { type: 'tls'; server: number; tls: ServerTls }
  | { type: 'close'; server: number; graceMs: number | undefined };

/** What the thread answers. */
export type Report =
  | { type: 'listening'; server: number; port: number }
  | { type: 'failed'; server: number; message: string; about: Record<string, unknown> }
  | { type: 'closed'; server: number };

/** The way to a thread that serves connections. */
export interface ThreadPort {
  postMessage(message: ArrayBuffer | Command, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', fn: (message: ArrayBuffer | Report) => void): void;
}

interface PassedServer {
  options: ListenOptions;
  onReport(report: Report): void;
}

/** Clients whose certificates are known by what they show. */
const peersKept = 1000;

/** Serves HTTPS through a thread that takes the connections. */
export class ThreadListener {
  readonly #port: ThreadPort;
  readonly #writer: FrameWriter;
  readonly #servers = new Map<number, PassedServer>();
  readonly #open = new InFlight<PassedExchange | PassedSocket>();
  readonly #peers = new Recent<string, PeerCertificate>(peersKept);
  #count = 0;

  constructor(port: ThreadPort) {
    this.#port = port;
    this.#writer = new FrameWriter(port);
    port.on('message', (message) => {
      if (message instanceof ArrayBuffer) readFrames(message, this.#onFrame);
      else this.#servers.get(message.server)?.onReport(message);
    });
  }

  /** Servers that are not closed. */
  get servers(): number {
    return this.#servers.size;
  }

  readonly listen: HttpListener = (options) => {
    const number = this.#count++;
    const { host, port, tls, limits, http1Only = false, onUpgrade } = options;
    const upgrades = onUpgrade !== undefined;
    return new Promise((resolve, reject) => {
      const onReport = (report: Report) => {
        if (report.type === 'listening') return resolve(this.#server(number, report.port));
        this.#servers.delete(number);
        if (report.type === 'failed') reject(Object.assign(new Error(report.message), report.about));
      };
      this.#servers.set(number, { options, onReport });
      this.#tell({ type: 'listen', server: number, host, port, tls, limits, http1Only, upgrades });
    });
  };

  #server(number: number, port: number): HttpServer {
    return {
      port,
      setTls: (tls) => this.#tell({ type: 'tls', server: number, tls }),
      close: (graceMs) =>
        new Promise((resolve) => {
          const server = this.#servers.get(number);
          if (!server) return resolve();
          const { onReport } = server;
          server.onReport = (report) => {
            onReport(report);
            resolve();
          };
          this.#tell({ type: 'close', server: number, graceMs });
        }),
    };
  }

  #tell(command: Command): void {
    this.#writer.flush();
    this.#port.postMessage(command);
  }

  readonly #onFrame = (type: number, id: number, first: Buffer, bytes: Buffer): void => {
    if (type === frame.request) return this.#onRequest(id, JSON.parse(first.toString()), bytes);
    if (type === frame.upgrade) return this.#onUpgrade(id, JSON.parse(first.toString()), bytes);
    const passed = this.#open.get(id);
    if (!passed) return;
    if (type === frame.data) passed.arrive(bytes);
    else if (type === frame.dataEnd) passed.arriveEnd();
    else if (type === frame.taken) passed.taken(bytes.readUInt32LE());
    else if (type === frame.gone) {
      this.#open.delete(id);
      passed.leave();
    }
  };

  #onRequest(id: number, head: RequestHead, body: Uint8Array): void {
    const exchange = this.#exchange(id, head, body);
    this.#open.set(id, exchange);
    this.#servers.get(head[0])?.options.onRequest(exchange, exchange);
  }

  #onUpgrade(id: number, head: RequestHead, bytes: Uint8Array): void {
    const request = this.#exchange(id, head, new Uint8Array(0));
    const socket = new PassedSocket({ id, writer: this.#writer, onOver: this.#forget });
    this.#open.set(id, socket);
    socket.once('close', () => request.leave());
    this.#servers.get(head[0])?.options.onUpgrade?.({ request, socket, head: bytes });
  }

  #exchange(id: number, head: RequestHead, body: Uint8Array): PassedExchange {
    const peer = this.#peer(head[7]);
    return new PassedExchange({ id, head, peer, body, writer: this.#writer, onComplete: this.#forget });
  }

  readonly #forget = (id: number): void => void this.#open.delete(id);

  /** The same object for all that shows the same certificate: what is known of it is found by that. */
  #peer(text: string): PeerCertificate | undefined {
    if (text === '') return undefined;
    let peer = this.#peers.get(text);
    if (!peer) {
      peer = JSON.parse(text) as PeerCertificate;
      this.#peers.set(text, peer);
    }
    return peer;
  }
}

/**
 * Serves HTTPS with connections, TLS and HTTP in a thread of their own, so that this one has only the requests to do. The thread
 * ends with the last of its servers. `program` runs `takeConnections`.
 */
export function listenInThread(program: URL): HttpListener {
  const worker = new Worker(program);
  // It keeps the process only while it serves.
  worker.unref();
  worker.on('error', (error) => {
    throw error;
  });
  const listener = new ThreadListener(worker as ThreadPort);
  const endWithLast = async () => {
    if (listener.servers === 0) await worker.terminate();
  };
  return async (options) => {
    worker.ref();
    const server = await listener.listen(options).finally(endWithLast);
    return { ...server, close: (graceMs) => server.close(graceMs).finally(endWithLast) };
  };
}
