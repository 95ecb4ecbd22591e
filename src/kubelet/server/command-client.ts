import type { Readable, Writable } from 'node:stream';
import type { Status } from '../../api/meta/v1.ts';
import type { StreamEnd, StreamSession, TerminalSize } from '../runtimes/runtime.ts';

/** The far end of an exec or attach: the client's streams, whatever wire they come by. */
export interface CommandClient {
  stdin?: Readable;
  stdout?: Writable;
  stderr?: Writable;
  onResize(listener: (size: TerminalSize) => void): void;
  /** Tells how it ended and hangs up, once what was written is on its way. */
  finish(status: Status): Promise<void>;
  /** Resolves when the client has gone. */
  closed: Promise<void>;
}

/** Joins a command with its client until one of them is over. */
export async function serveCommand(session: StreamSession, client: CommandClient): Promise<void> {
  client.onResize((size) => session.resize(size));
  void client.closed.then(() => session.close());
  if (client.stdin && session.stdin) forward(client.stdin, session.stdin);
  const outputs = [copy(session.stdout, client.stdout), copy(session.stderr, client.stderr)];
  const end = await session.ended;
  await Promise.race([Promise.all(outputs), client.closed]);
  await client.finish(statusOf(end));
}

/** Input is passed on as long as anybody takes it; its end is the command's end of file. */
function forward(from: Readable, to: Writable): void {
  from.on('error', () => to.end());
  to.on('error', () => from.resume());
  from.pipe(to);
}

/** Resolves when all has been written, not only read: what the client is slow to take waits in between. */
function copy(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (!from) return Promise.resolve();
  if (!to) {
    from.resume();
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const over = () => to.end();
    from.once('end', over);
    from.once('close', over);
    from.once('error', over);
    to.once('finish', resolve);
    to.once('close', resolve);
    to.once('error', () => {
      from.unpipe(to);
      from.resume();
      resolve();
    });
    from.pipe(to, { end: false });
  });
}

/** How the end of a command is told to clients, in the shape that they take apart. */
export function statusOf(end: StreamEnd): Status {
  if (end.error !== undefined) return failure(end.error);
  if (end.exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${end.exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(end.exitCode) }] },
  };
}

const internal = 'Internal error occurred: ';

/** A command that could not be run, or was lost. */
export function failure(message: string): Status {
  const said = message.startsWith(internal) ? message : `${internal}${message}`;
  return {
    metadata: {},
    status: 'Failure',
    message: said,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  };
}
