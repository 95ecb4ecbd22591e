import type { Duplex } from 'node:stream';

/** What a server said first on a connection. */
export interface FirstAnswer {
  status: number;
  /** All that has come so far: status line, headers, and what follows them already. */
  bytes: Buffer;
  /** Where in `bytes` the body begins. */
  bodyAt: number;
}

const headBytes = 64 * 1024;
const blank = '\r\n\r\n';

/** Waits for the head of an HTTP/1.1 answer and leaves the rest unread. Rejects where none comes. */
export function firstAnswer(socket: Duplex): Promise<FirstAnswer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (done: () => void) => {
      socket.off('data', take).off('error', fail).off('close', lost);
      done();
    };
    const fail = (error: Error) => settle(() => reject(error));
    const lost = () => fail(new Error('unexpected EOF'));
    const take = (chunk: Buffer) => {
      bytes = bytes.length > 0 ? Buffer.concat([bytes, chunk]) : chunk;
      const end = bytes.indexOf(blank);
      if (end < 0) return bytes.length > headBytes ? fail(new Error('malformed HTTP response')) : undefined;
      const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(bytes.toString('latin1', 0, 15))?.[1]);
      if (!status) return fail(new Error('malformed HTTP response'));
      socket.pause();
      settle(() => resolve({ status, bytes, bodyAt: end + blank.length }));
    };
    socket.on('data', take).on('error', fail).on('close', lost);
  });
}

/** The rest of an answer: as much as its length says, else all until the backend hangs up. The connection is over with it. */
export async function* bodyOf(socket: Duplex, { bytes, bodyAt }: FirstAnswer): AsyncGenerator<Buffer> {
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(bytes.toString('latin1', 0, bodyAt))?.[1];
  let left = length === undefined ? Number.POSITIVE_INFINITY : Number(length);
  try {
    const first = bytes.subarray(bodyAt);
    left -= first.length;
    if (first.length > 0) yield first;
    if (left <= 0) return;
    for await (const chunk of socket) {
      yield chunk as Buffer;
      left -= (chunk as Buffer).length;
      if (left <= 0) return;
    }
  } finally {
    socket.destroy();
  }
}

const bodyBytes = 64 * 1024;

/** The text of an answer that is an error; the connection is over with it. */
export async function errorText(socket: Duplex, answer: FirstAnswer): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(socket, answer)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= bodyBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, bodyBytes).trim();
}
