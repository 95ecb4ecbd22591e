import { type ChildProcess, spawn } from 'node:child_process';

/** How a finished command ended. */
export interface CommandResult {
  /** Exit code; undefined where a signal ended it. */
  code: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** Text or bytes for its standard input; closed at once where absent. */
  input?: string | Uint8Array;
  env?: Record<string, string>;
  cwd?: string;
  /** Ended with SIGKILL after this time; 60 s unless told. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface ServiceOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Receives what the process prints, as it comes. */
  onOutput?(chunk: Buffer, from: 'stdout' | 'stderr'): void;
}

/** A process that goes on until it is stopped. */
export interface RunningProcess {
  pid: number;
  /** Resolves when the process has ended. */
  ended: Promise<{ code: number | undefined; signal: string | undefined }>;
  kill(signal: NodeJS.Signals): void;
}

/** Starting other programs, never through a shell. */
export interface Processes {
  /** Runs to the end. A non-zero exit is a result, not an error; a program that cannot be started is an error. */
  run(command: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  start(command: string, args: readonly string[], options?: ServiceOptions): Promise<RunningProcess>;
}

/** A command that ended with something else than 0. */
export class CommandError extends Error {
  readonly result: CommandResult;
  constructor(command: string, args: readonly string[], result: CommandResult) {
    const how = result.code === undefined ? `was ended by ${result.signal}` : `exited with ${result.code}`;
    super(`${command} ${args.join(' ')} ${how}: ${(result.stderr || result.stdout).trim().slice(0, 2000)}`);
    this.name = 'CommandError';
    this.result = result;
  }
}

/** Runs a command that must succeed, and gives its standard output. */
export async function mustRun(
  processes: Processes,
  command: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const result = await processes.run(command, args, options);
  if (result.code !== 0) throw new CommandError(command, args, result);
  return result.stdout;
}

function ended(child: ChildProcess): RunningProcess['ended'] {
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const env = options.env ? { ...process.env, ...options.env } : process.env;
  const child = spawn(command, args, { env, cwd: options.cwd, signal: options.signal, stdio: 'pipe' });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => {});
  const end = ended(child);
  await started(child);
  child.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  const how = await end;
  clearTimeout(timer);
  return { ...how, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

async function start(
  command: string,
  args: readonly string[],
  { isDetached = false, ...options }: ServiceOptions & { isDetached?: boolean } = {},
): Promise<RunningProcess> {
  const env = options.env ? { ...process.env, ...options.env } : process.env;
  const child = spawn(command, args, {
    env,
    cwd: options.cwd,
    detached: isDetached,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk: Buffer) => options.onOutput?.(chunk, 'stdout'));
  child.stderr.on('data', (chunk: Buffer) => options.onOutput?.(chunk, 'stderr'));
  const end = ended(child);
  await started(child);
  child.on('error', () => {});
  return { pid: child.pid as number, ended: end, kill: (signal) => void child.kill(signal) };
}

/** The machine's own processes. */
export const systemProcesses: Processes = { run, start };

/** The same, whose services are in sessions of their own, without a terminal. */
export const lastingProcesses: Processes = {
  run,
  start: (command, args, options) => start(command, args, { ...options, isDetached: true }),
};
