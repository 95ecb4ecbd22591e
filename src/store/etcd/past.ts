import type { Clock } from '../../platform/clock.ts';
import { deferred } from '../../platform/deferred.ts';
import type { Log } from '../../platform/log.ts';
import { type Entry, type HistoryEntry, StoreError } from '../store.ts';
import { type CauseRecord, decodeCause } from './cause-record.ts';
import type { Endpoints } from './endpoints.ts';
import { causeKey, everything, isKey, type Keyspace } from './keyspace.ts';
import type { Reader } from './reader.ts';
import { type RawRevision, readRevision } from './watch-events.ts';
import { WatchStream } from './watch-stream.ts';

/** What is known of when and why: the newest commit up to some revision. */
interface KnownCommit {
  revision: number;
  record: CauseRecord;
}

/** Answers about the past, as far as etcd still keeps it. */
export class Past {
  readonly #keyspace: Keyspace;
  readonly #reader: Reader;
  readonly #stream: WatchStream;

  constructor(options: {
    endpoints: Endpoints;
    keyspace: Keyspace;
    reader: Reader;
    clock: Clock;
    log: Log;
  }) {
    this.#keyspace = options.keyspace;
    this.#reader = options.reader;
    this.#stream = new WatchStream(options);
  }

  close(): void {
    this.#stream.close();
  }

  /** The newest commit at `timeMs` or before, or a revision before the first one. Found by halving what is kept. */
  async revisionAt(timeMs: number): Promise<number> {
    const newest = await this.#commitAt(undefined);
    if (!newest) return 0;
    if (newest.record.timeMs <= timeMs) return newest.revision;
    const oldest = await this.#reader.compactedRevision(newest.revision);
    let known = oldest > 0 ? await this.#commitAt(oldest) : undefined;
    if (known && known.record.timeMs > timeMs)
      throw new StoreError('Compacted', 'That moment is no longer kept');
    let early = Math.max(oldest, 1);
    let late = newest.revision;
    while (late - early > 1) {
      const middle = Math.floor((early + late) / 2);
      const commit = await this.#commitAt(middle);
      if (commit && commit.record.timeMs > timeMs) late = commit.revision;
      else {
        early = middle;
        known = commit ?? known;
      }
      if (late <= early) break;
    }
    return known?.revision ?? early;
  }

  /** A key's kept versions, newest first. Of the one that a compaction left, the cause may be gone. */
  async history(key: string): Promise<HistoryEntry[]> {
    if (!isKey(key)) return [];
    const newest = await this.#reader.revision();
    const oldest = await this.#reader.compactedRevision(newest);
    const lines = [...(await this.#standing(key, oldest)), ...(await this.#since(key, oldest, newest))];
    return lines.reverse();
  }

  /** The version that stands at the oldest revision. */
  async #standing(key: string, oldest: number): Promise<HistoryEntry[]> {
    const entry = oldest > 0 ? await this.#reader.get(key, oldest) : undefined;
    if (!entry) return [];
    const commit = await this.#commitAt(oldest);
    return [lineOf({ revision: entry.revision, entry, commit })];
  }

  async #since(key: string, oldest: number, newest: number): Promise<HistoryEntry[]> {
    if (newest <= Math.max(oldest, 1)) return [];
    const lines: HistoryEntry[] = [];
    let commit = oldest > 0 ? await this.#commitAt(oldest) : undefined;
    const done = deferred();
    const stop = this.#stream.add({
      range: everything,
      after: oldest,
      onRevision: (raw: RawRevision) => {
        const read = readRevision(raw, this.#keyspace);
        if (!read)
          return done.reject(new StoreError('Compacted', 'The past was compacted while it was read'));
        if (read.record) commit = { revision: raw.revision, record: read.record };
        for (const event of read.batch?.events ?? []) {
          const entry = event.type === 'put' ? event.entry : undefined;
          if ((entry?.key ?? (event as { key?: string }).key) !== key) continue;
          const cause = read.batch?.cause;
          lines.push({ ...lineOf({ revision: raw.revision, entry, commit }), ...(cause && { cause }) });
        }
        if (raw.revision >= newest) done.resolve();
      },
      onCompacted: () => done.reject(new StoreError('Compacted', 'The past was compacted while it was read')),
    });
    await done.promise.finally(stop);
    return lines;
  }

  async #commitAt(atRevision: number | undefined): Promise<KnownCommit | undefined> {
    const entry = await this.#reader.get(causeKey, atRevision);
    const record = entry && decodeCause(entry.value);
    return record && { revision: entry.revision, record };
  }
}

function lineOf(at: {
  revision: number;
  entry: Entry | undefined;
  commit: KnownCommit | undefined;
}): HistoryEntry {
  const { revision, entry, commit } = at;
  const cause = commit?.revision === revision ? commit.record.cause : undefined;
  return { revision, timeMs: commit?.record.timeMs ?? 0, ...(entry && { entry }), ...(cause && { cause }) };
}
