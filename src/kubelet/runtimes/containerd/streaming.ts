import type { Duplex } from 'node:stream';
import { SpdyConnection } from '../../../machinery/spdy/connection.ts';
import type { SpdyStream } from '../../../machinery/spdy/stream.ts';
import { dialUpgrade } from '../../../platform/upgrade.ts';
import { RuntimeError } from '../runtime-error.ts';
import type {
  PortForwardConnection,
  PortForwardSession,
  StreamEnd,
  StreamOptions,
  StreamSession,
  TerminalSize,
} from '../runtime.ts';

/** How to reach the runtime's streaming server where it is not on this process's own loopback. */
export type StreamConnect = (url: URL) => Duplex;

const dialTimeoutMs = 10_000;

async function dial(url: string, protocol: string, connect?: StreamConnect): Promise<SpdyConnection> {
  try {
    const { socket, headers } = await dialUpgrade({
      url,
      method: 'POST',
      headers: { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': protocol },
      timeoutMs: dialTimeoutMs,
      ...(connect && { connect: () => connect(new URL(url)) }),
    });
    const agreed = headers['x-stream-protocol-version'];
    if (agreed === protocol) return new SpdyConnection(socket, { role: 'client' });
    socket.destroy();
    throw new RuntimeError('Unimplemented', `the runtime speaks ${agreed}, not ${protocol}`);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw new RuntimeError('Unavailable', `cannot open a stream to the runtime: ${(error as Error).message}`);
  }
}

/** What a stream gives, when its sender has ended it. */
function textOf(stream: SpdyStream): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => stream.on('end', () => resolve(Buffer.concat(chunks).toString())));
}

/** Reads the `metav1.Status` that the error stream of the fourth protocol version carries. */
export function parseStreamEnd(text: string): StreamEnd {
  if (text === '') return { error: 'the connection to the runtime was lost' };
  try {
    const status = JSON.parse(text);
    if (status.status === 'Success') return { exitCode: 0 };
    const causes: { reason?: string; message?: string }[] = status.details?.causes ?? [];
    const code = causes.find((cause) => cause.reason === 'ExitCode')?.message;
    if (status.reason === 'NonZeroExitCode' && code !== undefined) return { exitCode: Number(code) };
    return { error: status.message ?? text };
  } catch {
    return { error: text };
  }
}

/** Joins the streams of a command for which the runtime gave `url`. */
export async function openCommandStreams(
  url: string,
  wanted: StreamOptions,
  connect?: StreamConnect,
): Promise<StreamSession> {
  const connection = await dial(url, 'v4.channel.k8s.io', connect);
  const open = (streamType: string) => connection.openStream({ streamType });
  const failure = open('error');
  failure.end();
  const resizes = wanted.tty ? open('resize') : undefined;
  const stdin = wanted.stdin ? open('stdin') : undefined;
  const stdout = wanted.stdout ? open('stdout') : undefined;
  const stderr = wanted.stderr && !wanted.tty ? open('stderr') : undefined;
  for (const output of [stdout, stderr]) output?.end();
  // Input is never read from; a readable side that is not drained would never end.
  for (const input of [stdin, resizes]) input?.resume();
  const ended = textOf(failure).then((text) => {
    connection.close();
    return parseStreamEnd(text);
  });
  const resize = ({ width, height }: TerminalSize) =>
    void resizes?.write(`${JSON.stringify({ Width: width, Height: height })}\n`);
  return { stdin, stdout, stderr, resize, ended, close: () => connection.close() };
}

/** Opens connections to the ports of the pod for which the runtime gave `url`. */
export async function openPortForward(url: string, connect?: StreamConnect): Promise<PortForwardSession> {
  const connection = await dial(url, 'portforward.k8s.io', connect);
  let requests = 0;
  const toPort = async (port: number): Promise<PortForwardConnection> => {
    const headers = { port: String(port), requestID: String(requests++) };
    const failure = connection.openStream({ streamType: 'error', ...headers });
    failure.end();
    const error = textOf(failure).then((text) => text || undefined);
    const data = connection.openStream({ streamType: 'data', ...headers });
    await data.replied.catch((cause: Error) => {
      throw new RuntimeError('Unavailable', `cannot reach port ${port}: ${cause.message}`);
    });
    return { data, error };
  };
  return { connect: toPort, closed: connection.closed.then(() => {}), close: () => connection.close() };
}
