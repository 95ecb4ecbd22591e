import type {
  Commit,
  Entry,
  HistoryEntry,
  ListOptions,
  ListResult,
  Store,
  StoreEvent,
  StoreStatus,
  WatchBatch,
  Watcher,
  WatchHandle,
  Write,
} from '../../store/store.ts';
import type { GroupResource } from './configuration.ts';
import { OpenedEntry, type OpenEntry } from './opened-entry.ts';
import type { ResourceTransformers } from './resource-transformers.ts';
import type { Transformer, ValuePlace } from './transformer.ts';

/** The resource whose objects stand under a key; undefined for what is no object. */
export type ResourceOf = (key: string) => GroupResource | undefined;

/** The event before it with what it told opened when somebody asks for it. */
class OpenedPut {
  readonly type = 'put';
  readonly entry: Entry;
  readonly #event: Extract<StoreEvent, { type: 'put' }>;
  readonly #open: OpenEntry;

  constructor(event: Extract<StoreEvent, { type: 'put' }>, open: OpenEntry) {
    this.entry = new OpenedEntry(event.entry, open);
    this.#event = event;
    this.#open = open;
  }

  get previous(): Entry | undefined {
    const { previous } = this.#event;
    return previous && new OpenedEntry(previous, this.#open);
  }
}

class OpenedDelete {
  readonly type = 'delete';
  readonly key: string;
  readonly revision: number;
  readonly #event: Extract<StoreEvent, { type: 'delete' }>;
  readonly #open: OpenEntry;

  constructor(event: Extract<StoreEvent, { type: 'delete' }>, open: OpenEntry) {
    this.key = event.key;
    this.revision = event.revision;
    this.#event = event;
    this.#open = open;
  }

  get previous(): Entry {
    return new OpenedEntry(this.#event.previous, this.#open);
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
    return this.#opened(await this.#store.get(key, options));
  }

  async newest(key: string, options?: { onDemand?: boolean }): Promise<Entry | undefined> {
    return this.#opened(await this.#store.newest(key, options));
  }

  /** What is configured to be encrypted is never read on demand: to decrypt it each time would be slow. */
  async list(prefix: string, options?: ListOptions): Promise<ListResult> {
    const { entries, ...rest } = await this.#store.list(prefix, options);
    return { entries: entries.map((entry) => this.#opened(entry) as Entry), ...rest };
  }

  commit({ writes, cause }: Commit): Promise<number> {
    return this.#store.commit({ writes: writes.map((write) => this.#sealed(write)), cause });
  }

  watch(prefix: string, fromRevision: number, watcher: Watcher): Promise<WatchHandle> {
    return this.#store.watch(prefix, fromRevision, {
      onBatch: (batch: WatchBatch) =>
        watcher.onBatch({ ...batch, events: batch.events.map((event) => this.#openedEvent(event)) }),
      onProgress: (revision) => watcher.onProgress?.(revision),
      onEnd: (error) => watcher.onEnd(error),
    });
  }

  async history(key: string): Promise<HistoryEntry[]> {
    const past = await this.#store.history(key);
    return past.map((one) => (one.entry ? { ...one, entry: this.#opened(one.entry) } : one));
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

  #opened(entry: Entry | undefined): Entry | undefined {
    const open = entry && this.#opening(entry.key);
    return open ? new OpenedEntry(entry as Entry, open) : entry;
  }

  #openedEvent(event: StoreEvent): StoreEvent {
    const open = this.#opening(event.type === 'put' ? event.entry.key : event.key);
    if (!open) return event;
    return event.type === 'put' ? new OpenedPut(event, open) : new OpenedDelete(event, open);
  }

  #sealed(write: Write): Write {
    if (write.type === 'delete') return write;
    const found = this.#transformer(write.key);
    if (!found) return write;
    const value = found.transformer.seal(write.value, found.place);
    if (value !== write.value) this.#plain.set(value, { value: write.value, by: found.transformer });
    return { ...write, value };
  }

  /** How what stands under a key is read; undefined where it is as it was written. */
  #opening(key: string): OpenEntry | undefined {
    const found = this.#transformer(key);
    if (!found) return undefined;
    const { transformer, place } = found;
    return (stored) => {
      const plain = this.#plain.get(stored);
      this.#plain.delete(stored);
      return plain?.by === transformer
        ? { value: plain.value, stale: false }
        : transformer.open(stored, place);
    };
  }

  #transformer(key: string): { transformer: Transformer; place: ValuePlace } | undefined {
    const found = this.#resourceOf(key);
    const transformer = found && this.#transformers.of(found);
    if (!transformer) return undefined;
    const { resource, group } = found;
    return { transformer, place: { key, resource: group ? `${resource}.${group}` : resource } };
  }
}
