import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import {
  type Entry,
  type Store,
  StoreError,
  type StoreEvent,
  type WatchBatch,
  type WatchHandle,
} from '../../store/store.ts';
import { ofKey, root } from './key-prefix.ts';
import { heartbeatTurns, type ResourceCache } from './resource-cache.ts';

const pageSize = 1000;
/** How often each watcher hears something at least. */
const heartbeatEveryMs = 60_000;
const retryAfterMs = 500;
/** How long after a try what could not be decrypted is tried again: twice as long each time, until a limit. */
const unsealAfter = { firstMs: 1000, mostMs: 30_000 };
/**
 * How many of the newest revisions a server reads when it starts: so that watchers of the one before, which was
 * stopped or killed, go on where they stood.
 */
const recentRevisions = 1000;

export interface StoreFeedOptions {
  store: Store;
  clock: Clock;
  log: Log;
}

interface Slot {
  cache: ResourceCache;
  /** Events that came while the cache was being filled; undefined once it is. */
  held: StoreEvent[] | undefined;
}

interface Waiter {
  revision: number;
  resolve(): void;
}

/** The event for later: with what stood there before, which may be forgotten by then. */
function withPrevious(event: StoreEvent): StoreEvent {
  if (event.type === 'delete') {
    const { type, key, revision, previous } = event;
    return { type, key, revision, previous };
  }
  const { type, entry, previous } = event;
  return { type, entry, previous };
}

/** Feeds every cache from one watch of the store, so all of them stand at one revision. */
export class StoreFeed {
  readonly #options: StoreFeedOptions;
  readonly #slots = new Map<string, Slot>();
  #waiters: Waiter[] = [];
  #revision = 0;
  #watch: WatchHandle | undefined;
  #heartbeat: { cancel(): void } | undefined;
  /** Set while something is to be decrypted that could not be. */
  #unsealing: { cancel(): void } | undefined;
  #unsealAfterMs = unsealAfter.firstMs;
  #closed = false;

  constructor(options: StoreFeedOptions) {
    this.#options = options;
  }

  /** The newest revision that every loaded cache has taken in. */
  get revision(): number {
    return this.#revision;
  }

