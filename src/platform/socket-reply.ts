import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { drainOf, pipeTo } from './http-body.ts';
import type { HttpReply, ReplyHeaders, ReplyStream } from './http.ts';
import { finish } from './join-streams.ts';

/** Answers on the bare socket of a request that wanted to be upgraded and is not. The connection ends with the answer. */
export class SocketReply implements HttpReply {
  started = false;
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  send(status: number, headers: ReplyHeaders, body: readonly Uint8Array[] = []): void {
    const bytes = Buffer.concat(body);
    this.#head(status, { ...headers, 'content-length': bytes.length });
    this.#socket.write(bytes);
    // No time limit of HTTP holds for this connection any more.
    finish(this.#socket);
  }

  open(status: number, headers: ReplyHeaders): ReplyStream {
    const socket = this.#socket;
    this.#head(status, headers);
    return {
      write: (bytes) => void (socket.writable && socket.write(bytes)),
      get bufferedBytes() {
        return socket.writableLength;
      },
      drained: () => drainOf(socket),
      end: () => finish(socket),
      pipe: async (source) => {
        await pipeTo(source, socket);
        finish(socket);
      },
      abort: () => void socket.destroy(),
    };
  }

  #head(status: number, headers: ReplyHeaders): void {
    this.started = true;
    const lines = Object.entries({ ...headers, connection: 'close' }).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}: ${one}\r\n`),
    );
    this.#socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`);
  }
}
