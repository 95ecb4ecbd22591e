import type { KubernetesObject, Resource, Stored } from '../api/resource.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { Clock } from '../platform/clock.ts';
import { deferred } from '../platform/deferred.ts';
import { LargeMap } from '../platform/large-map.ts';
import { LargeSet } from '../platform/large-set.ts';
import type { Log } from '../platform/log.ts';
import { onAbort } from '../platform/on-abort.ts';
import type { Random } from '../platform/random.ts';
import { afterTurn } from '../platform/turn.ts';
import { Backoff } from './backoff.ts';
import type { Client, ListOptions } from './client.ts';
import type { WatchEvent } from './transport.ts';

/** The key of an object in an informer and a work queue: `namespace/name`, or `name` without a namespace. */
export function keyOf(object: { metadata: { namespace?: string; name?: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : (name ?? '');
}

/** Told of each change after the informer's own content has it. Handlers must not throw or block. */
export interface ChangeHandler<T extends KubernetesObject> {
  added?(object: Stored<T>): void;
  updated?(object: Stored<T>, old: Stored<T>): void;
  deleted?(object: Stored<T>): void;
}

export interface InformerOptions<T extends KubernetesObject> {
  client: Client;
  resource: Resource<T>;
  clock: Clock;
  random: Random;
  log: Log;
  /** Narrow what is watched. */
  select?: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;
  /** Nobody looks at anything but kind and metadata. */
  metadataOnly?: boolean;
  /** All of each object unless given. */
  keep?: Keep<T>;
}

/**
 * What is kept of an object, or nothing at all of one that nobody looks at: with a memory of its own, one who looks at little need not
 * remember all. What is kept has key, uid and revision of the object.
 */
export type Keep<T extends KubernetesObject> = (object: Stored<T>) => Stored<T> | undefined;

/** Failures after which it is tried again sooner than this are not warned of. */
const quietMs = 3000;
/** How many objects one page of the first list asks for: what takes a few milliseconds in this process. */
const pageSize = 100;

/**
 * A local, ever current copy of a resource: lists once, then watches, and starts over where the watch cannot go on.
 * What it holds is shared with everybody: never write into it. It may come without `metadata.managedFields`.
 */
export class Informer<T extends KubernetesObject> {
  readonly resource: Resource<T>;
  readonly #options: InformerOptions<T>;
  readonly #objects = new LargeMap<Stored<T>>();
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #synced = deferred();
  #hasSynced = false;
  #resourceVersion = '';
  /** By revision, those who have waited longest first. */
  #waiting: { revision: number; fn: () => void }[] = [];
  readonly #waitingForChange = new Map<string, (() => void)[]>();

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.resource = options.resource;
  }

  /** Whether the first list is in. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves once the first list is in. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** The revision up to which the content is known to be current. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  get(key: string): Stored<T> | undefined {
    return this.#objects.get(key);
  }

  list(): Stored<T>[] {
    return [...this.#objects.values()];
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Objects by an index value; the index must have been added. */
  byIndex(index: string, value: string): Stored<T>[] {
    return Array.from(this.#indexOf(index).keys(value), (key) => this.#objects.get(key) as Stored<T>);
  }

  /** How many objects `byIndex` finds. */
  countByIndex(index: string, value: string): number {
    return this.#indexOf(index).count(value);
  }

  #indexOf(index: string): Index<T> {
    const found = this.#indexes.get(index);
    if (!found) throw new Error(`informer for ${this.resource.plural} has no index ${index}`);
    return found;
  }

  /** Adds an index: objects found by any of the values that `values` gives. No error where it stands already. */
  addIndex(name: string, values: (object: Stored<T>) => readonly string[]): void {
    if (this.#indexes.has(name)) return;
    const index = new Index(values);
    for (const [key, object] of this.#objects) index.replace(key, undefined, object);
    this.#indexes.set(name, index);
  }

  /** Subscribes until the function that it gives is called; what is there already arrives as `added` at once. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#objects.values()) handler.added?.(object);
    return () => void this.#handlers.delete(handler);
  }

  /** Whether the content is at least as new as a revision that a write of this resource answered with. */
  hasReached(resourceVersion: string): boolean {
    return this.#hasSynced && Number(this.#resourceVersion) >= Number(resourceVersion);
  }

  /** Calls `fn` once the content is at least as new as `resourceVersion`; at once where it is. */
  whenReached(resourceVersion: string, fn: () => void): void {
    if (this.hasReached(resourceVersion)) return fn();
    const revision = Number(resourceVersion);
    // Answers come nearly in the order of their revisions: the place is at the end, or close to it.
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] as { revision: number }).revision > revision) at--;
    this.#waiting.splice(at, 0, { revision, fn });
  }

  /** Calls `fn` once, after the next change of the object with this key. */
  whenChanged(key: string, fn: () => void): void {
    const waiting = this.#waitingForChange.get(key);
    if (waiting) waiting.push(fn);
    else this.#waitingForChange.set(key, [fn]);
  }

  /** Resolves once the content is at least as new as what the server has now; rejects where the server does not say. */
  async caughtUp(): Promise<void> {
    const { client, select } = this.#options;
    const { metadata } = await client
      .of(this.resource)
      .list({ ...select, limit: 1, withoutManagedFields: true });
    await new Promise<void>((resolve) => this.whenReached(metadata.resourceVersion ?? '', resolve));
  }

  /** Keeps the content current until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options;
    const backoff = new Backoff({ baseMs: 800, maxMs: 30_000, random });
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === '') await this.#listAll(signal);
        await this.#watchOnce(signal, backoff);
      } catch (error) {
        if (signal.aborted) return;
        this.#onFailure(error);
        const againInMs = Math.round(backoff.next());
        // A server that is started anew is nothing to speak of; one that keeps refusing is.
        const level = againInMs < quietMs ? 'debug' : 'warn';
        log[level]('list or watch failed', {
          resource: this.resource.plural,
          error: String(error),
          againInMs,
        });
        await clock.sleep(againInMs, signal).catch(() => {});
      }
    }
  }

  /** A revision that is gone means listing anew; anything else is tried again from where it was. */
  #onFailure(error: unknown): void {
    if (error instanceof StatusError && (error.code === 410 || error.reason === 'Expired'))
      this.#resourceVersion = '';
  }

  /** Takes in a page at a time, and lets others run in between: a server that starts with many objects is to answer meanwhile. */
  async #listAll(signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    const { client, select, metadataOnly } = this.#options;
    const api = client.of(this.resource);
    let next: string | undefined;
    let resourceVersion = '';
    do {
      const part = { limit: pageSize, continue: next, withoutManagedFields: true, metadataOnly, signal };
      const page = await api.list({ ...select, ...part });
      for (const item of page.items) {
        const key = keyOf(item);
        seen.add(key);
        this.#take(key, item);
      }
      resourceVersion = page.metadata.resourceVersion ?? '';
      next = page.metadata.continue || undefined;
      if (next) await new Promise<void>(afterTurn);
    } while (next);
    for (const [key, old] of this.#objects) if (!seen.has(key)) this.#remove(key, old);
    this.#resourceVersion = resourceVersion;
    this.#hasSynced = true;
    this.#synced.resolve();
    this.#wakeWaiting();
  }

  async #watchOnce(signal: AbortSignal, backoff: Backoff): Promise<void> {
    const ended = deferred();
    const { client, select, metadataOnly } = this.#options;
    const options = {
      ...select,
      resourceVersion: this.#resourceVersion,
      allowWatchBookmarks: true,
      withoutManagedFields: true,
      metadataOnly,
      signal,
    };
    const stream = await client.of(this.resource).watch(options, {
      onEvent: (event) => {
        backoff.reset();
        this.#apply(event);
      },
      onEnd: (error) => (error ? ended.reject(error) : ended.resolve()),
    });
    const stop = () => {
      stream.stop();
      ended.resolve();
    };
    const leave = onAbort(signal, stop);
    if (signal.aborted) stop();
    await ended.promise.finally(leave);
  }

  #apply({ type, object }: WatchEvent<Stored<T>>): void {
    this.#resourceVersion = object.metadata.resourceVersion;
    const key = keyOf(object);
    if (type === 'DELETED') this.#remove(key, object);
    else if (type !== 'BOOKMARK') this.#take(key, object);
    this.#wakeWaiting();
  }

  #wakeWaiting(): void {
    const at = Number(this.#resourceVersion);
    const first = this.#waiting[0];
    if (!first || first.revision > at) return;
    const left = this.#waiting.findIndex(({ revision }) => revision > at);
    for (const { fn } of this.#waiting.splice(0, left < 0 ? this.#waiting.length : left)) fn();
  }

  #tellChanged(key: string): void {
    const waiting = this.#waitingForChange.get(key);
    if (!waiting) return;
    this.#waitingForChange.delete(key);
    for (const fn of waiting) fn();
  }

  #take(key: string, object: Stored<T>): void {
    const { keep } = this.#options;
    const kept = keep ? keep(object) : object;
    if (kept) this.#put(key, kept);
    else this.#remove(key, object);
  }

  #put(key: string, object: Stored<T>): void {
    const old = this.#objects.get(key);
    if (old && old.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) index.replace(key, old, object);
    if (old && old.metadata.uid === object.metadata.uid)
      for (const h of this.#handlers) h.updated?.(object, old);
    else {
      if (old) for (const h of this.#handlers) h.deleted?.(old);
      for (const h of this.#handlers) h.added?.(object);
    }
    this.#tellChanged(key);
  }

  #remove(key: string, last: Stored<T>): void {
    const old = this.#objects.get(key);
    if (!old) return;
    for (const index of this.#indexes.values()) index.replace(key, old, undefined);
    this.#objects.delete(key);
    for (const h of this.#handlers) h.deleted?.(last);
    this.#tellChanged(key);
  }
}

/** The keys of objects by values of theirs. An object keeps its place under a value for as long as it has it. */
class Index<T extends KubernetesObject> {
  readonly #values: (object: Stored<T>) => readonly string[];
  readonly #keys = new Map<string, LargeSet>();

  constructor(values: (object: Stored<T>) => readonly string[]) {
    this.#values = values;
  }

  keys(value: string): Iterable<string> {
    return this.#keys.get(value) ?? [];
  }

  count(value: string): number {
    return this.#keys.get(value)?.size ?? 0;
  }

  replace(key: string, old: Stored<T> | undefined, object: Stored<T> | undefined): void {
    const before = distinct(old ? this.#values(old) : []);
    const after = distinct(object ? this.#values(object) : []);
    for (const value of before) if (!isAmong(value, after)) this.#leave(key, value);
    for (const value of after) if (!isAmong(value, before)) this.#enter(key, value);
  }

  #enter(key: string, value: string): void {
    const keys = this.#keys.get(value) ?? new LargeSet();
    if (keys.size === 0) this.#keys.set(value, keys);
    keys.add(key);
  }

  #leave(key: string, value: string): void {
    const keys = this.#keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(value);
  }
}

/** Nearly all objects have one value; but one may have ten thousands, owners for example. */
const distinct = (values: readonly string[]): readonly string[] | ReadonlySet<string> =>
  values.length > 1 ? new Set(values) : values;

const isAmong = (value: string, values: readonly string[] | ReadonlySet<string>): boolean =>
  values instanceof Set ? values.has(value) : (values as readonly string[]).includes(value);
