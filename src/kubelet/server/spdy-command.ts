import type { Readable, Writable } from 'node:stream';
import { SpdyConnection } from '../../machinery/spdy/connection.ts';
import type { SpdyStream } from '../../machinery/spdy/stream.ts';
import type { Clock } from '../../platform/clock.ts';
import { deferred } from '../../platform/deferred.ts';
import type { HttpUpgrade } from '../../platform/http.ts';
import type { StreamOptions, TerminalSize } from '../runtimes/runtime.ts';
import type { CommandClient } from './command-client.ts';
import { negotiate, refuse, switchToSpdy } from './spdy-upgrade.ts';

/** Newest first; the last is what a client without a word of its own gets. */
const protocols = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const streamsTimeoutMs = 30_000;

/** The streams that a client opens for what it asked. */
export function expectedStreams({ stdin, stdout, stderr, tty }: StreamOptions, protocol: string): string[] {
  const sizes = protocol === 'v4.channel.k8s.io' || protocol === 'v3.channel.k8s.io';
  return [
    'error',
    ...(stdin ? ['stdin'] : []),
    ...(stdout ? ['stdout'] : []),
    ...(stderr && !tty ? ['stderr'] : []),
    ...(tty && sizes ? ['resize'] : []),
  ];
}

/** Meets a client over SPDY. Undefined, and the client has been told, where that does not work out. */
export async function spdyCommandClient(
  upgrade: HttpUpgrade,
  wanted: StreamOptions,
  clock: Clock,
): Promise<CommandClient | undefined> {
  const protocol = negotiate(upgrade.request.headers['x-stream-protocol-version'], protocols);
  if (!protocol) {
    refuse(upgrade, 403, `unable to upgrade: unable to negotiate protocol: ${protocols.join(', ')}`);
    return undefined;
  }
  switchToSpdy(upgrade, protocol);
  const expected = expectedStreams(wanted, protocol);
  const streams = new Map<string, SpdyStream>();
  const complete = deferred();
  const connection = new SpdyConnection(upgrade.socket, {
    role: 'server',
    onStream: (stream, headers) => {
      const type = headers.streamtype ?? '';
      if (!expected.includes(type) || streams.has(type)) return false;
      streams.set(type, stream);
      if (streams.size === expected.length) complete.resolve();
      return true;
    },
  });
  const closed = connection.closed.then(() => {});
  const late = clock.after(streamsTimeoutMs, () => connection.close());
  await Promise.race([complete.promise, closed]);
  late.cancel();
  if (streams.size < expected.length) return undefined;
  return new SpdyCommandClient({ connection, streams, closed, protocol });
}

interface Parts {
  connection: SpdyConnection;
  streams: ReadonlyMap<string, SpdyStream>;
  closed: Promise<void>;
  protocol: string;
}

class SpdyCommandClient implements CommandClient {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly closed: Promise<void>;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.stdin = parts.streams.get('stdin');
    this.stdout = parts.streams.get('stdout');
    this.stderr = parts.streams.get('stderr');
    this.closed = parts.closed;
  }

  onResize(listener: (size: TerminalSize) => void): void {
    const stream = this.#parts.streams.get('resize');
    if (stream) readSizes(stream, listener);
  }

  async finish(status: Parameters<CommandClient['finish']>[0]): Promise<void> {
    const { streams, connection, protocol } = this.#parts;
    const isOk = status.status === 'Success';
    const text =
      protocol === 'v4.channel.k8s.io' ? JSON.stringify(status) : isOk ? '' : (status.message ?? '');
    for (const type of ['stdout', 'stderr']) streams.get(type)?.end();
    const error = streams.get('error');
    await new Promise<void>((resolve) => {
      if (error) error.end(text, resolve);
      else resolve();
      void this.closed.then(resolve);
    });
    connection.close();
  }
}

/** No size is as long as this. */
const longestSize = 1024;

/** Sizes come as JSON texts, one after the other. */
export function readSizes(stream: Readable, listener: (size: TerminalSize) => void): void {
  let text = '';
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
      const size = parseSize(text.slice(0, end + 1));
      text = text.slice(end + 1);
      if (size) listener(size);
    }
    if (text.length > longestSize) text = '';
  });
}

/** A size as clients send it; undefined where it is none. */
export function parseSize(text: string): TerminalSize | undefined {
  try {
    const { Width: width, Height: height } = JSON.parse(text) as { Width?: number; Height?: number };
    return Number.isInteger(width) && Number.isInteger(height)
      ? { width: width as number, height: height as number }
      : undefined;
  } catch {
    return undefined;
  }
}
