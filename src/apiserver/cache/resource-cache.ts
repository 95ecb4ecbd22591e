import type { KubernetesObject } from '../../api/resource.ts';
import { expired } from '../../machinery/status-error.ts';
import { TurnSteps } from '../../platform/turn.ts';
import { type Entry, isOnDemand, StoreError, type StoreEvent } from '../../store/store.ts';
import { OpenedEntry } from '../encryption/opened-entry.ts';
import { TransformError } from '../encryption/transform-error.ts';
import type { FrameSink } from '../request.ts';
import { CachedItem, type ItemCodec, type Selectable } from './cached-item.ts';
import { type CacheEvent, EventWindow, type WindowLimits } from './event-window.ts';
import { FieldIndex } from './field-index.ts';
import { SortedItems } from './sorted-items.ts';
import { Turns } from './turns.ts';
import { type Scope, WatchCursor } from './watch-cursor.ts';
import { WatcherIndex } from './watcher-index.ts';

/** In so many parts watchers are told that nothing has happened: ten thousand at once would hold up everything else. */
export const heartbeatTurns = 60;

export interface ResourceCacheOptions {
  /** Store key prefix of the resource, with a slash at its end. */
  prefix: string;
  codec: ItemCodec;
  limits: WindowLimits;
  /** Fields that objects can be found by; an index is made when somebody first does. */
  indexed?: readonly string[] | undefined;
  /** Told of what is stored, but is no object: whoever shares a store with others may find anything. It is left out. */
  onUnreadable?(entry: Entry, error: unknown): void;
}

/** How a watch begins. */
export interface WatchStart {
  /** Send the current objects as ADDED first. */
  initial: boolean;
  /** Otherwise: go on after this revision; the newest where absent. */
  after?: number;
  /** Sent when the initial objects have been. */
  closing?: () => KubernetesObject;
  /** Makes the bookmarks of a client that allows them. */
  bookmark?: () => KubernetesObject;
  view(item: CachedItem): CachedItem;
  /** Gets states ready to be viewed, and gives undefined where they are; absent where they always are. */
  prepare?: ((items: readonly CachedItem[]) => Promise<void> | undefined) | undefined;
  /** Called once the watch is over, whoever ended it. */
  onDone(): void;
}

/** Bytes of objects read for selectors after which others get their turn of the event loop, and what the least object counts for. */
const readPerTurn = 200_000;
const leastRead = 2000;

async function readInTurns(items: Iterable<CachedItem>, asked: Selectable): Promise<void> {
  const steps = new TurnSteps(readPerTurn);
  // As they are now: what changes meanwhile is read when it is looked at.
  for (const item of [...items]) if (item.read(asked)) await steps.taken(Math.max(item.jsonBytes, leastRead));
}

/** All objects of one resource in memory, with the window of what happened to them last and who watches. */
export class ResourceCache {
  readonly prefix: string;
  /** Set while the objects are being read: the cache does not show everything then. */
  loading: Promise<void> | undefined;
  readonly #codec: ItemCodec;
  readonly #limits: WindowLimits;
  readonly #indexed: readonly string[];
  readonly #onUnreadable: ResourceCacheOptions['onUnreadable'];
  readonly #items = new SortedItems<CachedItem>();
  readonly #indices = new Map<string, FieldIndex>();
  /** Fields of which an index is being made. */
  readonly #indexing = new Map<string, Promise<void>>();
  readonly #watchers: WatcherIndex<WatchCursor>;
  readonly #turns = new Turns<WatchCursor>(heartbeatTurns);
  /** What cannot be decrypted, by its key, and why. */
  readonly #sealed = new Map<string, { entry: Entry; error: TransformError }>();
  #window: EventWindow;
  /** The revision of the newest event of this resource. */
  #changed = 0;

  constructor(options: ResourceCacheOptions) {
    this.prefix = options.prefix;
    this.#watchers = new WatcherIndex(options.prefix);
    this.#codec = options.codec;
    this.#limits = options.limits;
    this.#indexed = options.indexed ?? [];
    this.#onUnreadable = options.onUnreadable;
    this.#window = new EventWindow(options.limits, 0);
  }

  get size(): number {
    return this.#items.size;
  }

  get changedRevision(): number {
    return this.#changed;
  }

