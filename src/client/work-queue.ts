import type { Clock, Timer } from '../platform/clock.ts';
import type { Meter } from '../platform/metrics/meter.ts';
import { QueueMetrics } from './queue-metrics.ts';

export interface WorkQueueOptions {
  clock: Clock;
  /** What the queue is called in the metrics, and who measures it; nobody does unless given. */
  measured?: { name: string; meter: Meter };
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
  readonly #options: WorkQueueOptions & { baseDelayMs: number; maxDelayMs: number };
  readonly #metrics: QueueMetrics | undefined;
  /** Keys, each with the moment at which it was added. */
  readonly #waiting = new Map<string, number>();
  /** Keys, each with the moment at which it was taken. */
  readonly #working = new Map<string, number>();
  /** Keys that were added, at some moment, while they were worked on. */
  readonly #again = new Map<string, number>();
  readonly #later = new Map<string, { atMs: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#options = { baseDelayMs: 5, maxDelayMs: 1_000_000, ...options };
    const { measured } = options;
    this.#metrics = measured && new QueueMetrics(measured.meter, measured.name, this);
  }

  /** Keys that wait now, not counting those that are delayed or worked on. */
  get length(): number {
    return this.#waiting.size;
  }

  /** Keys that wait, those too that come again once they have been worked on. */
  get depth(): number {
    return this.#waiting.size + this.#again.size;
  }

  /** For how long each of the keys is worked on that are. */
  workedOnMs(): number[] {
    const nowMs = this.#options.clock.monotonic();
    return [...this.#working.values()].map((startMs) => nowMs - startMs);
  }

  /** Whether nothing waits, is delayed by less than `withinMs`, or is worked on. */
  isIdle(withinMs = 0): boolean {
    if (this.#waiting.size > 0 || this.#working.size > 0) return false;
    const limitMs = this.#options.clock.monotonic() + withinMs;
    return [...this.#later.values()].every((l) => l.atMs > limitMs);
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key) || this.#again.has(key)) return;
    this.#metrics?.added.add();
    const nowMs = this.#nowMs();
    if (this.#working.has(key)) this.#again.set(key, nowMs);
    else this.#offer(key, nowMs);
  }

  /** Gives the key to one who waits for it, or lets it wait. */
  #offer(key: string, addedMs: number): void {
    const taker = this.#takers.shift();
    if (!taker) {
      this.#waiting.set(key, addedMs);
      return;
    }
    this.#start(key, addedMs);
    taker(key);
  }

  #start(key: string, addedMs: number): void {
    const nowMs = this.#nowMs();
    this.#working.set(key, nowMs);
    this.#metrics?.waited(nowMs - addedMs);
  }

  /** What time it is, where somebody wants to know. */
  #nowMs(): number {
    return this.#metrics ? this.#options.clock.monotonic() : 0;
  }

  /** Adds the key after a while; of several delays the shortest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    this.#metrics?.retried.add();
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
    for (const [key, addedMs] of this.#waiting) {
      this.#waiting.delete(key);
      this.#start(key, addedMs);
      return Promise.resolve(key);
    }
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    const startMs = this.#working.get(key);
    if (startMs !== undefined) this.#metrics?.worked(this.#nowMs() - startMs);
    this.#working.delete(key);
    const addedMs = this.#again.get(key);
    if (addedMs === undefined) return;
    this.#again.delete(key);
    this.#offer(key, addedMs);
  }

  /** Forgets what waits and lets all takers go. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#later.values()) timer.cancel();
    this.#later.clear();
    this.#waiting.clear();
    this.#again.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
