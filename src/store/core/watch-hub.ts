import {
  type Cause,
  StoreError,
  type StoreEvent,
  type WatchBatch,
  type Watcher,
  type WatchHandle,
} from '../store.ts';

interface Subscription {
  watcher: Watcher;
  /** The watcher has seen everything up to this revision. */
  after: number;
  stopped: boolean;
}

/** Hands commits to those who watch a prefix of their keys. The cost of a commit does not grow with other prefixes. */
export class WatchHub {
  readonly #byPrefix = new Map<string, Set<Subscription>>();
  /** The distinct lengths of watched prefixes: few, so that a key is looked up a few times. */
  #lengths: number[] = [];

  /** Delivers every commit after the revision `after` that is dispatched from now on. */
  add(prefix: string, after: number, watcher: Watcher): WatchHandle {
    const subscription = { watcher, after, stopped: false };
    const others = this.#byPrefix.get(prefix);
    if (others) others.add(subscription);
    else this.#byPrefix.set(prefix, new Set([subscription]));
    this.#measure();
    return { stop: () => this.#remove(prefix, subscription) };
  }

  /** Whether anybody watches the key. */
  watches(key: string): boolean {
    return this.#lengths.some((length) => length <= key.length && this.#byPrefix.has(key.slice(0, length)));
  }

  /** Delivers one commit: each watcher gets the events below its prefix, in one batch. Throws where one could not read what it asked for. */
  dispatch(commit: { revision: number; cause?: Cause; events: readonly StoreEvent[] }): void {
    const only = commit.events[0];
    if (only && commit.events.length === 1) return this.#deliver(this.#watching(keyOf(only)), commit);
    const parts = new Map<Subscription, StoreEvent[]>();
    for (const event of commit.events) {
      for (const subscription of this.#watching(keyOf(event))) {
        const part = parts.get(subscription);
        if (part) part.push(event);
        else parts.set(subscription, [event]);
      }
    }
    for (const [subscription, events] of parts) this.#deliver([subscription], { ...commit, events });
  }

  /** Tells every watcher that nothing up to `revision` is still to come. */
  progress(revision: number): void {
    for (const set of this.#byPrefix.values()) {
      for (const { watcher, stopped, after } of set) {
        if (!stopped && after < revision) call(() => watcher.onProgress?.(revision));
      }
    }
  }

  /** Ends every watch. */
  end(error: StoreError): void {
    const all = [...this.#byPrefix.values()].flatMap((set) => [...set]);
    this.#byPrefix.clear();
    this.#lengths = [];
    for (const subscription of all) {
      if (!subscription.stopped) call(() => subscription.watcher.onEnd(error));
    }
  }

  #deliver(to: readonly Subscription[], batch: WatchBatch): void {
    for (const subscription of to) {
      if (subscription.stopped || batch.revision <= subscription.after) continue;
      call(() => subscription.watcher.onBatch(batch), { pass: StoreError });
    }
  }

  #watching(key: string): Subscription[] {
    const found: Subscription[] = [];
    for (const length of this.#lengths) {
      if (length > key.length) break;
      const set = this.#byPrefix.get(key.slice(0, length));
      if (set) found.push(...set);
    }
    return found;
  }

  #remove(prefix: string, subscription: Subscription): void {
    subscription.stopped = true;
    const set = this.#byPrefix.get(prefix);
    if (!set?.delete(subscription) || set.size > 0) return;
    this.#byPrefix.delete(prefix);
    this.#measure();
  }

  #measure(): void {
    this.#lengths = [...new Set([...this.#byPrefix.keys()].map((prefix) => prefix.length))].sort(
      (a, b) => a - b,
    );
  }
}

function keyOf(event: StoreEvent): string {
  return event.type === 'put' ? event.entry.key : event.key;
}

/** A watcher that throws is a bug; it must be loud, but not take the other watchers and the commit with it. `pass`: errors of others. */
function call(fn: () => void, { pass }: { pass?: typeof StoreError } = {}): void {
  try {
    fn();
  } catch (error) {
    if (pass && error instanceof pass) throw error;
    queueMicrotask(() => {
      throw error;
    });
  }
}