  get(key: string): CachedItem | undefined {
    return this.#items.get(key);
  }

  range(prefix: string, from?: string): IterableIterator<CachedItem> {
    return this.#items.range(prefix, from);
  }

  /** Why the object of a key, which is there, cannot be decrypted. */
  sealedAt(key: string): TransformError | undefined {
    return this.#sealed.get(key)?.error;
  }

  /** An object below a prefix that is there and cannot be decrypted. */
  firstSealed(prefix: string): { key: string; error: TransformError } | undefined {
    for (const [key, { error }] of this.#sealed) if (key.startsWith(prefix)) return { key, error };
    return undefined;
  }

  /** Whether there is anything that cannot be decrypted, and maybe can be later. */
  get mayUnseal(): boolean {
    for (const { error } of this.#sealed.values()) if (error.mayPass) return true;
    return false;
  }

  /**
   * Tries again what could not be decrypted and may be now. What can be is there from then on: nobody need hear of it, since nobody
   * watches what cannot be listed. `reread` gives what stands under a key, as it is read now: where keys may be others, all is tried.
   */
  async unseal({ reread }: { reread?: (key: string) => Promise<Entry | undefined> } = {}): Promise<void> {
    const sealed = [...this.#sealed.values()].filter(({ error }) => reread || error.mayPass);
    await Promise.all(
      sealed.map(async ({ entry }) => {
        if (entry instanceof OpenedEntry) await entry.prepare({ again: true });
        this.#unsealOne(entry, entry instanceof OpenedEntry ? entry : await reread?.(entry.key));
      }),
    );
  }

  #unsealOne(sealed: Entry, now: Entry | undefined): void {
    const { key, revision } = sealed;
    // Another may have been put there meanwhile.
    if (now?.revision !== revision || this.#sealed.get(key)?.entry !== sealed) return;
    const item = this.#read(now, { isKnown: true });
    if (!item) return;
    this.#sealed.delete(key);
    this.#items.set(item);
    for (const index of this.#indices.values()) index.change(undefined, item);
  }

  /** All objects that a scope can mean, in the order of their keys: those that match it, and maybe others of its prefix. */
  within({ prefix, required }: Pick<Scope, 'prefix' | 'required'>, from = prefix): Iterable<CachedItem> {
    const index = required?.value ? this.#index(required.field) : undefined;
    return index?.range(required?.value as string, prefix, from) ?? this.#items.range(prefix, from);
  }

  /**
   * Reads what the selectors of a scope ask for, of all objects or of those from a key on, others having their turn meanwhile. What is
   * selected next is selected in one go, and would have to read all of it in that.
   */
  async readAhead(scope: Scope, from?: string): Promise<void> {
    const { asked, required } = scope;
    if (!asked) return;
    if (required?.value && this.#indexed.includes(required.field)) await this.#ready(required.field);
    await readInTurns(this.within(scope, from), asked);
  }

  /** The index of a field is made once for all who want it. */
  #ready(field: string): Promise<void> | undefined {
    if (this.#indices.has(field)) return undefined;
    const known = this.#indexing.get(field);
    if (known) return known;
    const all = this.#items.range(this.prefix);
    const made = readInTurns(all, { labels: false, fields: true }).then(() => {
      this.#indexing.delete(field);
      this.#index(field);
    });
    this.#indexing.set(field, made);
    return made;
  }

  #index(field: string): FieldIndex | undefined {
    const known = this.#indices.get(field);
    if (known || !this.#indexed.includes(field)) return known;
    const index = new FieldIndex(field, this.#items.range(this.prefix));
    this.#indices.set(field, index);
    return index;
  }

  /** How many objects `range` gives. */
  count(prefix: string, from?: string): number {
    return this.#items.count(prefix, from);
  }

  /** The version of an object that a revision wrote, if it is the current one or still in the window. */
  written(key: string, revision: number): CachedItem | undefined {
    const current = this.#items.get(key);
    if (current?.revision === revision) return current;
    const window = this.#window;
    for (let at = window.sequenceAfter(revision - 1); ; at++) {
      const event = window.at(at);
      if (!event || event.revision > revision) return undefined;
      if (event.item?.key === key) return event.item;
    }
  }

  /** An item for an entry read from the store's past. */
  itemOf(entry: Entry): CachedItem {
    const current = this.#items.get(entry.key);
    if (current?.revision === entry.revision) return current;
    const stored = isOnDemand(entry) ? entry : entry.value;
    return new CachedItem(entry.key, entry.revision, stored, this.#codec);
  }

  /** Starts over with what stands at `revision`. Watchers are ended: they cannot know what they missed. */
  reset(entries: Iterable<Entry>, revision: number): void {
    this.#items.clear();
    this.#indices.clear();
    this.#sealed.clear();
    for (const entry of entries) {
      const item = this.#read(entry);
      if (item) this.#items.set(item);
    }
    this.#window = new EventWindow(this.#limits, revision);
    this.#changed = revision;
    this.endWatches();
  }

  #read(entry: Entry, { isKnown = false } = {}): CachedItem | undefined {
    try {
      return this.itemOf(entry);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      if (error instanceof TransformError) this.#sealed.set(entry.key, { entry, error });
      if (!isKnown) this.#onUnreadable?.(entry, error);
      return undefined;
    }
  }

  endWatches(): void {
    for (const watcher of this.#watchers) watcher.end();
  }

  /** Takes in what one commit did to this resource, and tells the watchers. */
  apply(events: readonly StoreEvent[]): void {
    for (const event of events) this.#applyOne(event);
  }

  #applyOne(event: StoreEvent): void {
    const key = event.type === 'put' ? event.entry.key : event.key;
    const revision = event.type === 'put' ? event.entry.revision : event.revision;
    const previous = this.#items.get(key);
    // The store may forget it from now on, and others may be about to read it.
    if (previous?.isInStore && event.previous?.revision === previous.revision)
      previous.keep(event.previous.value);
    this.#sealed.delete(key);
    const item = event.type === 'put' ? this.#read(event.entry) : undefined;
    if (item) this.#items.set(item);
    else this.#items.delete(key);
    for (const index of this.#indices.values()) index.change(previous, item);
    this.#changed = revision;
    if (this.#sealed.has(key)) this.#loseTrack(revision);
    else if (item || previous) this.#tell({ revision, item, previous });
  }

  /** What happened cannot be told: it was no deletion. Whoever watches has to list again, and hears why that cannot be done. */
  #loseTrack(revision: number): void {
    this.#window = new EventWindow(this.#limits, revision);
    this.endWatches();
  }

  #tell(event: CacheEvent): void {
    const sequence = this.#window.nextSequence;
    this.#window.push(event);
    this.#watchers.each(event, (watcher) => watcher.offer(event, sequence));
  }

  /** Opens a watch. A start that the window no longer reaches is answered with an Expired error. */
  watch(scope: Scope, start: WatchStart, sink: FrameSink): WatchCursor {
    const window = this.#window;
    const onDone = (done: WatchCursor) => {
      this.#watchers.delete(done);
      this.#turns.delete(done);
      start.onDone();
    };
    const { view, prepare, bookmark, after = 0 } = start;
    const cursor = new WatchCursor({ scope, window, sink, view, prepare, bookmark, after, onDone });
    if (start.after !== undefined && start.after < window.completeAfter) {
      cursor.end(expired(`too old resource version: ${start.after} (${window.completeAfter})`));
      return cursor;
    }
    this.#watchers.add(cursor);
    this.#turns.add(cursor);
    const items = start.initial ? this.#select(scope) : [];
    const sequence = start.after === undefined ? window.nextSequence : window.sequenceAfter(start.after);
    void cursor.start(items, sequence, start.closing);
    return cursor;
  }

  /** In how many turns there is a heartbeat for somebody, as far as can be told. */
  get turnsUntilHeartbeat(): number {
    return this.#turns.untilNext;
  }

  /**
   * Keeps watchers informed that hear nothing, and ends those who have stopped listening: all of them within `heartbeatTurns` turns, of which
   * so many have passed.
   */
  heartbeat(turns: number): void {
    for (const watcher of this.#turns.pass(turns)) watcher.heartbeat();
  }

  #select(scope: Scope): CachedItem[] {
    const items: CachedItem[] = [];
    for (const item of this.within(scope)) {
      if (!scope.matches || scope.matches(item)) items.push(item);
    }
    return items;
  }
}
