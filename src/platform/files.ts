import { readSync, statSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a path is, without following a last symbolic link. */
export type FileType = 'file' | 'directory' | 'socket' | 'charDevice' | 'blockDevice' | 'symlink' | 'other';

/** The file system. Errors are Node's own, with their `code`. */
export interface Files {
  read(path: string): Promise<Buffer>;
  readText(path: string): Promise<string>;
  /** Writes in place. */
  write(path: string, data: string | Uint8Array, options?: { mode?: number }): Promise<void>;
  /**
   * Writes beside and renames over: a reader sees the old content or the new, never a part. The file is this process's own, with
   * no more than `mode` unless an owner is given, whom it then has with exactly that mode.
   */
  writeAtomic(path: string, data: string | Uint8Array, options?: WriteAtomicOptions): Promise<void>;
  append(path: string, data: string | Uint8Array, options?: { mode?: number }): Promise<void>;
  /** Makes the directory and its parents; no error where it stands already. */
  makeDir(path: string, options?: { mode?: number }): Promise<void>;
  /** Names in a directory, sorted; empty where the directory is missing. */
  list(path: string): Promise<string[]>;
  /** Removes a file or a whole tree; no error where nothing stands. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  chown(path: string, uid: number, gid: number): Promise<void>;
  exists(path: string): Promise<boolean>;
  /** The type and size of what stands at `path`, or undefined. Follows symbolic links unless told not to. */
  stat(path: string, options?: { followLinks?: boolean }): Promise<FileStat | undefined>;
  open(path: string, flags: string, mode?: number): Promise<fs.FileHandle>;
  /** Bytes that this process can still write on the disk of a path. */
  freeBytes(path: string): Promise<number>;
}

export interface WriteAtomicOptions {
  mode?: number;
  uid?: number;
  gid?: number;
}

export interface FileStat {
  type: FileType;
  sizeBytes: number;
  mode: number;
  modifiedMs: number;
  inode: number;
  uid: number;
  gid: number;
}

function missing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function typeOf(stat: Awaited<ReturnType<typeof fs.lstat>>): FileType {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSocket()) return 'socket';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'charDevice';
  return stat.isBlockDevice() ? 'blockDevice' : 'other';
}

async function statOf(path: string, options?: { followLinks?: boolean }): Promise<FileStat | undefined> {
  try {
    const s = options?.followLinks === false ? await fs.lstat(path) : await fs.stat(path);
    const { uid, gid, ino: inode, mtimeMs: modifiedMs } = s;
    return { type: typeOf(s), sizeBytes: s.size, mode: s.mode & 0o7777, modifiedMs, inode, uid, gid };
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}

let temporaryCount = 0;

/** Never through a link or into a file that stands there: in a folder of many users it would be somebody else's. */
async function openNew(path: string, mode: number | undefined): Promise<fs.FileHandle> {
  try {
    return await fs.open(path, 'wx', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    await fs.rm(path, { force: true });
    return fs.open(path, 'wx', mode);
  }
}

async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  { mode, uid, gid }: WriteAtomicOptions = {},
): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}-${temporaryCount++}`;
  try {
    const handle = await openNew(temporary, mode);
    try {
      if (uid !== undefined && gid !== undefined) {
        await handle.chown(uid, gid);
        if (mode !== undefined) await handle.chmod(mode);
      }
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    // On a full disk above all nothing may be left that takes more of it at each try.
    await fs.rm(temporary, { force: true }).catch(() => {});
    // Whoever reads it knows the file by its own name.
    if (error instanceof Error) error.message = error.message.replaceAll(temporary, path);
    throw error;
  }
  await syncDir(dirname(path), { open: fs.open });
}

/**
 * Reads into a piece of memory within this turn, for who reads thousands of small pieces: a promise for each would take longer than the
 * read. Gives the bytes that there were.
 */
export const readNow = (handle: fs.FileHandle, into: Uint8Array, at: number): number =>
  readSync(handle.fd, into, 0, into.length, at);

/**
 * What tells a file from any other that may come to stand under its path, within this turn; undefined where none stands there or it cannot
 * be looked at.
 */
export function fileIdNow(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}/${ino}`;
  } catch {
    return undefined;
  }
}

/** What is new in a directory, or has a new name, is only there for good when the directory is on disk too. */
export async function syncDir(path: string, files: Pick<Files, 'open'>): Promise<void> {
  const handle = await files.open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

async function list(path: string): Promise<string[]> {
  try {
    return (await fs.readdir(path)).sort();
  } catch (error) {
    if (missing(error)) return [];
    throw error;
  }
}

/** One step at a time: the recursive form of Node never ends below /proc. */
async function makeDir(path: string, options?: { mode?: number }): Promise<void> {
  const make = () =>
    fs.mkdir(path, options).catch(async (error) => {
      const isThere = error.code === 'EEXIST' && (await fs.stat(path)).isDirectory();
      if (!isThere) throw error;
    });
  try {
    await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await makeDir(dirname(path), options);
    await make();
  }
}

/** The machine's own file system. */
export const systemFiles: Files = {
  read: (path) => fs.readFile(path),
  readText: (path) => fs.readFile(path, 'utf8'),
  write: (path, data, options) => fs.writeFile(path, data, options),
  writeAtomic,
  append: (path, data, options) => fs.appendFile(path, data, options),
  makeDir,
  list,
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
  rename: fs.rename,
  symlink: (target, path) => fs.symlink(target, path),
  readLink: (path) => fs.readlink(path),
  chmod: fs.chmod,
  chown: fs.chown,
  exists: async (path) => (await statOf(path)) !== undefined,
  stat: statOf,
  open: fs.open,
  async freeBytes(path) {
    const { bavail, bsize } = await fs.statfs(path);
    return bavail * bsize;
  },
};
