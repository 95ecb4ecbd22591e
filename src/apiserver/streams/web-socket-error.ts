import { createHash } from 'node:crypto';
import { internalError } from '../../machinery/status-error.ts';
import type { HttpRequest, HttpUpgrade } from '../../platform/http.ts';
import { finish } from '../../platform/join-streams.ts';

const protocol = 'v5.channel.k8s.io';
const errorChannel = 3;
/** Of RFC 6455, section 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const frame = { binary: 0x82, close: 0x88 } as const;
const normalClosure = 1000;

/**
 * Whether a client speaks the version of the command protocol in which it expects to hear on the stream for errors why a
 * command could not be begun. Clients of other versions get the kubelet's answer as it is.
 */
export function canTellErrors({ headers }: Pick<HttpRequest, 'headers'>): boolean {
  const offered = [headers['sec-websocket-protocol'] ?? []].flat().join(',').split(',');
  return (
    String(headers.upgrade ?? '').toLowerCase() === 'websocket' &&
    headers['sec-websocket-key'] !== undefined &&
    offered.some((name) => name.trim() === protocol)
  );
}

/** Takes up a WebSocket only to say on its stream for errors what went wrong, and to close it. */
export function tellError({ request, socket }: HttpUpgrade, why: string): void {
  const key = `${[request.headers['sec-websocket-key']].flat()[0]}${acceptSuffix}`;
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
  ];
  const status = JSON.stringify({ metadata: {}, ...internalError(why).status });
  const message = Buffer.concat([Buffer.of(errorChannel), Buffer.from(status)]);
  const code = Buffer.alloc(2);
  code.writeUInt16BE(normalClosure);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.write(Buffer.concat([framed(frame.binary, message), framed(frame.close, code)]));
  finish(socket);
}

/** One whole frame of a server, which does not mask. */
function framed(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.of(opcode, length), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = opcode;
  if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}
