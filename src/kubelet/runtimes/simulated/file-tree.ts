import { posix } from 'node:path';
import { packTar, unpackTar } from 'modern-tar';

/** What one container may keep. */
const mostBytes = 16 * 2 ** 20;

/** The files that were copied into a simulated container; there are no others. */
export class FileTree {
  readonly #files = new Map<string, Uint8Array>();
  readonly #directories = new Set(['/', '/tmp']);
  #bytes = 0;

  read(path: string): Uint8Array | undefined {
    return this.#files.get(absolute(path));
  }

  isDirectory(path: string): boolean {
    return this.#directories.has(absolute(path));
  }

  /** The names in a directory, sorted; undefined where there is no such directory. */
  list(path: string): string[] | undefined {
    const directory = absolute(path);
    if (!this.#directories.has(directory)) return undefined;
    return this.#below(directory)
      .filter((inner) => posix.dirname(inner) === directory)
      .map((inner) => posix.basename(inner))
      .sort();
  }

  /** Takes the files of an archive in. Rejects where they are too many, or it is no archive. */
  async unpack(archive: Uint8Array, directory: string): Promise<void> {
    for (const { header, data } of await unpackTar(archive)) {
      const path = absolute(posix.join('/', directory, header.name));
      if (header.type === 'directory') this.#addDirectory(path);
      else if (header.type === 'file') this.#write(path, data ?? new Uint8Array());
    }
  }

  /** An archive of a file, or of a directory with all below it; undefined where neither is there. */
  async pack(path: string): Promise<Uint8Array | undefined> {
    const root = absolute(path);
    const paths = [root, ...this.#below(root)].filter((p) => this.#files.has(p) || this.#directories.has(p));
    if (paths.length === 0) return undefined;
    const entries = paths.sort().map((p) => {
      const [body, name] = [this.#files.get(p), p.slice(1)];
      return body
        ? { header: { name, size: body.length, type: 'file' as const, mode: 0o644 }, body }
        : { header: { name: `${name}/`, size: 0, type: 'directory' as const, mode: 0o755 } };
    });
    return packTar(entries);
  }

  #below(directory: string): string[] {
    const prefix = directory === '/' ? '/' : `${directory}/`;
    const inside = (path: string) => path !== '/' && path.startsWith(prefix);
    return [...this.#files.keys(), ...this.#directories].filter(inside);
  }

  #addDirectory(path: string): void {
    for (let at = path; !this.#directories.has(at); at = posix.dirname(at)) this.#directories.add(at);
  }

  #write(path: string, bytes: Uint8Array): void {
    this.#bytes += bytes.length - (this.#files.get(path)?.length ?? 0);
    if (this.#bytes > mostBytes) throw new Error(`${path}: No space left on device`);
    this.#addDirectory(posix.dirname(path));
    this.#files.set(path, Uint8Array.from(bytes));
  }
}

const absolute = (path: string) => posix.resolve('/', path);
