import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { readStart } from './http-body.ts';

export interface UpgradeRequest {
  /** An http URL. */
  url: string;
  method: string;
  /** Without `Connection`; `Upgrade` names the protocol. */
  headers: Record<string, string>;
  timeoutMs: number;
  /** A connection to the server to use instead of one made by the URL. */
  connect?(): Duplex;
}

/** A connection that the server has taken out of HTTP. What the server does not take any more is dropped; reading tells of the end. */
export interface UpgradedConnection {
  socket: Duplex;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
}

/** The server answered an upgrade in plain HTTP. */
export class UpgradeRefused extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, body: string) {
    super(`the server answered ${statusCode} instead of switching protocols: ${body.trim().slice(0, 1000)}`);
    this.name = 'UpgradeRefused';
    this.statusCode = statusCode;
  }
}

/** Of the body of a refusal; more is not told to anybody. */
const refusalBytes = 4096;

/**
 * Lets a socket be read to its end though nobody takes any more what is written. Go's servers hang up with their last words, over
 * input that they have not read; the write that meets this would otherwise destroy the socket, with the words unread in it.
 */
function readOnWhenWritesFail(socket: Duplex): void {
  const write = socket._write;
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, () => done());
  const writeMany = socket._writev;
  if (writeMany) socket._writev = (chunks, done) => writeMany.call(socket, chunks, () => done());
}

/** Asks a server to switch protocols. Rejects with `UpgradeRefused` when it does not. */
export function dialUpgrade(ask: UpgradeRequest): Promise<UpgradedConnection> {
  return new Promise((resolve, reject) => {
    const headers = { ...ask.headers, Connection: 'Upgrade' };
    const { method, timeoutMs, connect } = ask;
    const outgoing = request(ask.url, { method, headers, ...(connect && { createConnection: connect }) });
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    outgoing.on('error', fail);
    outgoing.on('response', (message) => {
      readStart(message, refusalBytes).then(
        (text) => fail(new UpgradeRefused(message.statusCode ?? 0, text)),
        fail,
      );
    });
    outgoing.on('upgrade', (message, socket, head) => {
      clearTimeout(timer);
      if ('setNoDelay' in socket) (socket as import('node:net').Socket).setNoDelay(true);
      if (head.length > 0) socket.unshift(head);
      readOnWhenWritesFail(socket);
      resolve({ socket, headers: message.headers });
    });
    outgoing.end();
  });
}
