import { Writable } from 'node:stream';
import type { HttpUpgrade } from '../../platform/http.ts';
import { refuse } from './spdy-upgrade.ts';
import { acceptWebSocket, offeredProtocols, sendTo } from './web-socket.ts';

const protocols = ['binary.k8s.io', 'base64.binary.k8s.io', ''];

export interface WebSocketOutput {
  output: Writable;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
  finish(): void;
}

/** A WebSocket that only sends: plain bytes in messages, as they come. */
export async function webSocketOutput(upgrade: HttpUpgrade): Promise<WebSocketOutput | undefined> {
  const offered = offeredProtocols(upgrade);
  const protocol = offered.length === 0 ? '' : protocols.find((name) => offered.includes(name));
  if (protocol === undefined) {
    refuse(upgrade, 403, `unable to upgrade: unable to negotiate protocol: ${protocols.join(', ')}`);
    return undefined;
  }
  const webSocket = await acceptWebSocket(upgrade, { protocol });
  const gone = new AbortController();
  webSocket.on('close', () => gone.abort());
  webSocket.on('error', () => webSocket.terminate());
  const encode = (bytes: Buffer) => (protocol.startsWith('base64') ? bytes.toString('base64') : bytes);
  const output = new Writable({ write: (chunk: Buffer, _, done) => sendTo(webSocket, encode(chunk), done) });
  return { output, signal: gone.signal, finish: () => output.end(() => webSocket.close(1000)) };
}
