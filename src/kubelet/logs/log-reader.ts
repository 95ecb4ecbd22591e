import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../../platform/clock.ts';
import type { Files } from '../../platform/files.ts';
import { parseCriLine } from './cri-line.ts';
import type { LogQuery } from './log-query.ts';
import { tailOffset } from './tail.ts';

export interface LogRead {
  files: Files;
  clock: Clock;
  path: string;
  query: LogQuery;
  /** Whether more may come. */
  isRunning(): Promise<boolean>;
  /** Takes bytes; resolves when there is room for more. */
  write(bytes: Buffer): Promise<void>;
  signal: AbortSignal;
}

const blockBytes = 64 * 1024;
const pollMs = 100;
/** No entry of a log is as long as this: runtimes cut lines at 16 KiB. */
const longestEntry = 1 << 20;
const newline = 0x0a;
const nothing = Buffer.alloc(0);

/** Sends what a container has written, and goes on while it is wanted: also when the log is moved away meanwhile. */
export async function readLog(read: LogRead): Promise<void> {
  await new LogReader(read).run();
}

class LogReader {
  readonly #read: LogRead;
  #left: number;
  #unfinished: Buffer = nothing;
  /** Whether the next entry begins a line, or goes on with the last one. */
  #atLineStart = true;
  #handle: FileHandle | undefined;
  #inode: number | undefined;
  #offset = 0;

  constructor(read: LogRead) {
    this.#read = read;
    this.#left = read.query.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  async run(): Promise<void> {
    try {
      await this.#open();
      await this.#seekTail();
      while (!this.#read.signal.aborted && this.#left > 0) {
        const isRunning = this.#read.query.follow && (await this.#read.isRunning());
        const moved = await this.#isMoved();
        if (await this.#drain()) continue;
        if (moved) await this.#open();
        else if (!isRunning) return;
        else await this.#read.clock.sleep(pollMs, this.#read.signal).catch(() => {});
      }
    } finally {
      await this.#handle?.close();
    }
  }

  async #open(): Promise<void> {
    const { files, path } = this.#read;
    await this.#handle?.close();
    this.#unfinished = nothing;
    this.#offset = 0;
    this.#inode = (await files.stat(path))?.inode;
    this.#handle = this.#inode === undefined ? undefined : await files.open(path, 'r').catch(() => undefined);
  }

  async #seekTail(): Promise<void> {
    const { tailLines } = this.#read.query;
    if (tailLines === undefined || !this.#handle) return;
    const { size } = await this.#handle.stat();
    this.#offset = await tailOffset(this.#handle, size, tailLines);
  }

  /** Whether another file stands where this one did: the log has been rotated, or has only now begun. */
  async #isMoved(): Promise<boolean> {
    const { files, path } = this.#read;
    const inode = (await files.stat(path))?.inode;
    return inode !== undefined && inode !== this.#inode;
  }

  /** Sends all that is there; tells whether it was anything. */
  async #drain(): Promise<boolean> {
    let any = false;
    while (this.#handle && this.#left > 0 && !this.#read.signal.aborted) {
      const block = Buffer.alloc(blockBytes);
      const { bytesRead } = await this.#handle.read(block, 0, blockBytes, this.#offset);
      if (bytesRead === 0) break;
      any = true;
      this.#offset += bytesRead;
      await this.#send(this.#lines(block.subarray(0, bytesRead)));
    }
    return any;
  }

  /** What the lines that a block completes come to. */
  #lines(block: Buffer): Buffer {
    const bytes = this.#unfinished.length > 0 ? Buffer.concat([this.#unfinished, block]) : block;
    const parts: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      const text = this.#format(bytes.subarray(start, end));
      if (text) parts.push(...text);
      start = end + 1;
    }
    const rest = bytes.subarray(start);
    this.#unfinished = rest.length > longestEntry ? nothing : Buffer.from(rest);
    return Buffer.concat(parts);
  }

  #format(line: Buffer): Buffer[] | undefined {
    const { timestamps, sinceMs, stream } = this.#read.query;
    const parsed = parseCriLine(line);
    if (!parsed || (stream && parsed.stream !== stream)) return undefined;
    if (sinceMs !== undefined && parsed.timeMs < sinceMs) return undefined;
    const begins = this.#atLineStart;
    this.#atLineStart = !parsed.partial;
    return timestamps && begins ? [Buffer.from(`${parsed.time} `), parsed.content] : [parsed.content];
  }

  async #send(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    await this.#read.write(part);
  }
}
