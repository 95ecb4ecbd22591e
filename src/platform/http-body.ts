import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BodyTooLarge } from './http.ts';

/** Reads a stream to its end, up to a limit; past that the rest is let go by unread. */
export function readBody(stream: Readable, limitBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let ended = false;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else reject(new BodyTooLarge(limitBytes));
    });
    stream.on('end', () => {
      ended = true;
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (!ended) reject(new Error('the connection broke off before the body was complete'));
    });
  });
}

/** The beginning of a body, as text; the rest is hung up on. */
export function readStart(stream: Readable, limitBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = () => resolve(Buffer.concat(chunks).subarray(0, limitBytes).toString('utf8'));
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size < limitBytes) return;
      finish();
      stream.destroy();
    });
    stream.on('end', finish);
    stream.on('error', reject);
    stream.on('close', () => reject(new Error('the connection broke off before the body was complete')));
  });
}

/** Resolves when a stream has taken all that was written to it, or is gone. */
export function drainOf(stream: Writable): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

/** Sends one stream through another to the end. Where either breaks off, both are; that is no error to the caller. */
export async function pipeTo(source: Readable, sink: Writable): Promise<void> {
  await pipeline(source, sink).catch(() => {});
}
