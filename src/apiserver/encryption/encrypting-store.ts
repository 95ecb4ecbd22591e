import { TurnSteps } from '../../platform/turn.ts';
import type {
  Commit,
  Entry,
  HistoryEntry,
  ListOptions,
  ListResult,
  Store,
  StoreEvent,
  StoreStatus,
  Watcher,
  WatchHandle,
  Write,
} from '../../store/store.ts';
import type { GroupResource } from './configuration.ts';
import { OpenedEntry, type EntryOpener } from './opened-entry.ts';
import { PreparedWatcher } from './prepared-watcher.ts';
import type { ResourceTransformers } from './resource-transformers.ts';
import { identity, type Opened, type Transformer, type ValuePlace } from './transformer.ts';

/** The resource whose objects stand under a key; undefined for what is no object. */
export type ResourceOf = (key: string) => GroupResource | undefined;

/** The event before it with what it told opened when somebody asks for it. */
class OpenedPut {
  readonly type = 'put';
  readonly entry: Entry;
  readonly #event: Extract<StoreEvent, { type: 'put' }>;
  readonly #opener: EntryOpener;

  constructor(event: Extract<StoreEvent, { type: 'put' }>, opener: EntryOpener) {
    this.entry = new OpenedEntry(event.entry, opener);
    this.#event = event;
    this.#opener = opener;
  }

  get previous(): Entry | undefined {
    const { previous } = this.#event;
    return previous && new OpenedEntry(previous, this.#opener);
  }
}

class OpenedDelete {
  readonly type = 'delete';
  readonly key: string;
  readonly revision: number;
  readonly #event: Extract<StoreEvent, { type: 'delete' }>;
  readonly #opener: EntryOpener;

  constructor(event: Extract<StoreEvent, { type: 'delete' }>, opener: EntryOpener) {
    this.key = event.key;
    this.revision = event.revision;
    this.#event = event;
    this.#opener = opener;
  }

  get previous(): Entry {
    return new OpenedEntry(this.#event.previous, this.#opener);
  }
}

/** Waits for what it takes to read entries, for all of them at once. */
async function prepared(entries: readonly Entry[]): Promise<void> {
  const waits = entries.flatMap((entry) =>
    entry instanceof OpenedEntry ? (entry.prepare({ again: true }) ?? []) : [],
  );
  if (waits.length > 0) await Promise.all(waits);
}

/** So many values are decrypted before others have their turn of the event loop. */
const openedPerTurn = 100;

async function openInTurns(entries: readonly Entry[]): Promise<void> {
  const steps = new TurnSteps(openedPerTurn);
  for (const entry of entries) {
    if (!(entry instanceof OpenedEntry)) continue;
    entry.openAhead();
    await steps.taken();
  }
}

/**
 * A store whose values are encrypted as configured, resource by resource, and are read as if they were not. What cannot be
 * decrypted throws a TransformError when its value is asked for, not before. Keys and causes are not encrypted.
 */
export class EncryptingStore implements Store {
  readonly #store: Store;
  readonly #transformers: ResourceTransformers;
  readonly #resourceOf: ResourceOf;
  /** What has been encrypted here, by what it became, for whoever first hears of it: it need not be decrypted. */
  readonly #plain = new WeakMap<Uint8Array, { value: Uint8Array; by: Transformer }>();

  constructor(store: Store, transformers: ResourceTransformers, resourceOf: ResourceOf) {
    this.#store = store;
    this.#transformers = transformers;
    this.#resourceOf = resourceOf;
  }

  async get(key: string, options?: { atRevision?: number }): Promise<Entry | undefined> {
    return this.#ready(await this.#store.get(key, options));
  }

  async newest(key: string, options?: { onDemand?: boolean }): Promise<Entry | undefined> {
    return this.#ready(await this.#store.newest(key, options));
  }

  /** What is configured to be encrypted is never read on demand: to decrypt it each time would be slow. */
  async list(prefix: string, options?: ListOptions): Promise<ListResult> {
    const { entries, ...rest } = await this.#store.list(prefix, options);
    const opened = entries.map((entry) => this.#opened(entry) as Entry);
    await prepared(opened);
    // Who would take entries on demand takes very many, and may read them all in one go.
    if (options?.onDemand) await openInTurns(opened);
    return { entries: opened, ...rest };
  }

  commit({ writes, cause }: Commit): Promise<number> {
    try {
      return this.#store.commit({ writes: writes.map((write) => this.#sealed(write)), cause });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async watch(prefix: string, fromRevision: number, watcher: Watcher): Promise<WatchHandle> {
    const prepared = new PreparedWatcher(watcher, (event) => this.#openedEvent(event));
    const handle = await this.#store.watch(prefix, fromRevision, prepared);
    return {
      stop() {
        prepared.stop();
        handle.stop();
      },
    };
  }

  async history(key: string): Promise<HistoryEntry[]> {
    const past = await this.#store.history(key);
    const opened = past.map((one) => (one.entry ? { ...one, entry: this.#opened(one.entry) as Entry } : one));
    await prepared(opened.flatMap(({ entry = [] }) => entry));
    return opened;
  }

  revisionAt(timeMs: number): Promise<number> {
    return this.#store.revisionAt(timeMs);
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision);
  }

  leases(prefix: string): Promise<Map<string, number>> {
    return this.#store.leases(prefix);
  }

  status(): Promise<StoreStatus> {
    return this.#store.status();
  }

  check(): Promise<void> {
    return this.#store.check();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The entry with what it takes to read it. */
  async #ready(entry: Entry | undefined): Promise<Entry | undefined> {
    const opened = this.#opened(entry);
    if (opened) await prepared([opened]);
    return opened;
  }

  #opened(entry: Entry | undefined): Entry | undefined {
    const opener = entry && this.#opening(entry.key);
    return opener ? new OpenedEntry(entry as Entry, opener) : entry;
  }

  #openedEvent(event: StoreEvent): StoreEvent {
    const opener = this.#opening(event.type === 'put' ? event.entry.key : event.key);
    if (!opener) return event;
    return event.type === 'put' ? new OpenedPut(event, opener) : new OpenedDelete(event, opener);
  }

  #sealed(write: Write): Write {
    if (write.type === 'delete') return write;
    const found = this.#transformer(write.key);
    if (!found) return write;
    const value = found.transformer.seal(write.value, found.place);
    if (value !== write.value) this.#plain.set(value, { value: write.value, by: found.transformer });
    return { ...write, value };
  }

  /** How what stands under a key is read, as configured whenever it is; undefined where it is as it was written. */
  #opening(key: string): EntryOpener | undefined {
    if (!this.#transformer(key)) return undefined;
    return {
      open: (stored) => this.#open(key, stored),
      prepare: (stored, options) => {
        const transformer = this.#transformer(key)?.transformer;
        const isPlain = transformer && this.#plain.get(stored)?.by === transformer;
        return isPlain ? undefined : transformer?.prepare?.(stored, options);
      },
    };
  }

  #open(key: string, stored: Uint8Array): Opened {
    const { transformer = identity, place = { key, resource: '' } } = this.#transformer(key) ?? {};
    const plain = this.#plain.get(stored);
    this.#plain.delete(stored);
    return plain?.by === transformer ? { value: plain.value, stale: false } : transformer.open(stored, place);
  }

  #transformer(key: string): { transformer: Transformer; place: ValuePlace } | undefined {
    const found = this.#resourceOf(key);
    const transformer = found && this.#transformers.of(found);
    if (!transformer) return undefined;
    const { resource, group } = found;
    return { transformer, place: { key, resource: group ? `${resource}.${group}` : resource } };
  }
}
