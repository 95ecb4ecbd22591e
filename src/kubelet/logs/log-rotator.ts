import type { FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { NodeContext } from '../pods/context.ts';

/** How large a log may grow, and how many files of it are kept. */
export interface LogLimits {
  maxBytes: number;
  maxFiles: number;
}

const pieceBytes = 1 << 20;
/** What is being packed. */
const halfSuffix = '.gz.tmp';

export const defaultLogLimits: LogLimits = { maxBytes: 10 * 2 ** 20, maxFiles: 5 };

/** Of a log's older files (oldest first), which go: one of all that are kept is the one in use, one is about to come. */
export function surplus(rotated: string[], maxFiles: number): string[] {
  return rotated.slice(0, Math.max(0, rotated.length - (maxFiles - 2)));
}

/** The name under which a log is kept that was moved away at this moment. */
export function rotatedName(path: string, nowMs: number): string {
  const digits = new Date(nowMs).toISOString().replace(/[-:]/g, '').slice(0, 15).replace('T', '-');
  return `${path}.${digits}`;
}

/** Moves the logs of running containers away before they fill the disk. */
export class LogRotator {
  readonly #context: NodeContext;
  readonly #limits: LogLimits;

  constructor(context: NodeContext, limits: LogLimits = defaultLogLimits) {
    this.#context = context;
    this.#limits = limits;
  }

  async rotate(): Promise<void> {
    const { runtime, platform } = this.#context;
    for (const { id } of await runtime.containers.list({ state: 'running' }))
      await this.#rotateOne(id).catch((error: Error) =>
        platform.log.warn('container log not rotated', { id, error: error.message }),
      );
  }

  async #rotateOne(id: string): Promise<void> {
    const { runtime, platform } = this.#context;
    const { logPath } = await runtime.containers.status(id);
    const stat = await platform.files.stat(logPath);
    if (!stat || stat.sizeBytes < this.#limits.maxBytes) return;
    await this.#makeRoom(logPath);
    const away = rotatedName(logPath, platform.clock.now());
    await platform.files.rename(logPath, away);
    try {
      await runtime.containers.reopenLog(id);
    } catch (error) {
      // The runtime still writes to the old file: under its own name it can be found.
      await platform.files.rename(away, logPath);
      throw error;
    }
  }

  /** Drops the oldest files and packs the others. */
  async #makeRoom(logPath: string): Promise<void> {
    const { files } = this.#context.platform;
    const dir = logPath.slice(0, logPath.lastIndexOf('/'));
    const base = logPath.slice(dir.length + 1);
    const found = (await files.list(dir)).filter((name) => name.startsWith(`${base}.`));
    // What was not packed to its end, because the kubelet was.
    for (const name of found) if (name.endsWith(halfSuffix)) await files.remove(`${dir}/${name}`);
    const rotated = found.filter((name) => !name.endsWith(halfSuffix));
    const gone = new Set(surplus(rotated, this.#limits.maxFiles));
    for (const name of rotated) {
      if (gone.has(name)) await files.remove(`${dir}/${name}`);
      else if (!name.endsWith('.gz')) await this.#pack(`${dir}/${name}`);
    }
  }

  /** Piece by piece: a container may write more between two looks than there is memory. */
  async #pack(path: string): Promise<void> {
    const { files } = this.#context.platform;
    const half = `${path}${halfSuffix}`;
    const handle = await files.open(path, 'r');
    try {
      await files.write(half, '', { mode: 0o640 });
      await pipeline(piecesOf(handle), createGzip(), async (packed) => {
        for await (const piece of packed) await files.append(half, piece as Buffer);
      });
    } finally {
      await handle.close();
    }
    await files.rename(half, `${path}.gz`);
    await files.remove(path);
  }
}

async function* piecesOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const piece = Buffer.alloc(pieceBytes);
    const { bytesRead } = await handle.read(piece, 0, pieceBytes, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}
