import { PassThrough, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { HttpUpgrade } from '../../platform/http.ts';
import type { StreamOptions, TerminalSize } from '../runtimes/runtime.ts';
import type { CommandClient } from './command-client.ts';
import { parseSize } from './spdy-command.ts';
import { refuse } from './spdy-upgrade.ts';
import { acceptWebSocket, offeredProtocols, sendTo } from './web-socket.ts';

/** Newest first. Those in base64 carry text only, for clients in browsers of old. */
const protocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
];

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const isBase64 = (protocol: string) => protocol.includes('base64');
const sendsStatus = (protocol: string) => protocol.startsWith('v');

/** Meets a client over a WebSocket: each message begins with the number of its stream. */
export async function webSocketCommandClient(
  upgrade: HttpUpgrade,
  wanted: StreamOptions,
): Promise<CommandClient | undefined> {
  const offered = offeredProtocols(upgrade);
  const protocol =
    protocols.find((name) => offered.includes(name)) ?? (offered.length === 0 ? '' : undefined);
  if (protocol === undefined) {
    refuse(upgrade, 403, `unable to upgrade: unable to negotiate protocol: ${protocols.join(', ')}`);
    return undefined;
  }
  const webSocket = await acceptWebSocket(upgrade, { protocol });
  return new WebSocketCommandClient(webSocket, wanted, protocol);
}

class WebSocketCommandClient implements CommandClient {
  readonly stdin: PassThrough | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly closed: Promise<void>;
  readonly #webSocket: WebSocket;
  readonly #protocol: string;
  #resize: ((size: TerminalSize) => void) | undefined;
  #pendingSize: TerminalSize | undefined;

  constructor(webSocket: WebSocket, wanted: StreamOptions, protocol: string) {
    this.#webSocket = webSocket;
    this.#protocol = protocol;
    this.stdin = wanted.stdin ? new PassThrough() : undefined;
    this.stdout = wanted.stdout ? this.#writer(channel.stdout) : undefined;
    this.stderr = wanted.stderr && !wanted.tty ? this.#writer(channel.stderr) : undefined;
    this.closed = new Promise((resolve) => webSocket.once('close', () => resolve()));
    webSocket.on('error', () => webSocket.terminate());
    webSocket.on('message', (data: Buffer) => this.#receive(data));
    webSocket.on('close', () => this.stdin?.end());
    // An empty message tells the client that the command is about to run.
    this.#send(wanted.stdout ? channel.stdout : channel.error, Buffer.alloc(0), () => {});
  }

  onResize(listener: (size: TerminalSize) => void): void {
    this.#resize = listener;
    if (this.#pendingSize) listener(this.#pendingSize);
  }

  async finish(status: Parameters<CommandClient['finish']>[0]): Promise<void> {
    const isOk = status.status === 'Success';
    const text = sendsStatus(this.#protocol) ? JSON.stringify(status) : isOk ? '' : (status.message ?? '');
    if (text !== '') this.#send(channel.error, Buffer.from(text), () => {});
    this.#webSocket.close(1000);
  }

  #writer(number: number): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#send(number, chunk, done),
    });
  }

  #send(number: number, bytes: Buffer, done: (error?: Error) => void): void {
    if (isBase64(this.#protocol)) sendTo(this.#webSocket, `${number}${bytes.toString('base64')}`, done);
    else sendTo(this.#webSocket, Buffer.concat([Buffer.of(number), bytes]), done);
  }

  #receive(message: Buffer): void {
    const base64 = isBase64(this.#protocol);
    const number = base64 ? Number(String.fromCharCode(message[0] ?? 0)) : message[0];
    const rest = message.subarray(1);
    const bytes = base64 ? Buffer.from(rest.toString('latin1'), 'base64') : rest;
    if (number === channel.stdin) this.#input(bytes);
    else if (number === channel.resize) this.#size(bytes.toString('utf8'));
    else if (number === channel.close && this.#protocol.startsWith('v5') && bytes[0] === channel.stdin)
      this.stdin?.end();
  }

  /** A command that does not read holds its client back. */
  #input(bytes: Buffer): void {
    if (!this.stdin || this.stdin.writableEnded || bytes.length === 0) return;
    if (this.stdin.write(bytes)) return;
    this.#webSocket.pause();
    this.stdin.once('drain', () => this.#webSocket.resume());
  }

  #size(text: string): void {
    const size = parseSize(text);
    if (!size) return;
    if (this.#resize) this.#resize(size);
    else this.#pendingSize = size;
  }
}
