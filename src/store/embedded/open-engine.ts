import { dirname, join, resolve } from 'node:path';
import { pid } from 'node:process';
import type { Database, RootDatabase } from 'lmdb';
import { type Files, syncDir } from '../../platform/files.ts';
import type { Log } from '../../platform/log.ts';
import { StoreError } from '../store.ts';
import { checkPages } from './check-pages.ts';
import { binary, LmdbEngine } from './lmdb-engine.ts';
import { LmdbFile } from './lmdb-file.ts';
import { Place } from './place.ts';

/** The format of the file that this code writes, and the newest one that it reads. */
const format = 1;

/** Address space, not memory: how far the file may grow. */
const mapBytes = 64 * 2 ** 30;

const settings = {
  ...binary,
  noSubdir: true,
  // An acknowledged write is on disk.
  overlappingSync: false,
  // With it, a failed write also rejects a promise that nobody has, and that ends the process.
  eventTurnBatching: false,
  mapSize: mapBytes,
};

/** More than the lock file and the first pages of a new store take. */
const leastRoomBytes = 128 * 1024;

/** Where less is left on the disk, that is why a write failed. */
const leastFreeBytes = 4 * 2 ** 20;

type Root = RootDatabase<Buffer, string>;

/** What this process has open: LMDB itself tells other processes apart only. */
const openPaths = new Set<string>();

export interface LmdbOptions {
  /** A directory; made where it is missing. */
  path: string;
  files: Files;
  /** Told when nothing can be written, such as where the file is no longer where it was opened, and when it can again. */
  log?: Log;
}

/** Opens or makes the log in a directory. Rejects with `Unusable`, saying why and where. */
export async function openLmdbEngine(options: LmdbOptions): Promise<LmdbEngine> {
  const path = resolve(options.path);
  if (openPaths.has(path)) throw unusable(path, 'this process has it open already');
  openPaths.add(path);
  try {
    await options.files.makeDir(path, { mode: 0o700 });
    await checkRoom(path, options.files);
    const engine = await openFile(join(path, 'store.mdb'), options);
    engine.explain = (reason) => explained(reason, path, options.files);
    engine.onTrouble = tellTrouble(path, options.log);
    engine.onClosed = () => openPaths.delete(path);
    return engine;
  } catch (error) {
    openPaths.delete(path);
    throw unusable(path, error instanceof Error ? error.message : String(error), error);
  }
}

/**
 * Throws where the disk is full or cannot be written: LMDB maps a file of its own for its locks, and where that gets no
 * room the system ends the process.
 */
