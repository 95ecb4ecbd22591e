import type { Clock, Timer } from '../../platform/clock.ts';

/** What came of one key: look again after a while, or not before something changes. */
export type Turn = { afterMs: number } | undefined;

export interface KeyedWorkOptions {
  clock: Clock;
  /** Brings one key in order. What it rejects with is tried again after a growing delay. */
  work(key: string): Promise<Turn>;
  firstRetryMs: number;
  maxRetryMs: number;
  onFailure(key: string, error: unknown): void;
}

/** Work on keys: each alone, different ones at the same time, and again when it has been asked for meanwhile. */
export class KeyedWork {
  readonly #options: KeyedWorkOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #timers = new Map<string, Timer>();
  readonly #delays = new Map<string, number>();
  #stopped = false;

  constructor(options: KeyedWorkOptions) {
    this.#options = options;
  }

  /** Works on a key now; resolves when its turn is over, however it went. */
  add(key: string): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    this.#timers.get(key)?.cancel();
    this.#timers.delete(key);
    const running = this.#running.get(key);
    if (running) {
      this.#again.add(key);
      return running;
    }
    const turn = this.#turns(key).finally(() => this.#running.delete(key));
    this.#running.set(key, turn);
    return turn;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  async #turns(key: string): Promise<void> {
    do {
      this.#again.delete(key);
      const turn = await this.#attempt(key);
      if (!this.#again.has(key) && turn) this.#later(key, turn.afterMs);
    } while (this.#again.has(key) && !this.#stopped);
  }

  async #attempt(key: string): Promise<Turn> {
    try {
      const turn = await this.#options.work(key);
      this.#delays.delete(key);
      return turn;
    } catch (error) {
      const { firstRetryMs, maxRetryMs } = this.#options;
      const afterMs = this.#delays.get(key) ?? firstRetryMs;
      this.#delays.set(key, Math.min(afterMs * 2, maxRetryMs));
      if (!this.#stopped) this.#options.onFailure(key, error);
      return { afterMs };
    }
  }

  #later(key: string, afterMs: number): void {
    if (this.#stopped) return;
    this.#timers.set(
      key,
      this.#options.clock.after(afterMs, () => void this.add(key)),
    );
  }
}
