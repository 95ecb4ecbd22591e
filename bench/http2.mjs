// The load's side of HTTP/2 (RFC 9113), and no more of it than a load needs. It shares the processors with the server that
// is measured, and what it takes the server does not get: node:http2 takes four times as much, half of what a create costs
// the server.
import { connect as connectTls } from 'node:tls';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const frameHeader = 9;
const longestFrame = 16_384;
const largestWindow = 2 ** 31 - 1;
const type = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 };
const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 };
const setting = { headerTableSize: 1, enablePush: 2, initialWindowSize: 4 };
const none = Buffer.alloc(0);

function frame(of, flags, stream, payload) {
  const bytes = Buffer.allocUnsafe(frameHeader + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = of;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  payload.copy(bytes, frameHeader);
  return bytes;
}

function settings(values) {
  const payload = Buffer.alloc(values.length * 6);
  for (const [i, [id, value]] of values.entries()) {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value, i * 6 + 2);
  }
  return frame(type.settings, 0, 0, payload);
}

function uint32(value) {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** An integer of HPACK (RFC 7541, 5.1) that begins in the low bits of an octet. */
function integer(high, bits, value) {
  const most = 2 ** bits - 1;
  if (value < most) return [high | value];
  const octets = [high | most];
  let rest = value - most;
  for (; rest >= 128; rest >>= 7) octets.push((rest & 127) | 128);
  octets.push(rest);
  return octets;
}

/** A header that goes in no table, its name by its place in the static one (RFC 7541, appendix A). */
function header(name, value) {
  const text = Buffer.from(value, 'utf8');
  return Buffer.concat([Buffer.from(integer(0, 4, name)), Buffer.from(integer(0, 7, text.length)), text]);
}

const staticName = { authority: 1, method: 2, path: 4, scheme: 7, status: 8, accept: 19, contentType: 31 };
const staticStatus = [200, 204, 206, 304, 400, 404, 500];

/** The status at the head of a block of headers that was written without a dynamic table. */
function statusOf(block) {
  let at = 0;
  while ((block[at] & 0xe0) === 0x20) at++; // the table's size, which is 0
  if (block[at] & 0x80) return staticStatus[(block[at] & 0x7f) - staticName.status];
  const length = block[at + 1] & 0x7f;
  const text = block.subarray(at + 2, at + 2 + length);
  if (!(block[at + 1] & 0x80)) return Number(text.toString('latin1'));
  // Huffman's code (RFC 7541, appendix B) of digits: 0 to 2 in five bits, 3 to 9 in six, from 011001 on.
  let status = 0;
  let bits = text.readUIntBE(0, length);
  let left = length * 8;
  for (let digit = 0; digit < 3; digit++) {
    const five = (bits >> (left - 5)) & 0x1f;
    if (five <= 2) {
      status = status * 10 + five;
      left -= 5;
    } else {
      status = status * 10 + ((bits >> (left - 6)) & 0x3f) - 0x16;
      left -= 6;
    }
  }
  return status;
}

/** A connection to a server, over TLS. Its requests' bodies are strings of less than a frame. */
export class Connection {
  #socket;
  #blocks = new Map();
  #requests = new Map();
  #nextStream = 1;
  #rest = none;
  #outgoing = [];
  #received = 0;
  /** What the server still takes, of all streams together; what waits for more. */
  #window = 65_535;
  #waiting = [];
  #authority;

  /** @param {URL} server @param {import('node:tls').ConnectionOptions} tls */
  constructor(server, tls) {
    this.#authority = server.host;
    this.#socket = connectTls({
      ...tls,
      host: server.hostname,
      port: Number(server.port),
      ALPNProtocols: ['h2'],
    });
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('close', () => this.#fail(new Error('the connection was closed')));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#send(preface);
    this.#send(
      settings([
        [setting.headerTableSize, 0],
        [setting.enablePush, 0],
        [setting.initialWindowSize, largestWindow],
      ]),
    );
    this.#send(frame(type.windowUpdate, 0, 0, uint32(largestWindow - 65_535)));
  }

  /**
   * Begins a request. `done(error, status, bytes)` is called once, when its answer has ended; `onData` with each piece of it;
   * `onStatus` when it begins. Gives what ends it early.
   */
  request({ method = 'GET', path, accept, body, onData, onStatus }, done) {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#requests.set(stream, { onData, onStatus, done, status: 0, bytes: 0 });
    const block = Buffer.concat([
      header(staticName.path, path),
      this.#block(method, accept, body !== undefined),
    ]);
    const ends = body === undefined ? flag.endStream : 0;
    this.#send(frame(type.headers, flag.endHeaders | ends, stream, block));
    if (body !== undefined) {
      const bytes = Buffer.from(body, 'utf8');
      if (bytes.length > longestFrame)
        throw new Error(`a body of ${bytes.length} bytes is more than a frame carries`);
      this.#waiting.push({ stream, bytes });
      this.#sendWaiting();
    }
    return () => {
      this.#requests.delete(stream);
      this.#send(frame(type.reset, 0, stream, uint32(8)));
    };
  }

  close() {
    this.#socket.destroy();
  }

  /** All headers but the path, which are the same again and again. */
  #block(method, accept, hasBody) {
    const key = `${method} ${accept} ${hasBody}`;
    let block = this.#blocks.get(key);
    if (!block) {
      block = Buffer.concat([
        header(staticName.method, method),
        Buffer.from([0x80 | staticName.scheme]),
        header(staticName.authority, this.#authority),
        header(staticName.accept, accept),
        hasBody ? header(staticName.contentType, 'application/json') : none,
      ]);
      this.#blocks.set(key, block);
    }
    return block;
  }

  #sendWaiting() {
    while (this.#waiting.length > 0 && this.#waiting[0].bytes.length <= this.#window) {
      const { stream, bytes } = this.#waiting.shift();
      this.#window -= bytes.length;
      this.#send(frame(type.data, flag.endStream, stream, bytes));
    }
  }

  /** Sends what one turn has to say at once. */
  #send(bytes) {
    if (this.#outgoing.push(bytes) > 1) return;
    queueMicrotask(() => {
      const all = this.#outgoing;
      this.#outgoing = [];
      this.#socket.write(all.length === 1 ? all[0] : Buffer.concat(all));
    });
  }

  #take(chunk) {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= frameHeader) {
      const end = at + frameHeader + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#frame(
        bytes[at + 3],
        bytes[at + 4],
        bytes.readUInt32BE(at + 5),
        bytes.subarray(at + frameHeader, end),
      );
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }

  #frame(of, flags, stream, payload) {
    if (of === type.data || of === type.headers) {
      if (flags & (flag.padded | flag.priority)) throw new Error('padding and priorities are not known here');
      if (of === type.data) this.#open(payload.length);
      const request = this.#requests.get(stream);
      if (!request) return;
      if (of === type.headers && !request.status) {
        request.status = statusOf(payload);
        request.onStatus?.(request.status);
      } else if (of === type.data) {
        request.bytes += payload.length;
        request.onData?.(payload);
      }
      if (flags & flag.endStream) this.#end(stream, undefined);
    } else if (of === type.settings && !(flags & flag.ack))
      this.#send(frame(type.settings, flag.ack, 0, none));
    else if (of === type.ping && !(flags & flag.ack)) this.#send(frame(type.ping, flag.ack, 0, payload));
    else if (of === type.windowUpdate && stream === 0) {
      this.#window += payload.readUInt32BE(0);
      this.#sendWaiting();
    } else if (of === type.reset)
      this.#end(stream, new Error(`the stream was reset: ${payload.readUInt32BE(0)}`));
    else if (of === type.goAway) this.#fail(new Error('the server goes away'));
  }

  /** Gives the server back what it may send on the connection; streams are wide enough for ever. */
  #open(bytes) {
    this.#received += bytes;
    if (this.#received < largestWindow / 2) return;
    this.#send(frame(type.windowUpdate, 0, 0, uint32(this.#received)));
    this.#received = 0;
  }

  #end(stream, error) {
    const request = this.#requests.get(stream);
    if (!request) return;
    this.#requests.delete(stream);
    request.done(error, request.status, request.bytes);
  }

  #fail(error) {
    for (const stream of [...this.#requests.keys()]) this.#end(stream, error);
  }
}
