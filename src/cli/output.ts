import picocolors from 'picocolors';
import { UserError } from '../cluster/user-error.ts';

/**
 * Colours for a stream that is a terminal, or where FORCE_COLOR asks for them: what reads a pipe or a file reads plain text,
 * under a CI service too.
 */
const colorsOf = ({ isTTY = false }: { isTTY?: boolean }) =>
  picocolors.createColors(!process.env.NO_COLOR && (isTTY || Boolean(process.env.FORCE_COLOR)));

/** Colours of what `print` writes. */
export const answerColors = colorsOf(process.stdout);
const colors = colorsOf(process.stderr);

/** Progress goes to standard error, so that standard output holds answers alone. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** How far something is: one line that changes on a terminal, the last state of it alone elsewhere. */
export function progressLine(text: string, isLast: boolean): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}${isLast ? '\n' : ''}`);
  else if (isLast) progress(text);
}

/** A finished step, with the seconds it took. */
export function stepDone(what: string, seconds: number): void {
  progress(`${colors.green('✓')} ${what} ${colors.dim(`(${seconds.toFixed(2)} s)`)}`);
}

/** An answer, on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Tells what went wrong: message and hint for what a user can mend, the stack for a bug. */
export function printError(error: unknown): void {
  const known = error instanceof UserError ? error : refused(error);
  if (known) {
    progress(`${colors.red('error:')} ${known.message}`);
    if (known.hint) progress(`${colors.dim('hint:')}  ${known.hint}`);
    return;
  }
  progress(
    `${colors.red('unexpected error:')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
}

/** Ends the process after an error. */
export function fail(error: unknown): never {
  printError(error);
  process.exit(1);
}

const refusals: Record<string, string> = {
  EACCES: 'run k8ts as the user whose file it is, or as root',
  EPERM: 'run k8ts as the user whose file it is, or as root',
  EROFS: 'choose a place that can be written',
  ENOTDIR: 'choose a path below a directory',
  EISDIR: 'choose a path that is no directory',
  ENOSPC: 'make room on its disk',
  EDQUOT: 'make room in the quota of its disk',
};

/** What is refused whatever it is about: files, sockets and processes take descriptors alike. */
const shortages: Record<string, string> = {
  EMFILE: 'raise the limit of open files of this process (ulimit -n)',
  ENFILE: 'raise the limit of open files of this machine (sysctl fs.file-max)',
};

/** What the system refuses, for reasons that a user can mend; undefined for other errors. */
function refused(error: unknown): UserError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', path } = error as NodeJS.ErrnoException;
  const hint = shortages[code] ?? (path ? refusals[code] : undefined);
  return hint ? new UserError(error.message, hint) : undefined;
}
