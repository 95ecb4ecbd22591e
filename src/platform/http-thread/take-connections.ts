import type { Readable } from 'node:stream';
import { listenHttps } from '../http-server.ts';
import type {
  HttpReply,
  HttpRequest,
  HttpServer,
  HttpUpgrade,
  PeerCertificate,
  ReplyHeaders,
} from '../http.ts';
import { InFlight } from '../in-flight.ts';
import { FrameWriter, frame, numbersOf, readFrames } from './frames.ts';
import type { Command, Report } from './listen-in-thread.ts';
import type { RequestHead } from './passed-exchange.ts';

/** The way back to the thread that answers. */
export interface AnswererPort {
  postMessage(message: ArrayBuffer | Report, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', fn: (message: ArrayBuffer | Command) => void): void;
}

/** What one exchange or connection does when it is told to. */
interface Taken {
  reply?(status: number, headers: ReplyHeaders, body: Uint8Array): void;
  open?(status: number, headers: ReplyHeaders): void;
  write(bytes: Uint8Array): void;
  end(): void;
  abort(): void;
  want(bytes: number): void;
}

/** Bodies that are not larger are passed on with the heads of their requests. */
const wholeBytes = 64 * 1024;
/** A body that has not come by then follows its head. */
const patienceMs = 1000;

/** Takes connections as it is told through the port, and passes their requests on. */
export function takeConnections(port: AnswererPort): void {
  const taker = new ConnectionTaker(port);
  port.on('message', (message) => taker.onMessage(message));
}

class ConnectionTaker {
  readonly #port: AnswererPort;
  readonly #writer: FrameWriter;
  readonly #servers = new Map<number, Promise<HttpServer>>();
  readonly #taken = new InFlight<Taken>();
  readonly #peers = new WeakMap<PeerCertificate, string>();
  #next = 0;

  constructor(port: AnswererPort) {
    this.#port = port;
    this.#writer = new FrameWriter(port);
  }

  onMessage(message: ArrayBuffer | Command): void {
    if (message instanceof ArrayBuffer) return readFrames(message, this.#onFrame);
    if (message.type === 'listen') return void this.#listen(message);
    const serving = this.#servers.get(message.server);
    if (message.type === 'tls') return void serving?.then((server) => server.setTls(message.tls));
    void serving?.then(async (server) => {
      await server.close(message.graceMs);
      this.#report({ type: 'closed', server: message.server });
    });
  }

  async #listen(command: Command & { type: 'listen' }): Promise<void> {
    const { server, host, port, tls, limits, http1Only, upgrades } = command;
    const serving = listenHttps({
      host,
      port,
      tls,
      http1Only,
      ...(limits && { limits }),
      onRequest: (request, reply) => this.#onRequest(server, request, reply),
      ...(upgrades && { onUpgrade: (upgrade) => this.#onUpgrade(server, upgrade) }),
    });
    this.#servers.set(server, serving);
    try {
      this.#report({ type: 'listening', server, port: (await serving).port });
    } catch (error) {
      this.#servers.delete(server);
      const { message, ...about } = { ...(error as Error), message: (error as Error).message };
      this.#report({ type: 'failed', server, message, about });
    }
  }

  #report(report: Report): void {
    this.#writer.flush();
    this.#port.postMessage(report);
  }

  #number(): number {
    this.#next = (this.#next + 1) >>> 0;
    return this.#next;
  }

  #head(server: number, request: HttpRequest, whole: boolean): string {
    const {
      method,
      target,
      httpVersion,
      headers,
      rawHeaders,
      remoteAddress,
      peer,
      bodyLength = -1,
    } = request;
    // Names of HTTP/2 are in lower case as they come, so that only what comes more than once is told in them alone.
    const follows = httpVersion === 2 && rawHeaders.length === 2 * Object.keys(headers).length;
    const head: RequestHead = [
      server,
      method,
      target,
      httpVersion,
      headers,
      follows ? 0 : rawHeaders,
      remoteAddress,
      peer ? this.#peerText(peer) : '',
      bodyLength,
      whole ? 1 : 0,
    ];
    return JSON.stringify(head);
  }

