import { type Duplex, pipeline } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';
import { SpdyConnection } from '../../machinery/spdy/connection.ts';
import type { SpdyStream } from '../../machinery/spdy/stream.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { HttpUpgrade } from '../../platform/http.ts';
import type { PortForwardSession } from '../runtimes/runtime.ts';
import { negotiate, refuse, switchToSpdy } from './spdy-upgrade.ts';
import { acceptWebSocket, offeredProtocols, sendTo } from './web-socket.ts';

const protocol = 'portforward.k8s.io';
const tunnelled = 'SPDY/3.1+portforward.k8s.io';
/** Both streams of a connection must come within this time. */
const pairTimeoutMs = 30_000;

export interface PortForward {
  upgrade: HttpUpgrade;
  clock: Clock;
  /** Opens the way into the pod; what it rejects with is for the client. */
  open(): Promise<PortForwardSession>;
  /** The pod, for messages. */
  name: string;
}

/** Serves port-forwarding over SPDY until the client hangs up. */
export async function forwardOverSpdy(forward: PortForward): Promise<void> {
  const { upgrade } = forward;
  const chosen = negotiate(upgrade.request.headers['x-stream-protocol-version'], [protocol]);
  if (!chosen) return refuse(upgrade, 403, `unable to upgrade: unable to negotiate protocol: ${protocol}`);
  const session = await forward.open();
  switchToSpdy(upgrade, chosen);
  await serveStreams(upgrade.socket, session, forward);
}

/** Serves port-forwarding over a WebSocket: SPDY inside it, or the plain channels of old. */
export async function forwardOverWebSocket(forward: PortForward, ports: number[]): Promise<void> {
  const { upgrade } = forward;
  const offered = offeredProtocols(upgrade);
  if (offered.includes(tunnelled)) {
    const session = await forward.open();
    const webSocket = await acceptWebSocket(upgrade, { protocol: tunnelled });
    return serveStreams(createWebSocketStream(webSocket), session, forward);
  }
  const plain = ['v4.channel.k8s.io', 'portforward.k8s.io'].find((name) => offered.includes(name));
  if (plain === undefined && offered.length > 0)
    return refuse(upgrade, 403, 'unable to upgrade: unable to negotiate protocol');
  if (ports.length === 0) return refuse(upgrade, 400, 'query parameter "port" is required');
  const session = await forward.open();
  const webSocket = await acceptWebSocket(upgrade, { protocol: plain ?? '' });
  await serveChannels(webSocket, session, { ports, name: forward.name });
}

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  /** Gives up on the one that does not come. */
  late?: Timer;
}

/** A port as clients name it; undefined where it is none. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port > 0 && port < 65_536 ? port : undefined;
}

async function serveStreams(
  socket: Duplex,
  session: PortForwardSession,
  { clock, name }: PortForward,
): Promise<void> {
  const pairs = new Map<string, Pair>();
  const connection = new SpdyConnection(socket, {
    role: 'server',
    onStream: (stream, headers) => {
      const { streamtype, requestid = '' } = headers;
      const port = parsePort(headers.port ?? '');
      if (!port || (streamtype !== 'data' && streamtype !== 'error')) return false;
      // Clients without request ids open the error stream first, the data stream right after it.
      const key = requestid || String(streamtype === 'data' ? stream.id - 2 : stream.id);
      const pair = pairs.get(key) ?? {};
      if (pair[streamtype]) return false;
      pair[streamtype] = stream;
      pairs.set(key, pair);
      pair.late ??= clock.after(pairTimeoutMs, () => {
        if (pairs.delete(key)) stream.destroy();
      });
      const { data, error } = pair;
      if (!data || !error) return true;
      pair.late.cancel();
      pairs.delete(key);
      void serveConnection(session, port, { data, error }, name);
      return true;
    },
  });
  void session.closed.then(() => connection.close());
  await connection.closed;
  for (const { late } of pairs.values()) late?.cancel();
  session.close();
}

const complaint = 'error forwarding port ';

/** Why a connection failed, in the words of upstream; runtimes that stream themselves have said it like that already. */
function whyNot(port: number, name: string, why: string): string {
  return why.startsWith(complaint) ? why : `${complaint}${port} to pod ${name}, uid : ${why}`;
}

async function serveConnection(
  session: PortForwardSession,
  port: number,
  { data, error }: { data: SpdyStream; error: SpdyStream },
  name: string,
): Promise<void> {
  const tell = (why: string) => error.end(whyNot(port, name, why));
  error.resume();
  try {
    const connection = await session.connect(port);
    joinStreams(data, connection.data);
    const why = await connection.error;
    if (why) tell(why);
    else error.end();
  } catch (failed) {
    tell((failed as Error).message);
    data.end();
    // What the client still sends must not stand in the way of its other connections.
    data.resume();
  }
}

/** Copies both ways, each direction to its own end. */
function joinStreams(a: Duplex, b: Duplex): void {
  pipeline(a, b, (error) => error && b.destroy());
  pipeline(b, a, (error) => error && a.destroy());
}

/** For each port two channels, data then errors, which begin with the port's number; over once all ports are. */
async function serveChannels(
  webSocket: WebSocket,
  session: PortForwardSession,
  { ports, name }: { ports: number[]; name: string },
): Promise<void> {
  const gone = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  const ends: (Duplex | undefined)[] = [];
  webSocket.on('error', () => webSocket.terminate());
  webSocket.on('message', (message: Buffer) => {
    const number = message[0] ?? 1;
    const end = number % 2 === 0 ? ends[number / 2] : undefined;
    if (!end?.writable || end.write(message.subarray(1))) return;
    // A port that does not read holds its client back.
    webSocket.pause();
    const resume = () => webSocket.resume();
    end.once('drain', resume).once('close', resume);
  });
  const send = (number: number, bytes: Buffer, done: () => void) =>
    sendTo(webSocket, Buffer.concat([Buffer.of(number), bytes]), done);
  const channels = ports.map((port, i) => {
    const label = Buffer.from([port & 0xff, port >> 8]);
    for (const number of [2 * i, 2 * i + 1]) send(number, label, () => {});
    return servePort(session, port, {
      opened: (data) => {
        ends[i] = data;
      },
      data: (bytes, done) => send(2 * i, bytes, done),
      failed: (why) => send(2 * i + 1, Buffer.from(whyNot(port, name, why)), () => {}),
    });
  });
  await Promise.race([Promise.all(channels), gone]);
  webSocket.close(1000);
  session.close();
}

interface Channel {
  opened(data: Duplex): void;
  data(bytes: Buffer, done: () => void): void;
  failed(why: string): void;
}

/** One connection to a port, until it is over. */
async function servePort(session: PortForwardSession, port: number, channel: Channel): Promise<void> {
  try {
    const { data, error } = await session.connect(port);
    channel.opened(data);
    data.on('error', () => {});
    data.on('data', (bytes: Buffer) => {
      data.pause();
      channel.data(bytes, () => data.resume());
    });
    const read = new Promise((resolve) => data.once('end', resolve).once('close', resolve));
    const why = await error;
    await read;
    if (why) channel.failed(why);
  } catch (error) {
    channel.failed((error as Error).message);
  }
}
