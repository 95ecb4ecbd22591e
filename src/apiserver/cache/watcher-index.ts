import type { CacheEvent } from './event-window.ts';

/** What is put into the index: something that only certain events can concern. */
export interface Indexed {
  readonly scope: {
    /** Store key prefix, ending in a slash, or the key of one object. */
    prefix: string;
    /** A field value without which nothing matches, such as `spec.nodeName` of what a node watches. */
    required?: { field: string; value: string };
  };
}

/** Finds the watchers that an event can concern, without asking each of them. */
export class WatcherIndex<T extends Indexed> {
  readonly #root: string;
  readonly #all = new Set<T>();
  readonly #unbound = new Set<T>();
  readonly #byPrefix = new Map<string, Set<T>>();
  readonly #byField = new Map<string, Map<string, Set<T>>>();

  /** `root` is the prefix of the resource: who watches all of it is asked about every event. */
  constructor(root: string) {
    this.#root = root;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#all[Symbol.iterator]();
  }

  add(watcher: T): void {
    this.#all.add(watcher);
    this.#bucket(watcher).add(watcher);
  }

  delete(watcher: T): void {
    if (!this.#all.delete(watcher)) return;
    const bucket = this.#bucket(watcher);
    bucket.delete(watcher);
    if (bucket.size === 0) this.#drop(watcher);
  }

  /** Calls `fn` with each watcher that the event can concern. */
  each({ item, previous }: CacheEvent, fn: (watcher: T) => void): void {
    const key = (item ?? previous)?.key as string;
    this.#unbound.forEach(fn);
    if (this.#byPrefix.size > 0) {
      this.#byPrefix.get(key)?.forEach(fn);
      this.#byPrefix.get(key.slice(0, key.lastIndexOf('/') + 1))?.forEach(fn);
    }
    for (const [field, byValue] of this.#byField) {
      const [now, before] = [item?.field(field), previous?.field(field)];
      if (now !== undefined) byValue.get(now)?.forEach(fn);
      if (before !== undefined && before !== now) byValue.get(before)?.forEach(fn);
    }
  }

  #bucket({ scope: { prefix, required } }: T): Set<T> {
    if (prefix !== this.#root) return getOrAdd(this.#byPrefix, prefix, () => new Set<T>());
    if (!required) return this.#unbound;
    const byValue = getOrAdd(this.#byField, required.field, () => new Map<string, Set<T>>());
    return getOrAdd(byValue, required.value, () => new Set<T>());
  }

  #drop({ scope: { prefix, required } }: T): void {
    if (prefix !== this.#root) this.#byPrefix.delete(prefix);
    else if (required) {
      const byValue = this.#byField.get(required.field);
      byValue?.delete(required.value);
      if (byValue?.size === 0) this.#byField.delete(required.field);
    }
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
