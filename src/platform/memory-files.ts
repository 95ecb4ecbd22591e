import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import type { Files, FileStat } from './files.ts';

interface Entry {
  type: 'file' | 'directory' | 'symlink';
  data: Buffer;
  target: string;
  mode: number;
  uid: number;
  gid: number;
  inode: number;
  /** What a directory holds, by name. */
  children: Map<string, Entry>;
}

/** Where a path leads: the directory and the name in it. */
interface Place {
  directory: Entry;
  name: string;
}

const nothing = Buffer.alloc(0);
const nobody: Map<string, Entry> = new Map();
const mostLinks = 40;

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts;
}

/** A file system that lives in memory and ends with it: for simulated nodes and tests. Has no devices or sockets. */
export class MemoryFiles implements Files {
  #inodes = 1;
  readonly #root = this.#entry('directory', 0o755);

  async read(path: string): Promise<Buffer> {
    const entry = this.#get(path);
    if (entry.type === 'directory') throw failure('EISDIR', path);
    return Buffer.from(entry.data);
  }

  async readText(path: string): Promise<string> {
    return (await this.read(path)).toString('utf8');
  }

  async write(path: string, data: string | Uint8Array, options?: { mode?: number }): Promise<void> {
    const place = this.#place(path, true);
    if (!place) throw failure(partsOf(path).length === 0 ? 'EISDIR' : 'ENOENT', path);
    const old = place.directory.children.get(place.name);
    if (old?.type === 'directory') throw failure('EISDIR', path);
    const entry = old ?? this.#entry('file', options?.mode ?? 0o644);
    entry.data = Buffer.from(data as Uint8Array);
    place.directory.children.set(place.name, entry);
  }

  async writeAtomic(path: string, data: string | Uint8Array, options?: { mode?: number }): Promise<void> {
    await this.write(path, data, options);
  }

  async append(path: string, data: string | Uint8Array, options?: { mode?: number }): Promise<void> {
    const old = (await this.exists(path)) ? await this.read(path) : Buffer.alloc(0);
    await this.write(path, Buffer.concat([old, Buffer.from(data as Uint8Array)]), options);
  }

  async makeDir(path: string, options?: { mode?: number }): Promise<void> {
    let at = '';
    for (const part of partsOf(path)) {
      at = `${at}/${part}`;
      const place = this.#place(at, true);
      if (!place) throw failure('ENOENT', path);
      const entry = place.directory.children.get(place.name);
      if (entry && entry.type !== 'directory') throw failure('EEXIST', path);
      if (!entry) place.directory.children.set(place.name, this.#entry('directory', options?.mode ?? 0o755));
    }
  }

  async list(path: string): Promise<string[]> {
    return [...(this.#find(path, true)?.children.keys() ?? [])].sort();
  }

  async remove(path: string): Promise<void> {
    const place = this.#place(path, false);
    place?.directory.children.delete(place.name);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#place(from, false);
    const entry = source?.directory.children.get(source.name);
    if (!source || !entry) throw failure('ENOENT', from);
    const target = this.#place(to, false);
    if (!target) throw failure('ENOENT', to);
    source.directory.children.delete(source.name);
    target.directory.children.set(target.name, entry);
  }

  async symlink(target: string, path: string): Promise<void> {
    const place = this.#place(path, false);
    if (!place) throw failure('ENOENT', path);
    if (place.directory.children.has(place.name)) throw failure('EEXIST', path);
    place.directory.children.set(place.name, { ...this.#entry('symlink', 0o777), target });
  }

  async readLink(path: string): Promise<string> {
    const entry = this.#get(path, false);
    if (entry.type !== 'symlink') throw failure('EINVAL', path);
    return entry.target;
  }

  async chmod(path: string, mode: number): Promise<void> {
    this.#get(path).mode = mode;
  }

  async chown(path: string, uid: number, gid: number): Promise<void> {
    Object.assign(this.#get(path), { uid, gid });
  }

  async exists(path: string): Promise<boolean> {
    return (await this.stat(path)) !== undefined;
  }

  async stat(path: string, options?: { followLinks?: boolean }): Promise<FileStat | undefined> {
    const entry = this.#find(path, options?.followLinks !== false);
    if (!entry) return undefined;
    const { type, data, mode, uid, gid, inode } = entry;
    return { type, sizeBytes: data.length, mode, modifiedMs: 0, inode, uid, gid };
  }

  async freeBytes(): Promise<number> {
    return Number.POSITIVE_INFINITY;
  }

  /** Only for reading. */
  async open(path: string, flags: string): Promise<FileHandle> {
    if (flags !== 'r') throw failure('ENOSYS', path);
    const entry = this.#get(path);
    const read = async (into: Buffer, offset: number, length: number, position: number | null) => {
      const start = position ?? 0;
      const bytesRead = start < entry.data.length ? entry.data.copy(into, offset, start, start + length) : 0;
      return { bytesRead, buffer: into };
    };
    const handle = { read, stat: async () => ({ size: entry.data.length }), close: async () => {} };
    return handle as unknown as FileHandle;
  }

  #entry(type: Entry['type'], mode: number): Entry {
    const inode = this.#inodes++;
    const children = type === 'directory' ? new Map<string, Entry>() : nobody;
    return { type, data: nothing, target: '', mode, uid: 0, gid: 0, inode, children };
  }

  #get(path: string, follow = true): Entry {
    const entry = this.#find(path, follow);
    if (!entry) throw failure('ENOENT', path);
    return entry;
  }

  #find(path: string, follow: boolean): Entry | undefined {
    const place = this.#place(path, follow);
    if (place) return place.directory.children.get(place.name);
    return partsOf(path).length === 0 ? this.#root : undefined;
  }

  /** Where a path leads, its symbolic links followed, the last one only where asked for; undefined without a directory there. */
  #place(path: string, follow: boolean): Place | undefined {
    let left = partsOf(path);
    let above: string[] = [];
    let directory: Entry | undefined = this.#root;
    for (let links = 0; left.length > 0; ) {
      const [name, ...rest] = left as [string, ...string[]];
      const entry: Entry | undefined = directory.children.get(name);
      if (entry?.type === 'symlink' && (follow || rest.length > 0)) {
        if (++links > mostLinks) throw failure('ELOOP', path);
        const base = entry.target.startsWith('/') ? '' : `${above.join('/')}/`;
        left = [...partsOf(base + entry.target), ...rest];
        above = [];
        directory = this.#root;
        continue;
      }
      if (rest.length === 0) return { directory, name };
      if (entry?.type !== 'directory') return undefined;
      directory = entry;
      above.push(name);
      left = rest;
    }
    return undefined;
  }
}
