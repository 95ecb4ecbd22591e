import { appendFileSync, closeSync, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { systemClock } from '../platform/clock.ts';
import { createLog, formatLogLine, type Log, type LogLevel } from '../platform/log.ts';
import { type Platform, systemPlatform } from '../platform/platform.ts';
import type { Threads } from '../cluster/control-plane.ts';
import type { Program } from '../cluster/node-process.ts';

/** How this program is started again. */
export const program: Program = { command: process.execPath, script: process.argv[1] ?? '' };

/**
 * The program of a thread, which it has from so many processors on; `on` or `off` in the environment says so whatever processors there are.
 */
const threadOf = (name: string, { from, told }: { from: number; told: string | undefined }) =>
  (told ?? (availableParallelism() >= from ? 'on' : 'off')) === 'on'
    ? new URL(`./${name}.js`, import.meta.url)
    : undefined;

/**
 * What has threads of its own: they take work off the thread that answers. The one of connections makes the way of a request longer, and of
 * two processors whoever asks needs the other; the scheduler is then waited for less, and has less work while it waits.
 */
export const threads: Threads = {
  http: threadOf('http-thread', { from: 3, told: process.env.K8TS_HTTP_THREAD }),
  scheduler: threadOf('scheduler-thread', { from: 2, told: process.env.K8TS_SCHEDULER_THREAD }),
};

/** Whether whoever started this process wants it to outlive its terminal, as `nohup` does. `bin/k8ts` finds out, since Node.js does not tell. */
const ignoresHangup = process.env.K8TS_HANGUP === 'ignored';

/** Keeps a hang-up ignored that was so when the process was started: Node.js has undone that. */
export function keepHangupIgnored(): void {
  if (ignoresHangup) process.on('SIGHUP', () => {});
}

/** Whether this process may make namespaces, mounts and rules. */
export const isRoot = process.getuid?.() === 0;

const logLevel = (process.env.K8TS_LOG as LogLevel | undefined) ?? 'info';

/** A log to standard error. */
export const stderrLog = (level: LogLevel = logLevel): Log =>
  createLog({
    clock: systemClock,
    level,
    write: (line) => void process.stderr.write(`${formatLogLine(line)}\n`),
  });

/** A log to a file, and to standard error as well where `verbose` or the file takes nothing. A full disk must not end the cluster. */
export function fileLog(path: string, verbose: boolean): Log {
  const write = (text: string) => {
    const isKept = tryAppend(path, text);
    if (verbose || !isKept) process.stderr.write(text);
  };
  return createLog({
    clock: systemClock,
    level: logLevel,
    write: (line) => write(`${formatLogLine(line)}\n`),
  });
}

/** Kept open, so that one can be had for the log where no other is left. */
let spareDescriptor: number | undefined;

function tryAppend(path: string, text: string): boolean {
  try {
    appendFileSync(path, text);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EMFILE' && appendWithSpare(path, text);
  } finally {
    keepSpare();
  }
}

function appendWithSpare(path: string, text: string): boolean {
  if (spareDescriptor === undefined) return false;
  closeSync(spareDescriptor);
  spareDescriptor = undefined;
  try {
    appendFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

function keepSpare(): void {
  try {
    spareDescriptor ??= openSync('/dev/null', 'r');
  } catch {
    // There is none now; the next line tries again.
  }
}

export const platformWith = (log: Log): Platform => systemPlatform(log, { outliveTerminal: ignoresHangup });

const stopSignals: readonly NodeJS.Signals[] = ignoresHangup
  ? ['SIGINT', 'SIGTERM']
  : ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Resolves when the user or the system asks the process to end; a second time ends it at once. */
export function whenAskedToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of stopSignals) {
      let asked = false;
      process.on(signal, () => {
        if (asked && signal === 'SIGINT') process.exit(130);
        asked = true;
        resolve(signal);
      });
    }
  });
}
