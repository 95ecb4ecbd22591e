import type { Clock } from '../../platform/clock.ts';
import { deferred } from '../../platform/deferred.ts';
import type { Log } from '../../platform/log.ts';
import { WatchHub } from '../core/watch-hub.ts';
import { StoreError, type Watcher, type WatchHandle } from '../store.ts';
import type { CauseRecord } from './cause-record.ts';
import type { Endpoints } from './endpoints.ts';
import { everything, type Keyspace } from './keyspace.ts';
import { type RawRevision, readRevision } from './watch-events.ts';
import { WatchStream } from './watch-stream.ts';

interface Waiter {
  revision: number;
  resolve(): void;
}

/** The revision of an etcd into which nobody has written: nothing happened at it, so no watch tells it. */
const unwrittenRevision = 1;

/** How long a revision that exists may be on its way before another server is asked. */
const lagMs = 1000;

/**
 * Follows everything that happens in etcd, by one watch for all watchers: so each revision that exists is seen,
 * and "everything up to here has been delivered" needs nobody's word. Who starts in the past reads it by a watch
 * of its own until it has caught up.
 */
export class Follower {
  readonly #keyspace: Keyspace;
  readonly #clock: Clock;
  readonly #live: WatchStream;
  readonly #past: WatchStream;
  readonly #hub = new WatchHub();
  /** Watches that still read the past; each is ended by its function. */
  readonly #replays = new Set<(error: StoreError) => void>();
  readonly #onRecord: (record: CauseRecord, revision: number) => void;
  readonly #onGap: () => void;
  #waiters: Waiter[] = [];
  #revision: number;

  constructor(options: {
    endpoints: Endpoints;
    keyspace: Keyspace;
    clock: Clock;
    log: Log;
    /** What is newest when it begins. */
    revision: number;
    /** Told of every commit before its watchers are. */
    onRecord(record: CauseRecord, revision: number): void;
    /** Told where commits were compacted before they were seen. */
    onGap(): void;
  }) {
    const { clock } = options;
    this.#keyspace = options.keyspace;
    this.#clock = clock;
    this.#onRecord = options.onRecord;
    this.#onGap = options.onGap;
    this.#revision = options.revision;
    this.#live = new WatchStream(options);
    this.#past = new WatchStream(options);
    this.#begin();
  }

  /** Everything up to this revision has been handed to watchers. */
  get revision(): number {
    return this.#revision;
  }

  /** Resolves once everything up to `revision` has been delivered, or after `timeoutMs`: then with false. */
  async reached(revision: number, timeoutMs: number): Promise<boolean> {
    if (revision <= this.#revision) return true;
    const started = this.#clock.monotonic();
    const waiter = { revision, resolve: () => {} };
    const arrived = new Promise<true>((resolve) => {
      waiter.resolve = () => resolve(true);
    });
    this.#waiters.push(waiter);
    for (;;) {
      if (await this.#within(arrived, Math.min(lagMs, timeoutMs))) return true;
      if (this.#clock.monotonic() - started >= timeoutMs) break;
      this.#live.switchServer();
    }
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    return false;
  }

  /**
   * Delivers everything after `fromRevision`, which must be kept and must have been written. Resolves once that has
   * caught up with the present.
   */
  async watch(prefix: string, fromRevision: number, watcher: Watcher): Promise<WatchHandle> {
    const from =
      this.#revision === unwrittenRevision ? Math.max(fromRevision, unwrittenRevision) : fromRevision;
    if (from < this.#revision) return this.#replay(prefix, from, watcher);
    watcher.onProgress?.(from);
    return this.#hub.add(prefix, from, watcher);
  }

  close(error: StoreError): void {
    this.#live.close();
    this.#past.close();
    this.#end(error);
    for (const waiter of this.#waiters) waiter.resolve();
  }

  #begin(): void {
    this.#live.add({
      range: everything,
      after: this.#revision,
      onRevision: (raw) => this.#onRevision(raw),
      onCompacted: (revision) => this.#onCompacted(revision),
    });
  }

  #onRevision(raw: RawRevision): void {
    const read = readRevision(raw, this.#keyspace);
    // Set first: a watch that is begun while this is delivered reads it from the past.
    this.#revision = raw.revision;
    if (!read) this.#end(compactedAway(raw.revision));
    if (read?.record) this.#onRecord(read.record, raw.revision);
    if (read?.batch) this.#hub.dispatch(read.batch);
    this.#hub.progress(raw.revision);
    this.#wake();
  }

  /** Too much was missed: who watches must begin again, and so does this. */
  #onCompacted(compactedRevision: number): void {
    this.#onGap();
    this.#end(compactedAway(compactedRevision));
    this.#revision = Math.max(this.#revision, compactedRevision);
    this.#begin();
    this.#wake();
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => waiter.revision <= this.#revision);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > this.#revision);
    for (const waiter of ready) waiter.resolve();
  }

  #end(error: StoreError): void {
    this.#hub.end(error);
    for (const end of this.#replays) end(error);
  }

  async #replay(prefix: string, fromRevision: number, watcher: Watcher): Promise<WatchHandle> {
    const caughtUp = deferred();
    let over = false;
    let live: WatchHandle | undefined;
    // A hub for this one watcher sorts out what lies below its prefix.
    const own = new WatchHub();
    own.add(prefix, fromRevision, watcher);
    const end = (error?: StoreError) => {
      if (over) return;
      over = true;
      this.#replays.delete(end);
      stop();
      live?.stop();
      if (error) watcher.onEnd(error);
      caughtUp.resolve();
    };
    const onRevision = (raw: RawRevision) => {
      const read = readRevision(raw, this.#keyspace);
      if (!read) return end(compactedAway(raw.revision));
      if (read.batch) own.dispatch(read.batch);
      if (over || raw.revision < this.#revision) return;
      stop();
      this.#replays.delete(end);
      live = this.#hub.add(prefix, raw.revision, watcher);
      watcher.onProgress?.(raw.revision);
      caughtUp.resolve();
    };
    const onCompacted = (revision: number) => end(compactedAway(revision));
    const stop = this.#past.add({ range: everything, after: fromRevision, onRevision, onCompacted });
    this.#replays.add(end);
    await caughtUp.promise;
    return { stop: () => end() };
  }

  async #within(arrived: Promise<true>, timeoutMs: number): Promise<boolean> {
    const limit = new AbortController();
    const late = this.#clock.sleep(timeoutMs, limit.signal).then(
      () => false,
      () => false,
    );
    try {
      return await Promise.race([arrived, late]);
    } finally {
      limit.abort();
    }
  }
}

function compactedAway(revision: number): StoreError {
  return new StoreError(
    'Compacted',
    `What came before revision ${revision} was compacted before it was read`,
  );
}
