import type { Clock, Timer } from '../platform/clock.ts';

export interface WorkQueueOptions {
  clock: Clock;
  /** Delay after the first failure of a key; doubles with each further one. 5 ms unless given. */
  baseDelayMs?: number;
  /** The longest delay after failures. 1000 s unless given, as upstream. */
  maxDelayMs?: number;
}

/**
 * Keys waiting to be worked on. A key waits at most once; a key added while it is worked on comes again when that
 * is done, so no two workers ever have the same key.
 */
export class WorkQueue {
  readonly #options: Required<WorkQueueOptions>;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { atMs: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = { baseDelayMs: 5, maxDelayMs: 1_000_000, ...options };
  }

  /** Keys that wait now, not counting those that are delayed or worked on. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Whether nothing waits, is delayed by less than `withinMs`, or is worked on. */
  isIdle(withinMs = 0): boolean {
    if (this.#waiting.size > 0 || this.#working.size > 0) return false;
    const limitMs = this.#options.clock.monotonic() + withinMs;
    return [...this.#later.values()].every((l) => l.atMs > limitMs);
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key)) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#takers.shift();
    if (!taker) {
      this.#waiting.add(key);
      return;
    }
    this.#working.add(key);
    taker(key);
  }

  /** Adds the key after a while; of several delays the shortest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) return this.add(key);
    const atMs = this.#options.clock.monotonic() + delayMs;
    const earlier = this.#later.get(key);
    if (earlier && earlier.atMs <= atMs) return;
    earlier?.timer.cancel();
    const timer = this.#options.clock.after(delayMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { atMs, timer });
  }

  /** Adds the key after a delay that grows with its failures. */
  addAfterFailure(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const { baseDelayMs, maxDelayMs } = this.#options;
    this.addAfter(key, Math.min(maxDelayMs, baseDelayMs * 2 ** Math.min(failures, 40)));
  }

  /** The key has succeeded: its next failure counts as the first. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** How often the key has failed since it last succeeded. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key; undefined once the queue is closed. Call `done` with it afterwards. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    for (const key of this.#waiting) {
      this.#waiting.delete(key);
      this.#working.add(key);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    this.#working.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Forgets what waits and lets all takers go. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#later.values()) timer.cancel();
    this.#later.clear();
    this.#waiting.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
