import { PassThrough } from 'node:stream';
import { deferred } from '../../../platform/deferred.ts';
import type { StreamEnd, StreamOptions, StreamSession } from '../runtime.ts';
import { FileTree } from './file-tree.ts';
import { type ProgramContext, programOf } from './programs.ts';
import { onTerminal, typedLines } from './terminal.ts';
import type { SimulatedContainer, SimulatedWorld } from './world.ts';

/** The streams of a session that lasts until `end` is called, once, or it is closed. */
interface Session extends StreamSession {
  /** Aborted when it is over. */
  over: AbortSignal;
  stdin?: PassThrough;
  stdout?: PassThrough;
  stderr?: PassThrough;
  end(how: StreamEnd): void;
}

export function openSession(wanted: StreamOptions): Session {
  const over = deferred<StreamEnd>();
  const stdin = wanted.stdin ? new PassThrough() : undefined;
  const stdout = wanted.stdout ? new PassThrough() : undefined;
  const stderr = wanted.stderr && !wanted.tty ? new PassThrough() : undefined;
  const abort = new AbortController();
  const end = (how: StreamEnd) => {
    abort.abort();
    stdout?.end();
    stderr?.end();
    // Whoever still sends has nobody left who reads.
    stdin?.resume();
    over.resolve(how);
  };
  const close = () => {
    stdin?.destroy();
    end({ error: 'closed' });
  };
  return { stdin, stdout, stderr, resize() {}, ended: over.promise, over: abort.signal, close, end };
}

/** Runs one of the few programs that a simulated container has. */
export function runCommand(
  world: SimulatedWorld,
  c: SimulatedContainer,
  { command, wanted }: { command: string[]; wanted: StreamOptions },
): StreamSession {
  const [name = '', ...args] = command;
  const session = openSession(wanted);
  const program = programOf(name);
  if (!program) {
    session.end({ error: notFound(name) });
    return session;
  }
  const dies = () => session.end({ exitCode: 137 });
  c.onExit.add(dies);
  void program(args, contextOf(world, c, { session, wanted }))
    .then(
      (exitCode) => session.end({ exitCode }),
      (error: Error) => session.end({ error: error.message }),
    )
    .finally(() => c.onExit.delete(dies));
  return session;
}

function contextOf(
  world: SimulatedWorld,
  c: SimulatedContainer,
  { session, wanted }: { session: Session; wanted: StreamOptions },
): ProgramContext {
  const show = writerTo(session.stdout);
  const keys: AsyncIterable<Uint8Array> = session.stdin ?? nothing();
  const text = (to: (data: string | Uint8Array) => Promise<void>) => (data: string | Uint8Array) =>
    to(wanted.tty && typeof data === 'string' ? onTerminal(data) : data);
  return {
    isTerminal: wanted.tty ?? false,
    stdin: wanted.tty ? typedLines(keys, show) : keys,
    out: text(show),
    err: text(wanted.tty ? show : writerTo(session.stderr)),
    env: c.spec.env,
    hostname: c.sandbox.spec.hostname,
    files: (c.files ??= new FileTree()),
    sleep: (ms) => world.clock.sleep(ms, session.over),
  };
}

async function* nothing(): AsyncIterable<Uint8Array> {}

/** Writes as fast as somebody reads; what nobody wants is dropped. */
function writerTo(stream: PassThrough | undefined): (data: string | Uint8Array) => Promise<void> {
  return async (data) => {
    if (!stream?.writable || stream.write(data)) return;
    await new Promise<void>((resolve) => {
      stream.once('drain', resolve);
      stream.once('close', resolve);
    });
  };
}

/** As containerd says it. */
const notFound = (name: string) =>
  `error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: ${JSON.stringify(name)}: executable file not found in $PATH: unknown`;
