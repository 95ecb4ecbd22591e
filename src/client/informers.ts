import { setMaxListeners } from 'node:events';
import type { KubernetesObject, Resource } from '../api/resource.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { Client, ListOptions } from './client.ts';
import { Informer } from './informer.ts';

export type Selection = Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>;

interface Wanted {
  select: Selection;
  metadataOnly?: boolean;
}

const keyOf = ({ group, version, plural }: Resource, wanted: Wanted) =>
  JSON.stringify([group, version, plural, wanted]);

/** Informers that several components of one process share: one watch for each resource and selection. */
export class Informers {
  readonly #options: { client: Client; clock: Clock; random: Random; log: Log };
  // biome-ignore lint/suspicious/noExplicitAny: informers of every kind stand in one map
  readonly #informers = new Map<string, Informer<any>>();
  #signal: AbortSignal | undefined;
  readonly #running: Promise<void>[] = [];

  constructor(options: { client: Client; clock: Clock; random: Random; log: Log }) {
    this.#options = options;
  }

  /** The informer for a resource; made, and run if `start` was called, where it is new. */
  of<T extends KubernetesObject>(resource: Resource<T>, select: Selection = {}): Informer<T> {
    return this.#of(resource, { select });
  }

  /** The informer for a resource for somebody who looks at kind and metadata alone; it has more where others have asked for that. */
  metadataOf<T extends KubernetesObject>(resource: Resource<T>): Informer<T> {
    return (
      this.#informers.get(keyOf(resource, { select: {} })) ??
      this.#of(resource, { select: {}, metadataOnly: true })
    );
  }

  #of<T extends KubernetesObject>(resource: Resource<T>, wanted: Wanted): Informer<T> {
    const key = keyOf(resource, wanted);
    const found = this.#informers.get(key);
    if (found) return found;
    const informer = new Informer<T>({ ...this.#options, resource, ...wanted });
    this.#informers.set(key, informer);
    if (this.#signal) this.#running.push(informer.run(this.#signal));
    return informer;
  }

  /** Runs all informers, also those asked for later, until the signal is aborted. */
  start(signal: AbortSignal): void {
    // One watch for each resource hangs on this signal.
    setMaxListeners(0, signal);
    this.#signal = signal;
    for (const informer of this.#informers.values()) this.#running.push(informer.run(signal));
  }

  /** Resolves once every informer asked for so far has its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced));
  }

  /** Resolves once all informers have stopped after the signal's abort. */
  async stopped(): Promise<void> {
    await Promise.all(this.#running);
  }
}
