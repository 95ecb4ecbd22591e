import type { Store } from '../store.ts';
import { type Change, type LogEngine, type LogState, type Position, positionOf } from './log.ts';

/** How much one part holds, so that it takes about a millisecond. */
const changesPerPart = 128;
const bytesPerPart = 1 << 20;

/** A change of a log that is being copied. */
export interface CopiedChange {
  change: Change;
  /** Whether it was the newest version of its key at the revision of the copy. */
  newest: boolean;
}

/** A store that can be copied as a whole: those that keep a log of their own. */
export interface CopyableStore extends Store {
  /**
   * Lets `use` read all that is kept at one revision, the newest durable one: its state and its changes in order.
   * Others go on writing meanwhile; nothing is forgotten until `use` is through. Parts end with an error where
   * the store is closed or damaged.
   */
  copy<T>(
    use: (state: Readonly<LogState>, parts: AsyncIterable<readonly CopiedChange[]>) => Promise<T>,
  ): Promise<T>;
}

export function isCopyable(store: Store): store is CopyableStore {
  return 'copy' in store;
}

/** The walk of a copy through a log that others append to, but that nobody compacts meanwhile. */
export class Copying {
  readonly #engine: LogEngine;
  /** The first position beyond the copy. */
  readonly #end: Position;
  /** Up to here all has been read. */
  #at: Position = 0;
  /** By key that was written since: which version was the newest then. */
  readonly #overtaken = new Map<string, Position>();
  done = false;

  constructor(engine: LogEngine) {
    this.#engine = engine;
    this.#end = positionOf(engine.state().revision + 1);
  }

  /** The next part; `done` tells whether it was the last. */
  next(): CopiedChange[] {
    const part: CopiedChange[] = [];
    let bytes = 0;
    for (const change of this.#engine.changesFrom(this.#at)) {
      if (change.position === this.#at) continue;
      if (change.position >= this.#end) break;
      if (part.length === changesPerPart || bytes >= bytesPerPart) return part;
      part.push({ change, newest: this.#newestOf(change.key) === change.position });
      bytes += change.value?.length ?? 0;
      this.#at = change.position;
    }
    this.done = true;
    return part;
  }

  #newestOf(key: string): Position | undefined {
    const known = this.#overtaken.get(key);
    if (known !== undefined) return known;
    let at = (this.#engine.live(key) ?? this.#engine.gone(key))?.position;
    if (at === undefined || at < this.#end) return at;
    while (at && at >= this.#end) at = this.#engine.change(at)?.previous;
    if (at) this.#overtaken.set(key, at);
    return at;
  }
}
