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
}

const mostLinks = 40;

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

const parentOf = (path: string) => path.slice(0, Math.max(1, path.lastIndexOf('/')));

function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** A file system that lives in memory and ends with it: for simulated nodes and tests. Has no devices or sockets. */
export class MemoryFiles implements Files {
  #inodes = 1;
  readonly #entries = new Map<string, Entry>([['/', this.#entry('directory', 0o755)]]);

  async read(path: string): Promise<Buffer> {
    const entry = this.#get(path);
    if (entry.type === 'directory') throw failure('EISDIR', path);
    return Buffer.from(entry.data);
  }

  async readText(path: string): Promise<string> {
    return (await this.read(path)).toString('utf8');
  }

  async write(path: string, data: string | Uint8Array, options?: { mode?: number }): Promise<void> {
    const at = this.#resolve(path, true);
    const old = this.#entries.get(at);
    if (old?.type === 'directory') throw failure('EISDIR', path);
    if (this.#entries.get(parentOf(at))?.type !== 'directory') throw failure('ENOENT', path);
    const entry = old ?? this.#entry('file', options?.mode ?? 0o644);
    entry.data = Buffer.from(data as Uint8Array);
    this.#entries.set(at, entry);
  }

  async writeAtomic(path: string, data: string | Uint8Array, options?: { mode?: number }): Promise<void> {
    await this.write(path, data, options);
  }

  async append(path: string, data: string | Uint8Array): Promise<void> {
    const old = (await this.exists(path)) ? await this.read(path) : Buffer.alloc(0);
    await this.write(path, Buffer.concat([old, Buffer.from(data as Uint8Array)]));
  }

  async makeDir(path: string, options?: { mode?: number }): Promise<void> {
    let at = '';
    for (const part of normal(path).split('/').slice(1)) {
      at = this.#resolve(`${at}/${part}`, true);
      const entry = this.#entries.get(at);
      if (entry && entry.type !== 'directory') throw failure('EEXIST', path);
      if (!entry && part !== '') this.#entries.set(at, this.#entry('directory', options?.mode ?? 0o755));
    }
  }

  async list(path: string): Promise<string[]> {
    const at = this.#resolve(path, true);
    const prefix = at === '/' ? '/' : `${at}/`;
    const names = [...this.#entries.keys()].filter((p) => p.startsWith(prefix) && p !== '/');
    return names
      .map((p) => p.slice(prefix.length))
      .filter((name) => !name.includes('/'))
      .sort();
  }

  async remove(path: string): Promise<void> {
    const at = this.#resolve(path, false);
    for (const known of [...this.#entries.keys()])
      if (known === at || known.startsWith(`${at}/`)) this.#entries.delete(known);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#resolve(from, false);
    const target = this.#resolve(to, false);
    if (!this.#entries.has(source)) throw failure('ENOENT', from);
    await this.remove(to);
    for (const [known, entry] of [...this.#entries]) {
      if (known !== source && !known.startsWith(`${source}/`)) continue;
      this.#entries.delete(known);
      this.#entries.set(target + known.slice(source.length), entry);
    }
  }

  async symlink(target: string, path: string): Promise<void> {
    const at = this.#resolve(path, false);
    if (this.#entries.has(at)) throw failure('EEXIST', path);
    this.#entries.set(at, { ...this.#entry('symlink', 0o777), target });
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
    const entry = this.#entries.get(this.#resolve(path, options?.followLinks !== false));
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
    return { type, data: Buffer.alloc(0), target: '', mode, uid: 0, gid: 0, inode: this.#inodes++ };
  }

  #get(path: string, follow = true): Entry {
    const entry = this.#entries.get(this.#resolve(path, follow));
    if (!entry) throw failure('ENOENT', path);
    return entry;
  }

  /** The path with its symbolic links followed; the last one only where asked for. */
  #resolve(path: string, follow: boolean): string {
    let left = normal(path).split('/').slice(1);
    let at = '';
    for (let links = 0; left.length > 0; ) {
      const next = `${at}/${left[0]}`;
      const entry = this.#entries.get(next);
      if (entry?.type === 'symlink' && (follow || left.length > 1)) {
        if (++links > mostLinks) throw failure('ELOOP', path);
        const target = entry.target.startsWith('/') ? entry.target : `${at}/${entry.target}`;
        left = [...normal(target).split('/').slice(1), ...left.slice(1)];
        at = '';
        continue;
      }
      at = next;
      left = left.slice(1);
    }
    return at === '' ? '/' : at;
  }
}
