import type { Clock } from '../platform/clock.ts';
import type { Files } from '../platform/files.ts';
import type { Log } from '../platform/log.ts';
import { LogStore } from './core/log-store.ts';
import { isInUse, openLmdbEngine } from './embedded/open-engine.ts';
import type { CopyableStore } from './core/copying.ts';

export interface EmbeddedStoreOptions {
  /** A directory; made where it is missing. Only one process can have it open. */
  path: string;
  clock: Clock;
  files: Files;
  /** Told where the store is taken away while it is open, or cannot be written. */
  log?: Log;
  /** How long the past is kept; 24 hours unless given. */
  historyMs?: number;
  /** How much of the past is kept; 1 GiB unless given. */
  historyBytes?: number;
}

/** A store in a directory of this machine. Rejects with `Unusable` where it cannot be opened; then nothing is changed. */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<CopyableStore> {
  const engine = await openLmdbEngine(options);
  const history = { ageMs: options.historyMs ?? 24 * 3_600_000, bytes: options.historyBytes ?? 2 ** 30 };
  return new LogStore({ engine, clock: options.clock, history });
}

/** Says who has the store in a directory open; undefined where nobody has, and where there is none. */
export async function whoHasOpen(path: string, files: Files): Promise<string | undefined> {
  if (!(await files.exists(`${path}/store.mdb`))) return undefined;
  try {
    await (await openLmdbEngine({ path, files })).close();
  } catch (error) {
    if (isInUse(error)) return error.message;
  }
  return undefined;
}
