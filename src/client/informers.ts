import { setMaxListeners } from 'node:events';
import type { KubernetesObject, Resource } from '../api/resource.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { onAbort } from '../platform/on-abort.ts';
import type { Random } from '../platform/random.ts';
import type { Client, ListOptions } from './client.ts';
import { Informer, type Keep } from './informer.ts';

export type Selection = Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;

interface Wanted {
  select: Selection;
  metadataOnly?: boolean;
}

/** A kind that users have made anew may have the same name, and be of another scope. */
const keyOf = ({ group, version, plural, kind, namespaced }: Resource, wanted: Wanted) =>
  JSON.stringify([group, version, plural, kind, namespaced, wanted]);

interface Shared {
  // biome-ignore lint/suspicious/noExplicitAny: informers of every kind stand in one map
  informer: Informer<any>;
  /** How often it was asked for and not released. */
  users: number;
  stop: AbortController;
}

export interface InformersOptions {
  client: Client;
  clock: Clock;
  random: Random;
  log: Log;
  /** What is kept of objects of a resource; all where nothing is said of it. */
  // biome-ignore lint/suspicious/noExplicitAny: rules of every kind stand in one map
  keep?: ReadonlyMap<Resource, Keep<any>>;
}

/** Informers that several components of one process share: one watch for each resource and selection. */
export class Informers {
  readonly #options: InformersOptions;
  readonly #shared = new Map<string, Shared>();
  #signal: AbortSignal | undefined;
  readonly #running = new Set<Promise<void>>();

  constructor(options: InformersOptions) {
    this.#options = options;
  }

  /** The informer for a resource; made, and run if `start` was called, where it is new. */
  of<T extends KubernetesObject>(resource: Resource<T>, select: Selection = {}): Informer<T> {
    return this.#of(resource, { select });
  }

  /** The informer for a resource for somebody who looks at kind and metadata alone; it has more where others have asked for that. */
  metadataOf<T extends KubernetesObject>(resource: Resource<T>): Informer<T> {
    const select = {};
    const isThere = this.#shared.has(keyOf(resource, { select }));
    return this.#of(resource, isThere ? { select } : { select, metadataOnly: true });
  }

  #of<T extends KubernetesObject>(resource: Resource<T>, wanted: Wanted): Informer<T> {
    const key = keyOf(resource, wanted);
    const found = this.#shared.get(key);
    if (found) {
      found.users++;
      return found.informer;
    }
    const { keep: rules, ...means } = this.#options;
    const keep = rules?.get(resource);
    const informer = new Informer<T>({ ...means, resource, ...wanted, ...(keep && { keep }) });
    const shared = { informer, users: 1, stop: new AbortController() };
    this.#shared.set(key, shared);
    if (this.#signal) this.#run(shared, this.#signal);
    return informer;
  }

  /** One of those who have asked for an informer needs it no longer; it stops with the last of them. */
  release<T extends KubernetesObject>(informer: Informer<T>): void {
    for (const [key, shared] of this.#shared) {
      if (shared.informer !== informer || --shared.users > 0) continue;
      this.#shared.delete(key);
      shared.stop.abort();
    }
  }

  #run({ informer, stop }: Shared, signal: AbortSignal): void {
    const leave = onAbort(signal, () => stop.abort());
    if (signal.aborted) stop.abort();
    const running = informer.run(stop.signal).finally(() => {
      leave();
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Runs all informers, also those asked for later, until the signal is aborted. */
  start(signal: AbortSignal): void {
    // Much of a process hangs on this signal.
    setMaxListeners(0, signal);
    this.#signal = signal;
    for (const shared of this.#shared.values()) this.#run(shared, signal);
  }

  /** Resolves once every informer asked for so far has its first list. */
  async synced(): Promise<void> {
    await Promise.all(Array.from(this.#shared.values(), ({ informer }) => informer.synced));
  }

  /** Resolves once all informers have stopped after the signal's abort. */
  async stopped(): Promise<void> {
    await Promise.all(this.#running);
  }
}
