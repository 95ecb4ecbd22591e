import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../platform/clock.ts';
import type { Files } from '../../platform/files.ts';
import type { Log } from '../../platform/log.ts';
import type { AuditEvent, AuditSink } from './event.ts';
import { type AuditFormat, eventLine } from './event-line.ts';

export interface AuditLogOptions {
  path: string;
  format: AuditFormat;
  /** A file that would get larger is put aside; never where 0. */
  maxBytes: number;
  /** How many files put aside are kept, and how long; all, and for ever, where 0. */
  maxBackups: number;
  maxAgeMs: number;
  /** Files put aside are packed. */
  compress: boolean;
}

type LogFiles = Pick<Files, 'append' | 'list' | 'makeDir' | 'read' | 'remove' | 'rename' | 'stat' | 'write'>;

const gzipped = promisify(gzip);

/** Of a new file. */
const ownerOnly = 0o600;

/** What may wait to be written; what comes when the disk does not follow is lost, and counted. */
const mostWaitingBytes = 64 * 1024 * 1024;

/** Writes events into a file, in their order. What comes while a write is under way is written together. */
export class AuditLog implements AuditSink {
  readonly plugin = 'log';
  readonly #options: AuditLogOptions;
  readonly #files: LogFiles;
  readonly #clock: Clock;
  readonly #log: Log;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #sizeBytes = 0;
  #writing: Promise<void> | undefined;
  /** Events that could not be written. */
  lost = 0;

  private constructor(options: AuditLogOptions, { files, clock, log }: LogPlatform) {
    this.#options = options;
    this.#files = files;
    this.#clock = clock;
    this.#log = log;
  }

  /** Rejects with the system's error where the file cannot be written. */
  static async open(options: AuditLogOptions, platform: LogPlatform): Promise<AuditLog> {
    const made = new AuditLog(options, platform);
    const { files } = platform;
    const [dir] = made.#place();
    await files.makeDir(dir, { mode: 0o700 });
    const there = await files.stat(options.path);
    if (there) await files.append(options.path, '');
    else await files.write(options.path, '', { mode: ownerOnly });
    made.#sizeBytes = there?.sizeBytes ?? 0;
    return made;
  }

  record(event: AuditEvent): void {
    if (this.#waitingBytes > mostWaitingBytes) {
      this.lost++;
      return;
    }
    const line = eventLine(event, this.#options.format);
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#writing ??= this.#write();
  }

  /** Resolves when all that was recorded has been written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // What else is recorded in this turn goes with it.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      await this.#append(lines).catch((error: Error) => {
        this.lost += lines.length;
        this.#log.warn('audit events could not be written', { count: lines.length, error: error.message });
      });
    }
    this.#writing = undefined;
  }

  /** As many lines at once as the file takes. */
  async #append(lines: readonly string[]): Promise<void> {
    const { path, maxBytes } = this.#options;
    let together: string[] = [];
    let bytes = 0;
    const flush = async () => {
      // Somebody may have taken the file away, as logrotate does.
      if (together.length > 0) await this.#files.append(path, together.join(''), { mode: ownerOnly });
      this.#sizeBytes += bytes;
      together = [];
      bytes = 0;
    };
    for (const line of lines) {
      const length = Buffer.byteLength(line);
      const size = this.#sizeBytes + bytes;
      if (maxBytes > 0 && size > 0 && size + length > maxBytes) {
        await flush();
        await this.#putAside();
      }
      together.push(line);
      bytes += length;
    }
    await flush();
  }

  /** The directory, and what the names of files put aside begin and end with. */
  #place(): [dir: string, before: string, after: string] {
    const [, dir = '', name = ''] = /^(.*\/)?([^/]*)$/.exec(this.#options.path) ?? [];
    const dot = name.lastIndexOf('.');
    const at = dot < 0 ? name.length : dot;
    return [dir || '.', `${name.slice(0, at)}-`, name.slice(at)];
  }

  async #putAside(): Promise<void> {
    const { path } = this.#options;
    const [dir, before, after] = this.#place();
    const moment = new Date(this.#clock.now()).toISOString().slice(0, 23).replaceAll(':', '-');
    const aside = `${dir}/${before}${moment}${after}`;
    const files = this.#files;
    await files.rename(path, aside);
    await files.write(path, '', { mode: (await files.stat(aside))?.mode ?? ownerOnly });
    this.#sizeBytes = 0;
    // Events are not lost for it: there is a new file that takes them.
    await this.#tidy(aside).catch((error: Error) => {
      this.#log.warn('audit logs put aside could not be tidied up', { file: aside, error: error.message });
    });
  }

  async #tidy(aside: string): Promise<void> {
    const files = this.#files;
    if (this.#options.compress) {
      await files.write(`${aside}.gz`, await gzipped(await files.read(aside)), { mode: ownerOnly });
      await files.remove(aside);
    }
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    const { maxBackups, maxAgeMs } = this.#options;
    const [dir, before, after] = this.#place();
    const nowMs = this.#clock.now();
    const moments = (await this.#files.list(dir))
      .map((name) => ({ name, ms: momentOf(name, before, after) }))
      .filter(({ ms }) => !Number.isNaN(ms))
      .sort((a, b) => b.ms - a.ms);
    for (const [i, { name, ms }] of moments.entries()) {
      const isOld = maxAgeMs > 0 && nowMs - ms > maxAgeMs;
      if (isOld || (maxBackups > 0 && i >= maxBackups)) await this.#files.remove(`${dir}/${name}`);
    }
  }
}

/** When a file was put aside, by its name; NaN where it is none of those. */
function momentOf(name: string, before: string, after: string): number {
  const plain = name.endsWith('.gz') ? name.slice(0, -3) : name;
  if (!plain.startsWith(before) || !plain.endsWith(after)) return Number.NaN;
  const text = plain.slice(before.length, plain.length - after.length);
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(text);
  return match ? Date.parse(`${match[1]}T${match[2]}:${match[3]}:${match[4]}Z`) : Number.NaN;
}

interface LogPlatform {
  files: LogFiles;
  clock: Clock;
  log: Log;
}
