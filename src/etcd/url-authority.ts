/**
 * etcdctl of etcd 3.4, given an endpoint as a URL, makes all of it the `:authority` of some calls (`endpoint status`, `defrag`, …). That
 * is no authority (RFC 9113, 8.3.1), and Node's HTTP/2 refuses the call before anybody sees it. So the first request of a
 * connection is read here, and such a URL replaced, before Node gets the connection.
 */
import type { Duplex } from 'node:stream';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const frameHeadBytes = 9;
const settings = 4;
const windowUpdate = 8;
const headers = 1;
const ack = 0x1;
const endsHeaders = 0x4;
const isPadded = 0x8;
const hasPriority = 0x20;

/** More than clients may send before they know the settings, which are a window of 64 KiB and what stands around it. */
const mostBytes = 128 * 1024;

/** Nobody here looks at the authority. */
const replacement = Buffer.from('localhost');

/** `http://` and `https://` in the code of RFC 7541, appendix B. */
const huffmanCoded = [
  '10011101001010011010111011100011000011000',
  '1001110100101001101011010001011100011000011000',
];

/**
 * Gives a connection back once its first request is known, all that it has read before put back into it. A client may wait for the settings of
 * a server before it asks: it gets them here, and its acknowledgement is taken out, since Node waits for one of its own. Where too much comes
 * before that, the connection is ended, and the promise stays open.
 */
export function withoutUrlAuthority(connection: Duplex): Promise<Duplex> {
  let read = Buffer.alloc(0);
  let scanned = preface.length;
  let request: Frame | undefined;
  let acknowledgement: Frame | undefined;
  let isGreeted = false;
  return new Promise((resolve) => {
    const onData = (more: Buffer) => {
      read = Buffer.concat([read, more]);
      for (let next = frameAt(read, scanned); next; next = frameAt(read, scanned)) {
        scanned = next.end;
        if (next.type === settings && next.flags & ack) acknowledgement ??= next;
        else if (next.type !== settings && next.type !== windowUpdate) request ??= next;
      }
      if (request && (!isGreeted || acknowledgement)) {
        connection.off('data', onData);
        connection.pause();
        connection.unshift(rewritten(read, request, acknowledgement));
        resolve(connection);
      } else if (read.length > mostBytes) {
        connection.destroy();
      } else if (!isGreeted && read.length >= preface.length) {
        isGreeted = true;
        connection.write(frame(settings, Buffer.alloc(0)));
      }
    };
    connection.on('data', onData);
    connection.resume();
  });
}

interface Frame {
  type: number;
  flags: number;
  start: number;
  end: number;
}

/** The frame that starts here, once all of it has come. */
function frameAt(read: Buffer, start: number): Frame | undefined {
  if (start + frameHeadBytes > read.length) return undefined;
  const end = start + frameHeadBytes + read.readUIntBE(start, 3);
  if (end > read.length) return undefined;
  return { type: read.readUInt8(start + 3), flags: read.readUInt8(start + 4), start, end };
}

/** All that was read, with another request and without the acknowledgement. */
function rewritten(read: Buffer, request: Frame, acknowledgement: Frame | undefined): Buffer {
  const parts = [request, ...(acknowledgement ? [acknowledgement] : [])].sort((a, b) => a.start - b.start);
  const out: Buffer[] = [];
  let at = 0;
  for (const part of parts) {
    out.push(read.subarray(at, part.start));
    if (part === request) out.push(requestFrame(read, request));
    at = part.end;
  }
  return Buffer.concat([...out, read.subarray(at)]);
}

function requestFrame(read: Buffer, { type, flags, start, end }: Frame): Buffer {
  const whole = read.subarray(start, end);
  if (type !== headers || !(flags & endsHeaders) || flags & isPadded) return whole;
  const from = frameHeadBytes + (flags & hasPriority ? 5 : 0);
  const block = withoutUrl(whole.subarray(from));
  if (!block) return whole;
  const head = frame(type, Buffer.concat([whole.subarray(frameHeadBytes, from), block]));
  whole.copy(head, 4, 4, frameHeadBytes);
  return head;
}

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  return Buffer.concat([head, payload]);
}

/** A header block (RFC 7541, 6) with another authority; undefined where its own can stay. */
function withoutUrl(block: Buffer): Buffer | undefined {
  let at = 0;
  const number = (prefixBits: number) => {
    const most = 2 ** prefixBits - 1;
    let value = block.readUInt8(at++) & most;
    if (value < most) return value;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = block.readUInt8(at++);
      value += (byte & 0x7f) * 2 ** shift;
      more = byte >= 0x80;
    }
    return value;
  };
  const text = () => {
    const isCoded = block.readUInt8(at) >= 0x80;
    const length = number(7);
    at += length;
    return { isCoded, bytes: block.subarray(at - length, at) };
  };
  try {
    while (at < block.length) {
      const first = block.readUInt8(at);
      const isIndexed = first >= 0x80;
      const isTableSize = first >= 0x20 && first < 0x40;
      const name = number(isIndexed ? 7 : first >= 0x40 ? 6 : isTableSize ? 5 : 4);
      if (isIndexed || isTableSize) continue;
      if (name === 0) text();
      const start = at;
      const value = text();
      if (name === authority && isUrl(value))
        return Buffer.concat([
          block.subarray(0, start),
          lengthOf(replacement),
          replacement,
          block.subarray(at),
        ]);
    }
  } catch {
    // Not a block at all: Node will say so.
  }
  return undefined;
}

/** Of `:authority` in the static table. */
const authority = 1;

const lengthOf = (text: Buffer) => Buffer.from([text.length]);

function isUrl({ isCoded, bytes }: { isCoded: boolean; bytes: Buffer }): boolean {
  if (!isCoded) return /^https?:\/\//.test(bytes.toString('latin1'));
  const bits = [...bytes.subarray(0, 6)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return huffmanCoded.some((start) => bits.startsWith(start));
}