async function checkRoom(path: string, files: Files): Promise<void> {
  const probe = join(path, `room-${pid}`);
  try {
    const handle = await files.open(probe, 'w', 0o600);
    try {
      await handle.writeFile(Buffer.alloc(leastRoomBytes));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } finally {
    await files.remove(probe);
  }
}

/** Whoever asked for a write is told of it; whoever runs the server would not be. */
const tellTrouble = (path: string, log: Log | undefined) => (reason?: unknown) => {
  if (reason === undefined) return log?.info('the store can be written again', { path });
  const why = reason instanceof Error ? reason.message : String(reason);
  log?.error('the store cannot be written: writes are refused until it can', { path, why });
};

/** LMDB calls it an input/output error when not all could be written, which is what happens where a disk gets full. */
async function explained(reason: unknown, path: string, files: Files): Promise<unknown> {
  const freeBytes = await files.freeBytes(path).catch(() => Number.POSITIVE_INFINITY);
  if (freeBytes >= leastFreeBytes) return reason;
  return new Error(`the disk of ${path} is full: ${freeBytes >> 10} KiB are left`, { cause: reason });
}

/** Whether a store could not be opened because somebody has it open. */
export function isInUse(error: unknown): error is StoreError {
  return error instanceof StoreError && / has it open( already)?$/.test(error.message);
}

function unusable(path: string, reason: string, cause?: unknown): StoreError {
  return new StoreError('Unusable', `The store in ${path} cannot be used: ${reason}`, { cause });
}

async function openFile(
  file: string,
  { files, log }: Pick<LmdbOptions, 'files' | 'log'>,
): Promise<LmdbEngine> {
  const missingBytes = await fill(file, files);
  try {
    return await openEngine(file, { files, log, suspect: missingBytes > 0 });
  } catch (error) {
    await unfill(file, files, missingBytes);
    throw error;
  }
}

async function openEngine(
  file: string,
  options: Pick<LmdbOptions, 'files' | 'log'> & { suspect: boolean },
): Promise<LmdbEngine> {
  const { open } = await import('lmdb');
  const root: Root = open({ path: file, ...settings });
  try {
    // Nothing is read through LMDB before, nor checked while another process may write.
    checkAlone(root);
    await checkFile(file, options.files);
    root.getBinary('meta');
    checkAlone(root);
    const meta = await openMeta(root);
    const engine = new LmdbEngine(root, meta, placeOf(file, options.log));
    // Throws where it is broken.
    engine.state();
    if (options.suspect) engine.verify();
    await syncDir(dirname(file), options.files);
    return engine;
  } catch (error) {
    await root.close();
    throw error;
  }
}

function placeOf(file: string, log: Log | undefined): Place {
  return new Place(file, (trouble) => {
    if (trouble === undefined) return log?.info('the store is in its place again, and written to', { file });
    log?.error('the store has been taken away while it is open: nothing is written any more', {
      why: trouble,
    });
  });
}

/**
 * LMDB may leave free pages at the end unwritten, so a file that is too short need not be damaged; but to read
 * beyond its end would end the process. So it is filled up, and then all of it is read. Gives the bytes filled in.
 */
async function fill(file: string, files: Files): Promise<number> {
  const size = (await files.stat(file, { followLinks: true }))?.sizeBytes ?? 0;
  if (size === 0) return 0;
  const handle = await files.open(file, 'r+');
  try {
    const { expectedBytes } = new LmdbFile(handle);
    if (expectedBytes > size) await handle.truncate(expectedBytes);
    return Math.max(0, expectedBytes - size);
  } finally {
    await handle.close();
  }
}

async function checkFile(file: string, files: Files): Promise<void> {
  const handle = await files.open(file, 'r');
  try {
    checkPages(new LmdbFile(handle));
  } finally {
    await handle.close();
  }
}

async function unfill(file: string, files: Files, bytes: number): Promise<void> {
  if (bytes === 0) return;
  const handle = await files.open(file, 'r+');
  const { size } = await handle.stat();
  await handle.truncate(size - bytes).finally(() => handle.close());
}

/**
 * Throws where another process has the file open. LMDB keeps a table of the processes that read it, each with a
 * lock that ends with its process: one that was killed leaves nothing behind.
 */
function checkAlone(root: Root): void {
  root.readerCheck();
  const readers = root.readerList().split('\n');
  const other = readers
    .map((line) => Number.parseInt(line, 10))
    .find((reader) => reader > 0 && reader !== pid);
  if (other !== undefined) throw new Error(`process ${other} has it open`);
}

/** Claims a new file, or makes sure that an old one is of a format that this code can read. */
async function openMeta(root: Root): Promise<Database<Buffer, string>> {
  const { entryCount } = root.getStats() as { entryCount: number };
  const create = entryCount === 0;
  const meta = root.openDB('meta', { ...binary, create } as typeof binary) as
    | Database<Buffer, string>
    | undefined;
  if (!meta) throw new Error('it is not a store of k8ts');
  const found = meta.getBinary('format')?.toString();
  if (found === undefined) await meta.put('format', Buffer.from(String(format)));
  else if (Number(found) > format) {
    throw new Error(
      `it has format ${found}, and this version of k8ts knows formats up to ${format}; use a newer one`,
    );
  }
  return meta;
}