  #peerText(peer: PeerCertificate): string {
    let text = this.#peers.get(peer);
    if (text === undefined) {
      text = JSON.stringify(peer);
      this.#peers.set(peer, text);
    }
    return text;
  }

  #onRequest(server: number, request: HttpRequest, reply: HttpReply): void {
    const id = this.#number();
    const { bodyLength } = request;
    const taken = this.#exchange(id, request, reply);
    let gone = false;
    request.onGone(() => {
      gone = true;
      if (this.#taken.delete(id)) this.#writer.add(frame.gone, id);
    });
    const pass = (parts: readonly Uint8Array[], whole: boolean) => {
      if (gone) return;
      this.#taken.set(id, taken);
      this.#writer.add(frame.request, id, this.#head(server, request, whole), parts);
    };
    if (bodyLength === 0) return pass([], true);
    if (bodyLength !== undefined && bodyLength > wholeBytes) return pass([], false);
    gather(request.stream, {
      onWhole: (parts) => pass(parts, true),
      onRest: (parts) => {
        pass([], false);
        for (const part of parts) this.#writer.add(frame.data, id, '', [part]);
        taken.want(0);
      },
    });
  }

  #exchange(id: number, request: HttpRequest, reply: HttpReply): Taken {
    let stream: ReturnType<HttpReply['open']> | undefined;
    let want: ((bytes: number) => void) | undefined;
    const over = () => this.#taken.delete(id);
    /** Whoever asked for what cannot be said is not in this thread: it is told that the exchange is over. */
    const tried = (say: () => void) => {
      try {
        say();
      } catch {
        if (over()) this.#writer.add(frame.gone, id);
        reply.send(500, {});
      }
    };
    return {
      reply: (status, headers, body) => {
        over();
        tried(() => reply.send(status, headers, body.length > 0 ? [body] : []));
      },
      open: (status, headers) =>
        tried(() => {
          stream = reply.open(status, headers);
        }),
      write: (bytes) => stream?.write(bytes, () => this.#writer.addNumber(frame.taken, id, bytes.length)),
      end: () => {
        over();
        stream?.end();
      },
      abort: () => {
        over();
        stream?.abort();
      },
      want: (bytes) => {
        want ??= this.#pass(id, request.stream);
        want(bytes);
      },
    };
  }

  #onUpgrade(server: number, { request, socket, head }: HttpUpgrade): void {
    const id = this.#number();
    // What was sent before the end is still on its way to where it is answered.
    socket.allowHalfOpen = true;
    this.#taken.set(id, {
      write: (bytes) => void socket.write(bytes, () => this.#writer.addNumber(frame.taken, id, bytes.length)),
      end: () => void socket.end(),
      abort: () => void socket.destroy(),
      want: this.#pass(id, socket),
    });
    socket.once('close', () => {
      if (this.#taken.delete(id)) this.#writer.add(frame.gone, id);
    });
    this.#writer.add(frame.upgrade, id, this.#head(server, request, true), [head]);
  }

  /** Passes on what comes, as far as it is wanted. */
  #pass(id: number, source: Readable): (bytes: number) => void {
    let wanted = 0;
    source.pause();
    source.on('data', (chunk: Buffer) => {
      this.#writer.add(frame.data, id, '', [chunk]);
      wanted -= chunk.length;
      if (wanted <= 0) source.pause();
    });
    source.on('end', () => this.#writer.add(frame.dataEnd, id));
    if (source.readableEnded) this.#writer.add(frame.dataEnd, id);
    return (bytes) => {
      wanted += bytes;
      if (wanted > 0) source.resume();
      else source.pause();
    };
  }

  readonly #onFrame = (type: number, id: number, first: Buffer, bytes: Buffer): void => {
    if (type === frame.write) {
      for (const number of numbersOf(first)) this.#taken.get(number)?.write(bytes);
      return;
    }
    const taken = this.#taken.get(id);
    if (!taken) return;
    if (type === frame.reply)
      taken.reply?.(...(JSON.parse(first.toString()) as [number, ReplyHeaders]), bytes);
    else if (type === frame.open) taken.open?.(...(JSON.parse(first.toString()) as [number, ReplyHeaders]));
    else if (type === frame.writeEnd) taken.end();
    else if (type === frame.abort) taken.abort();
    else if (type === frame.want) taken.want(bytes.readUInt32LE());
  };
}

interface Gathered {
  onWhole(parts: readonly Uint8Array[]): void;
  /** It takes its time, or is larger: what there is so far; the stream is the caller's. */
  onRest(parts: readonly Uint8Array[]): void;
}

/** Reads a small body. */
function gather(stream: Readable, { onWhole, onRest }: Gathered): void {
  const parts: Buffer[] = [];
  let size = 0;
  const leaveRest = () => {
    leave();
    stream.pause();
    onRest(parts);
  };
  const onData = (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size > wholeBytes) leaveRest();
  };
  const onEnd = () => {
    leave();
    onWhole(parts);
  };
  const timer = setTimeout(leaveRest, patienceMs);
  const leave = () => {
    clearTimeout(timer);
    stream.off('data', onData).off('end', onEnd).off('close', leave);
  };
  stream.on('data', onData).on('end', onEnd).on('close', leave);
}
