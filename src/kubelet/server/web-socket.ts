import type { IncomingMessage } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { HttpUpgrade } from '../../platform/http.ts';

const largestMessage = 16 * 2 ** 20;

export interface AcceptOptions {
  /** The sub-protocol to answer with; empty for none. */
  protocol: string;
}

/**
 * Turns the connection into a WebSocket. The library refuses sub-protocols with a slash in their name, such as
 * `SPDY/3.1+portforward.k8s.io`, so the header is kept from it and answered here.
 */
export function acceptWebSocket(
  { request, socket, head }: HttpUpgrade,
  { protocol }: AcceptOptions,
): Promise<WebSocket> {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: largestMessage,
  });
  const { 'sec-websocket-protocol': _, ...headers } = request.headers;
  server.on('headers', (lines: string[]) => {
    if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  });
  const message = { method: request.method, url: request.target, headers } as unknown as IncomingMessage;
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('the connection closed before it became a WebSocket')));
    server.handleUpgrade(message, socket, Buffer.from(head), (webSocket) => resolve(webSocket));
  });
}

/** The sub-protocols that the client offers. */
export function offeredProtocols({ request }: HttpUpgrade): string[] {
  const header = request.headers['sec-websocket-protocol'];
  return [header ?? []].flat().flatMap((list) => list.split(',').map((name) => name.trim()));
}

/** How many bytes may wait on a socket before its writers have to. */
const highWaterBytes = 256 * 1024;

/** Sends; calls back when there is room for more. */
export function sendTo(webSocket: WebSocket, bytes: Buffer | string, done: (error?: Error) => void): void {
  if (webSocket.readyState !== webSocket.OPEN) return done();
  if (webSocket.bufferedAmount < highWaterBytes) {
    webSocket.send(bytes);
    return done();
  }
  webSocket.send(bytes, () => done());
}
