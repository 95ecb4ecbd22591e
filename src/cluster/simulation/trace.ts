import { createHash } from 'node:crypto';
import type { Store, StoreEvent, WatchBatch } from '../../store/store.ts';

/** One write, as the store took it. */
export interface TracedWrite {
  revision: number;
  timeMs: number;
  /** Who wrote, such as `system:node:node-1`. */
  actor: string;
  verb: 'create' | 'update' | 'delete';
  key: string;
  /** Why, as the writer says. */
  reason: string;
}

/** All writes so far: equal hashes mean equal writes, byte for byte and in the same order. */
export interface Trace {
  hash: string;
  count: number;
  /** The newest of them, oldest first. */
  writes: readonly TracedWrite[];
}

/** Writes that are kept for people to read; the hash knows all of them. */
const kept = 5000;

const verbOf = (event: StoreEvent): TracedWrite['verb'] => {
  if (event.type === 'delete') return 'delete';
  return event.entry.createRevision === event.entry.revision ? 'create' : 'update';
};

/** So many writes while no time passes are a loop that never ends. */
const runawayWrites = 20_000;

/** Follows a store and notes every write. */
export class TraceRecorder {
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly #onRunaway: () => void;
  /** Since when the clock has stood still, in milliseconds, and what has been written since. */
  #still = { sinceMs: 0, writes: 0 };
  #writes: TracedWrite[] = [];
  #count = 0;

  /** `onRunaway` is called where writes do not end though no time passes. */
  constructor(now: () => number, onRunaway: () => void) {
    this.#now = now;
    this.#onRunaway = onRunaway;
  }

  get count(): number {
    return this.#count;
  }

  /** Notes all that is written after `revision`. */
  async follow(store: Store, revision: number): Promise<void> {
    await store.watch('/', revision, { onBatch: (batch) => this.#note(batch), onEnd() {} });
  }

  /** The last writes, oldest first. */
  last(count: number): TracedWrite[] {
    return this.#writes.slice(-count);
  }

  trace(): Trace {
    return { hash: this.#hash.copy().digest('hex'), count: this.#count, writes: this.last(kept) };
  }

  #countStill(timeMs: number): void {
    if (timeMs !== this.#still.sinceMs) this.#still = { sinceMs: timeMs, writes: 0 };
    if (++this.#still.writes === runawayWrites) this.#onRunaway();
  }

  #note({ revision, events, cause }: WatchBatch): void {
    for (const event of events) {
      const key = event.type === 'put' ? event.entry.key : event.key;
      const verb = verbOf(event);
      const { actor = 'store', reason = '' } = cause ?? {};
      const timeMs = this.#now();
      this.#hash.update(`\n${revision} ${timeMs} ${actor} ${verb} ${key} ${reason}\n`);
      if (event.type === 'put') this.#hash.update(event.entry.value);
      this.#writes.push({ revision, timeMs, actor, verb, key, reason });
      this.#count++;
      this.#countStill(timeMs);
    }
    if (this.#writes.length >= 2 * kept) this.#writes = this.last(kept);
  }
}

/** A write as one line of text. */
export function formatWrite({ revision, timeMs, actor, verb, key, reason }: TracedWrite): string {
  const time = new Date(timeMs).toISOString().slice(0, 23);
  return `${revision} ${time} ${actor} ${verb} ${key.replace('/registry/', '')}: ${reason}`;
}
