import type { Component } from '../client/component.ts';
import type { Platform } from '../platform/platform.ts';

type World = Pick<Platform, 'files' | 'clock' | 'log'>;

const lookEveryMs = 5000;
/** What goes on is said again after so long. */
const sayEveryMs = 600_000;
/** The part of the limit from which on it is said that it may be reached. */
const nearlyAll = 0.9;

/** How many file descriptors this process has open, and how many it may have; `none` where none is left to count them with. */
type Descriptors = { open: number; most: number } | 'none';

/** What is to be said of them, and how urgent that is; undefined where there are enough. */
function trouble(now: Descriptors): { level: 'warn' | 'error'; message: string } | undefined {
  if (now === 'none' || now.open >= now.most)
    return {
      level: 'error',
      message: 'no file descriptor is left: new connections are reset, and files cannot be opened',
    };
  if (now.open < now.most * nearlyAll) return undefined;
  return {
    level: 'warn',
    message: 'nearly all file descriptors are in use: without any, new connections are reset',
  };
}

/**
 * Says once in a while that this process runs out of file descriptors. Nobody else does: where there is none for a new connection the
 * system's loop takes it with one kept back for that, and resets it, without a word to the server.
 */
export function descriptorWatch({ files, clock, log }: World): Component {
  let said: { level: 'warn' | 'error'; atMs: number } | undefined;
  const look = async () => {
    const now = await descriptors(files);
    const found = now && trouble(now);
    const nowMs = clock.monotonic();
    if (!found) {
      if (said && now) log.info('there are enough file descriptors again');
      said = undefined;
    } else if (
      !said ||
      nowMs - said.atMs >= sayEveryMs ||
      (said.level === 'warn' && found.level === 'error')
    ) {
      said = { level: found.level, atMs: nowMs };
      const hint = 'raise the limit of open files of this process (ulimit -n, or LimitNOFILE of its unit)';
      log[found.level](found.message, { hint });
    }
  };
  return {
    name: 'descriptor-watch',
    async run(signal) {
      while (!signal.aborted) {
        await look();
        await clock.sleep(lookEveryMs, signal).catch(() => {});
      }
    },
  };
}

/** Undefined where the system does not tell. The limit is read each time: it can be raised while the process runs. */
async function descriptors(files: World['files']): Promise<Descriptors | undefined> {
  try {
    const limits = await files.readText('/proc/self/limits');
    const most = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
    return { open: (await files.list('/proc/self/fd')).length, most };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EMFILE' || code === 'ENFILE' ? 'none' : undefined;
  }
}
