import type { Duplex } from 'node:stream';
import { connectLocal, listenLocal, type LocalListener } from '../platform/local-socket.ts';

/**
 * How other commands on this machine ask the process of a cluster for what only it can do. A caller writes one line,
 * the command and its options as JSON; the answer is one line, `{}` or `{"error": "…"}`, and then whatever
 * the command gives, to the end of the connection.
 */
export const socketPath = (dataDir: string) => `${dataDir}/control.sock`;

const longestLineBytes = 65_536;

/** Carries out a command, having written nothing before it is clear that it can; `send` waits until the caller has taken it. */
export type ControlCommand = (
  options: Record<string, unknown>,
  send: (piece: Buffer) => Promise<void>,
) => Promise<void>;

/** Answers commands in a data directory, until it is closed. */
export function serveControl(
  dataDir: string,
  options: { commands: Readonly<Record<string, ControlCommand>>; onError(error: unknown): void },
): Promise<LocalListener> {
  return listenLocal(socketPath(dataDir), (socket) => {
    serve(socket, options.commands).catch((error) => {
      options.onError(error);
      socket.destroy();
    });
  });
}

/**
 * Asks the process of a cluster to carry out a command and gives what it answers, piece by piece. Rejects with what
 * it says it cannot do, and where the connection breaks off.
 */
export async function* askControl(
  dataDir: string,
  request: { command: string; [option: string]: unknown },
): AsyncGenerator<Buffer> {
  const socket = await connectLocal(socketPath(dataDir));
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    const { line, rest } = await readLine(socket);
    const { error } = JSON.parse(line) as { error?: string };
    if (error !== undefined) throw new Error(error);
    if (rest.length > 0) yield rest;
    for await (const piece of socket) yield piece as Buffer;
  } finally {
    socket.destroy();
  }
}

async function serve(socket: Duplex, commands: Readonly<Record<string, ControlCommand>>): Promise<void> {
  const { command: name, ...options } = JSON.parse((await readLine(socket)).line) as { command: string };
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  let begun = false;
  const send = async (piece: Buffer) => {
    const data = begun ? piece : Buffer.concat([Buffer.from('{}\n'), piece]);
    begun = true;
    await write(socket, data);
  };
  try {
    if (!command)
      throw new Error(`this cluster does not know ${name}: it was started by another version of k8ts`);
    await command(options, send);
    if (!begun) await send(Buffer.alloc(0));
  } catch (error) {
    if (begun) throw error;
    await write(socket, Buffer.from(`${JSON.stringify({ error: (error as Error).message })}\n`));
  }
  socket.end();
}

/** Resolves when the piece is handed on; rejects where the other side has gone. */
function write(socket: Duplex, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('the caller has gone'));
    socket.once('close', onClose);
    socket.write(piece, (error) => {
      socket.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function readLine(socket: Duplex): Promise<{ line: string; rest: Buffer }> {
  let read = Buffer.alloc(0);
  for (;;) {
    const end = read.indexOf(0x0a);
    if (end >= 0) return { line: read.toString('utf8', 0, end), rest: read.subarray(end + 1) };
    if (read.length > longestLineBytes) throw new Error('a line that is too long');
    read = Buffer.concat([read, await nextPiece(socket)]);
  }
}

function nextPiece(socket: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const piece = socket.read() as Buffer | null;
      if (piece) done(() => resolve(piece));
    };
    const onEnd = () => done(() => reject(new Error('the connection was closed')));
    const done = (settle: () => void) => {
      for (const event of ['end', 'close']) socket.off(event, onEnd);
      socket.off('readable', look);
      settle();
    };
    for (const event of ['end', 'close']) socket.on(event, onEnd);
    socket.on('readable', look);
    look();
  });
}
