import { type ChildProcess, spawn } from 'node:child_process';

/** How a program ended. */
export interface Ended {
  command: string;
  /** Exit code; 128 + signal where a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Written to standard input, which is then closed. */
  input?: string | Buffer;
  timeoutMs?: number;
}

const defaultTimeoutMs = 75_000;

/** Splits a command as a shell does, without its expansions: `get pod -l 'a in (b, c)'`. */
export function words(command: string): string[] {
  return [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double),
  );
}

const killed = (signal: NodeJS.Signals | null) =>
  signal === 'SIGKILL' ? 137 : signal === 'SIGINT' ? 130 : 143;

/** What still runs: ended with the tests, also when those are interrupted. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const { pid } of alive) if (pid) process.kill(-pid, 'SIGTERM');
});

/** A program that runs beside the test, until it ends or is stopped. */
export class Running {
  readonly command: string;
  readonly child: ChildProcess;
  /** Resolves once the program has ended and all it said has been read. */
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #code: number | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(program: string, args: readonly string[], options: CommandOptions = {}) {
    this.command = [program.slice(program.lastIndexOf('/') + 1), ...args].join(' ');
    this.child = spawn(program, args, {
      // vitest asks its own processes for colours; a pipe is given none.
      env: { ...process.env, FORCE_COLOR: undefined, ...options.env },
      cwd: options.cwd,
      stdio: 'pipe',
      detached: true,
    });
    alive.add(this.child);
    this.child.stdout?.on('data', (chunk: Buffer) => this.#heard('stdout', chunk));
    this.child.stderr?.on('data', (chunk: Buffer) => this.#heard('stderr', chunk));
    // A program that does not read its input closes the pipe.
    this.child.stdin?.on('error', () => {});
    if (options.input !== undefined) this.child.stdin?.end(options.input);
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', (error) => {
        alive.delete(this.child);
        reject(error);
      });
      this.child.on('close', (code, signal) => {
        alive.delete(this.child);
        this.#code = code ?? killed(signal);
        resolve({ command: this.command, code: this.#code, stdout: this.stdout, stderr: this.stderr });
        this.#tell();
      });
    });
  }

  #heard(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString();
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Types on the program's standard input. */
  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Ends the program's standard input. */
  endInput(): void {
    this.child.stdin?.end();
  }

  /** Resolves with all output once it shows the pattern; rejects with the output where it does not in time. */
  shows(pattern: RegExp, timeoutMs = defaultTimeoutMs): Promise<string> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        settle();
      };
      const said = () => `${this.stdout}${this.stderr}`;
      const fail = (why: string) =>
        finish(() => reject(new Error(`${this.command}: ${why} ${pattern}; it said:\n${said()}`)));
      const check = () => {
        if (pattern.test(said())) finish(() => resolve(said()));
        else if (this.#code !== undefined) fail(`ended with ${this.#code} without`);
      };
      const timer = setTimeout(() => fail(`${timeoutMs} ms without`), timeoutMs);
      this.#listeners.add(check);
      check();
    });
  }

  /** Sends a signal to the program and what it has started, and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    try {
      if (this.child.pid && this.#code === undefined) process.kill(-this.child.pid, signal);
    } catch {
      // It has ended by itself.
    }
    return this.ended;
  }
}

/** Runs a program to its end; one that does not end in time is killed and rejects with what it has said. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Ended> {
  const running = new Running(program, args, { ...options, input: options.input ?? '' });
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void running.stop('SIGKILL');
  }, timeoutMs);
  const ended = await running.ended;
  clearTimeout(timer);
  if (late)
    throw new Error(
      `${ended.command}: not done after ${timeoutMs} ms; it said:\n${ended.stdout}${ended.stderr}`,
    );
  return ended;
}

/** Waits until `check` gives something; rejects with its last failure where that takes too long. */
export async function eventually<T>(
  check: () => Promise<T | undefined> | T | undefined,
  { timeoutMs = defaultTimeoutMs, everyMs = 100 } = {},
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let last: unknown = new Error('nothing came');
  while (performance.now() < deadlineMs) {
    try {
      const found = await check();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw last;
}
