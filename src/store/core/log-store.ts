import type { Clock } from '../../platform/clock.ts';
import {
  type Commit,
  type Entry,
  type HistoryEntry,
  type ListOptions,
  type ListResult,
  StoreError,
  type StoreStatus,
  type Watcher,
  type WatchHandle,
} from '../store.ts';
import { type CopiedChange, type CopyableStore, Copying } from './copying.ts';
import { Flusher } from './flusher.ts';
import { HistoryKeeper, type HistoryLimits } from './history-keeper.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { Ledger } from './ledger.ts';
import { type Batch, entryOf, type LogEngine, type LogState, revisionOf } from './log.ts';
import {
  checkRevision,
  checkWritten,
  findKey,
  readHistory,
  readKey,
  readLeases,
  readList,
  readRevisionAt,
} from './reading.ts';
import { byRevision, eventOf, readPart } from './replay.ts';
import { WatchHub } from './watch-hub.ts';

/** A store on top of an engine that keeps a log: everything but where the bytes lie. */
export class LogStore implements CopyableStore {
  readonly #engine: LogEngine;
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #flusher: Flusher;
  readonly #hub = new WatchHub();
  readonly #leases: LeaseKeeper;
  readonly #history: HistoryKeeper;
  /** Watches that still read the past; each is ended by its function. */
  readonly #replays = new Set<(error: StoreError) => void>();
  /** Everything up to this revision has been handed to watchers. */
  #dispatched: number;
  #closing: Promise<void> | undefined;

  constructor(options: { engine: LogEngine; clock: Clock; history: HistoryLimits }) {
    const { engine, clock } = options;
    this.#engine = engine;
    this.#clock = clock;
    this.#ledger = new Ledger(engine);
    this.#dispatched = engine.state().revision;
    const ledger = this.#ledger;
    this.#flusher = new Flusher({ engine, ledger, onDurable: (batch) => this.#onDurable(batch) });
    this.#leases = new LeaseKeeper({ clock, engine, commit: (commit) => this.commit(commit) });
    const flusher = this.#flusher;
    this.#history = new HistoryKeeper({ clock, engine, ledger, flusher, limits: options.history });
    this.#leases.start();
    this.#history.start();
  }

  async get(key: string, options?: { atRevision?: number }): Promise<Entry | undefined> {
    this.#checkOpen();
    return readKey(this.#engine, key, options?.atRevision);
  }

  async newest(key: string, options?: { onDemand?: boolean }): Promise<Entry | undefined> {
    this.#checkOpen();
    if (!options?.onDemand) return entryOf(this.#ledger.newest(key));
    const pending = this.#ledger.pending(key);
    return pending ? entryOf(pending) : findKey(this.#engine, key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#checkOpen();
    return readList(this.#engine, prefix, options);
  }

  async commit({ writes, cause }: Commit): Promise<number> {
    this.#checkOpen();
    let revision: number;
    try {
      revision = this.#ledger.commit({ writes, cause, nowMs: this.#clock.now() });
    } catch (error) {
      // What the conflict is with may not be durable yet, and until then nobody may hear of it.
      await this.#flusher.flushed();
      throw error;
    }
    await this.#flusher.flushed();
    return revision;
  }

  async watch(prefix: string, fromRevision: number, watcher: Watcher): Promise<WatchHandle> {
    this.#checkOpen();
    checkRevision(fromRevision, this.#engine.state());
    return this.#replay(prefix, fromRevision, watcher);
  }

  async history(key: string): Promise<HistoryEntry[]> {
    this.#checkOpen();
    return readHistory(this.#engine, key);
  }

  async revisionAt(timeMs: number): Promise<number> {
    this.#checkOpen();
    return readRevisionAt(this.#engine, timeMs);
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    checkWritten(revision, this.#engine.state());
    await this.#history.compact(() => ({ revision, mayGo: () => true }));
  }

  async leases(prefix: string): Promise<Map<string, number>> {
    this.#checkOpen();
    return readLeases(this.#engine, prefix, this.#clock.now());
  }

  async status(): Promise<StoreStatus> {
    this.#checkOpen();
    const { revision, compactedRevision } = this.#engine.state();
    return { backend: this.#engine.name, revision, compactedRevision, ...this.#engine.size() };
  }

  async check(): Promise<void> {
    this.#checkOpen();
    const trouble = this.#engine.trouble();
    if (trouble !== undefined) throw new StoreError('Unusable', `Nothing can be written: ${trouble}`);
  }

  async copy<T>(
    use: (state: Readonly<LogState>, parts: AsyncIterable<readonly CopiedChange[]>) => Promise<T>,
  ): Promise<T> {
    const release = await this.#history.hold();
    try {
      this.#checkOpen();
      return await use(this.#engine.state(), this.#parts(new Copying(this.#engine)));
    } finally {
      release();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#leases.stop();
    await this.#history.stop();
    await this.#flusher.flushed().catch(() => {});
    const error = closed();
    this.#hub.end(error);
    for (const end of this.#replays) end(error);
    await this.#engine.close();
  }

  async *#parts(copying: Copying): AsyncGenerator<readonly CopiedChange[]> {
    while (!copying.done) {
      this.#checkOpen();
      yield copying.next();
      await new Promise<void>((resolve) => this.#engine.soon(resolve));
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw closed();
  }

  /** Reads the past up to where others have been served, then goes on with them: no gap, nothing twice. */
  #replay(prefix: string, fromRevision: number, watcher: Watcher): WatchHandle {
    let after = fromRevision;
    let live: WatchHandle | undefined;
    let over = false;
    const end = (error?: StoreError) => {
      if (over) return;
      over = true;
      this.#replays.delete(end);
      live?.stop();
      if (error) watcher.onEnd(error);
    };
    const goOn = () => {
      if (over) return;
      const { compactedRevision } = this.#engine.state();
      if (after < compactedRevision) return end(compactedAway(after, compactedRevision));
      const part = readPart(this.#engine, { prefix, after, until: this.#dispatched });
      after = Math.max(after, part.after);
      for (const batch of part.batches) if (!over) watcher.onBatch(batch);
      if (over) return;
      if (after < this.#dispatched) return this.#engine.soon(goOn);
      this.#replays.delete(end);
      live = this.#hub.add(prefix, after, watcher);
      watcher.onProgress?.(after);
    };
    this.#replays.add(end);
    goOn();
    return { stop: () => end() };
  }

  #onDurable(batch: Batch): void {
    try {
      this.#dispatch(batch);
    } catch (error) {
      // The past cannot be read any more: who watches must not believe that nothing happened.
      this.#hub.end(error instanceof StoreError ? error : new StoreError('Unusable', String(error)));
    }
    this.#dispatched = batch.state.revision;
    for (const { expiresMs } of batch.leases) this.#leases.wakeAt(expiresMs);
    this.#history.check();
  }

  #dispatch(batch: Batch): void {
    for (const group of byRevision(batch.changes)) {
      const [{ position, cause }] = group;
      // Set first: a watch that is begun while this is delivered finds it in the log.
      this.#dispatched = revisionOf(position);
      const watched = group.filter((change) => this.#hub.watches(change.key));
      if (watched.length === 0) continue;
      const events = watched.map((change) => eventOf(this.#engine, change));
      this.#hub.dispatch({ revision: this.#dispatched, events, cause });
    }
  }
}

function closed(): StoreError {
  return new StoreError('Closed', 'The store is closed');
}

function compactedAway(after: number, compactedRevision: number): StoreError {
  return new StoreError(
    'Compacted',
    `Revision ${after} was compacted: the oldest one kept is ${compactedRevision}`,
  );
}