  /** Begins to follow the store. Caches added before are loaded when this resolves, with what happened last in their windows. */
  async start(): Promise<void> {
    const { revision, compactedRevision } = await this.#options.store.status();
    try {
      await this.#follow(Math.max(compactedRevision, revision - recentRevisions), revision);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'Compacted') throw error;
      // Others may compact the store at any time; what is newest now is kept for a while.
      this.#watch?.stop();
      for (const slot of this.#slots.values()) slot.held = [];
      const { revision: now } = await this.#options.store.status();
      await this.#follow(now, now);
    }
    this.#armHeartbeat();
  }

  close(): void {
    this.#closed = true;
    this.#watch?.stop();
    this.#heartbeat?.cancel();
    this.#unsealing?.cancel();
    for (const { cache } of this.#slots.values()) cache.endWatches();
  }

  /** Adds a cache; it is loaded when the promise resolves (or by `start`, where the feed has not started). */
  async add(cache: ResourceCache): Promise<void> {
    const slot: Slot = { cache, held: [] };
    this.#slots.set(cache.prefix, slot);
    if (this.#watch) await this.#load(slot, this.#revision);
  }

  remove(cache: ResourceCache): void {
    this.#slots.delete(cache.prefix);
    cache.endWatches();
  }

  /** Tries at once to decrypt what could not be: there may be the keys now. */
  async unsealAll(): Promise<void> {
    const reread = (key: string) => this.#options.store.get(key).catch(() => undefined);
    await Promise.all([...this.#slots.values()].map(({ cache }) => cache.unseal({ reread })));
  }

  /** Resolves once the caches have taken in `revision`. */
  reached(revision: number): Promise<void> | undefined {
    if (revision <= this.#revision) return undefined;
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  /** Loads all caches as of a revision, and resolves once they have taken in what happened until another. */
  async #follow(from: number, until: number): Promise<void> {
    this.#revision = from;
    await this.#open();
    await Promise.all([...this.#slots.values()].map((slot) => this.#load(slot, from)));
    await this.reached(until);
  }

  async #open(): Promise<void> {
    const watcher = {
      onBatch: (batch: WatchBatch) => this.#onBatch(batch),
      onProgress: (revision: number) => this.#onProgress(revision),
      onEnd: (error: StoreError) => void this.#reopen(error),
    };
    this.#watch = await this.#options.store.watch(root, this.#revision, watcher);
  }

  /** The store ended the watch: begin again, with everything read anew, since something may have been missed. */
  async #reopen(error: StoreError): Promise<void> {
    if (this.#closed || error.code === 'Closed') return;
    this.#options.log.warn('the watch of the store ended; reading everything again', { error });
    for (const slot of this.#slots.values()) slot.held = [];
    while (!this.#closed) {
      try {
        return await this.#restart();
      } catch (failure) {
        this.#options.log.warn('the store cannot be read; trying again', { error: failure });
        await this.#options.clock.sleep(retryAfterMs);
      }
    }
  }

  async #restart(): Promise<void> {
    this.#watch?.stop();
    const { revision } = await this.#options.store.status();
    this.#revision = Math.max(this.#revision, revision);
    const from = this.#revision;
    await this.#open();
    await Promise.all([...this.#slots.values()].map((slot) => this.#load(slot, from)));
    this.#wake();
  }

  #onBatch(batch: WatchBatch): void {
    for (const [slot, events] of this.#route(batch.events)) {
      if (slot.held) slot.held.push(...events.map(withPrevious));
      else this.#apply(slot.cache, events);
    }
    this.#onProgress(batch.revision);
  }

  #apply(cache: ResourceCache, events: readonly StoreEvent[]): void {
    cache.apply(events);
    if (cache.mayUnseal) this.#unsealLater();
  }

  /** Who holds the keys may be there again at any time. */
  #unsealLater(): void {
    if (this.#closed) return;
    this.#unsealing ??= this.#options.clock.after(this.#unsealAfterMs, () => void this.#unseal());
  }

  async #unseal(): Promise<void> {
    const sealed = [...this.#slots.values()].map(({ cache }) => cache).filter(({ mayUnseal }) => mayUnseal);
    await Promise.all(sealed.map((cache) => cache.unseal()));
    this.#unsealing = undefined;
    const isLeft = sealed.some(({ mayUnseal }) => mayUnseal);
    this.#unsealAfterMs = isLeft
      ? Math.min(2 * this.#unsealAfterMs, unsealAfter.mostMs)
      : unsealAfter.firstMs;
    if (isLeft) this.#unsealLater();
  }

  #onProgress(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    if (this.#waiters.length > 0) this.#wake();
  }

  #wake(): void {
    const ready = this.#waiters.filter((w) => w.revision <= this.#revision);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((w) => w.revision > this.#revision);
    for (const waiter of ready) waiter.resolve();
  }

  #route(events: readonly StoreEvent[]): Map<Slot, StoreEvent[]> {
    const routed = new Map<Slot, StoreEvent[]>();
    for (const event of events) {
      const slot = ofKey(this.#slots, event.type === 'put' ? event.entry.key : event.key);
      if (!slot) continue;
      const list = routed.get(slot);
      if (list) list.push(event);
      else routed.set(slot, [event]);
    }
    return routed;
  }

  /** Fills a cache; whoever reads from it meanwhile has to wait. */
  #load(slot: Slot, revision: number): Promise<void> {
    const loading = this.#fill(slot, revision);
    slot.cache.loading = loading.then(
      () => (slot.cache.loading = undefined),
      () => undefined,
    );
    return loading;
  }

  async #fill(slot: Slot, revision: number): Promise<void> {
    const entries = await this.#read(slot.cache.prefix, revision);
    slot.cache.reset(entries, revision);
    const held = slot.held ?? [];
    slot.held = undefined;
    this.#apply(
      slot.cache,
      held.filter((e) => (e.type === 'put' ? e.entry.revision : e.revision) > revision),
    );
  }

  async #read(prefix: string, atRevision: number): Promise<Entry[]> {
    const all: Entry[] = [];
    for (let from = prefix; ; ) {
      const page = await this.#options.store.list(prefix, {
        atRevision,
        limit: pageSize,
        from,
        onDemand: true,
      });
      all.push(...page.entries);
      if (!page.more) return all;
      from = `${(page.entries.at(-1) as Entry).key}\0`;
    }
  }

  #armHeartbeat(): void {
    let turns = heartbeatTurns;
    for (const { cache } of this.#slots.values()) turns = Math.min(turns, cache.turnsUntilHeartbeat);
    this.#heartbeat = this.#options.clock.after((turns * heartbeatEveryMs) / heartbeatTurns, () => {
      for (const { cache } of this.#slots.values()) cache.heartbeat(turns);
      this.#armHeartbeat();
    });
  }
}
