import { type Duplex, pipeline } from 'node:stream';
import { createWebSocketStream, type WebSocket } from 'ws';
import { SpdyConnection } from '../../machinery/spdy/connection.ts';
import type { SpdyStream } from '../../machinery/spdy/stream.ts';
import type { Clock } from '../../platform/clock.ts';
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
  await serveChannels(await acceptWebSocket(upgrade, { protocol: plain ?? '' }), session, ports);
}

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
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
      const { streamtype, port = '', requestid = '' } = headers;
      if (streamtype !== 'data' && streamtype !== 'error') return false;
      // Clients without request ids open the error stream first, the data stream right after it.
      const key = requestid || String(streamtype === 'data' ? stream.id - 2 : stream.id);
      const pair = pairs.get(key) ?? {};
      pair[streamtype] = stream;
      pairs.set(key, pair);
      const late = clock.after(pairTimeoutMs, () => {
        if (pairs.delete(key)) stream.destroy();
      });
      if (!pair.data || !pair.error) return true;
      late.cancel();
      pairs.delete(key);
      void serveConnection(session, Number(port), { data: pair.data, error: pair.error }, name);
      return true;
    },
  });
  void session.closed.then(() => connection.close());
  await connection.closed;
  session.close();
}

async function serveConnection(
  session: PortForwardSession,
  port: number,
  { data, error }: Required<Pair>,
  name: string,
): Promise<void> {
  const tell = (why: string) => error.end(`error forwarding port ${port} to pod ${name}: ${why}`);
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
  }
}

/** Copies both ways, each direction to its own end. */
function joinStreams(a: Duplex, b: Duplex): void {
  pipeline(a, b, (error) => error && b.destroy());
  pipeline(b, a, (error) => error && a.destroy());
}

/** For each port two channels, data then errors, which begin with the port's number. */
async function serveChannels(
  webSocket: WebSocket,
  session: PortForwardSession,
  ports: number[],
): Promise<void> {
  const ends: (Duplex | undefined)[] = [];
  webSocket.on('message', (message: Buffer) => {
    const end = ends[(message[0] ?? 0) / 2];
    end?.write(message.subarray(1));
  });
  const send = (number: number, bytes: Buffer, done: () => void) =>
    sendTo(webSocket, Buffer.concat([Buffer.of(number), bytes]), done);
  for (const [i, port] of ports.entries()) {
    const label = Buffer.from([port & 0xff, port >> 8]);
    for (const number of [2 * i, 2 * i + 1]) send(number, label, () => {});
    try {
      const { data } = await session.connect(port);
      ends[i] = data;
      data.on('data', (bytes: Buffer) => {
        data.pause();
        send(2 * i, bytes, () => data.resume());
      });
      data.on('error', (error) => send(2 * i + 1, Buffer.from(error.message), () => {}));
    } catch (error) {
      send(2 * i + 1, Buffer.from((error as Error).message), () => {});
    }
  }
  await new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  session.close();
}
