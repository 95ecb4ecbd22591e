import type { HttpUpgrade } from '../../platform/http.ts';
import { finish } from '../../platform/join-streams.ts';

/** The protocol that client and server both know; undefined where there is none. Older clients name none at all. */
export function negotiate(
  offered: string | string[] | undefined,
  known: readonly string[],
): string | undefined {
  const names = [offered ?? []].flat().flatMap((list) => list.split(',').map((name) => name.trim()));
  if (names.length === 0) return known.at(-1);
  return known.find((name) => names.includes(name));
}

/** Whether the request asks for SPDY. */
export function wantsSpdy({ request }: HttpUpgrade): boolean {
  return String(request.headers.upgrade ?? '')
    .toLowerCase()
    .startsWith('spdy/3.1');
}

/** Whether the request asks for a WebSocket. */
export function wantsWebSocket({ request }: HttpUpgrade): boolean {
  return String(request.headers.upgrade ?? '').toLowerCase() === 'websocket';
}

/** Takes the connection out of HTTP; what the client sent with its request comes first. */
export function switchToSpdy({ socket, head }: HttpUpgrade, protocol: string): void {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${protocol}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) socket.unshift(head);
}

/** Answers in plain HTTP and hangs up. */
export function refuse({ socket }: HttpUpgrade, status: number, words: string, headers: string[] = []): void {
  const body = `${words}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${status === 403 ? 'Forbidden' : 'Error'}`,
    ...headers,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  finish(socket);
}
