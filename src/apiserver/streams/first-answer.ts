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

const bodyBytes = 64 * 1024;

/** The text of an answer that is an error; the connection is over with it. */
export async function errorText(socket: Duplex, { bytes, bodyAt }: FirstAnswer): Promise<string> {
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(bytes.toString('latin1', 0, bodyAt))?.[1];
  const wanted = Math.min(length === undefined ? bodyBytes : Number(length), bodyBytes);
  const chunks = [bytes.subarray(bodyAt)];
  let size = bytes.length - bodyAt;
  if (size < wanted) {
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= wanted) break;
    }
  }
  socket.destroy();
  return Buffer.concat(chunks).toString('utf8', 0, wanted).trim();
}
