import { StoreError } from '../store.ts';
import type { Ledger } from './ledger.ts';
import type { Batch, LogEngine } from './log.ts';

interface Waiter {
  resolve(): void;
  reject(error: StoreError): void;
}

/** Group commit: one flush at a time, and each carries everything that was recorded while the last one ran. */
export class Flusher {
  readonly #engine: LogEngine;
  readonly #ledger: Ledger;
  readonly #onDurable: (batch: Batch) => void;
  /** Waiting for the flush under way, and for the one after it. */
  #aboard: Waiter[] = [];
  #ashore: Waiter[] = [];
  #flying = false;
  #called = false;

  /** `onDurable` is called once a batch is on disk, before those who wait for it hear of it. */
  constructor(options: { engine: LogEngine; ledger: Ledger; onDurable(batch: Batch): void }) {
    this.#engine = options.engine;
    this.#ledger = options.ledger;
    this.#onDurable = options.onDurable;
  }

  /** Resolves when all that the ledger has recorded so far is on disk. */
  flushed(): Promise<void> {
    if (this.#ledger.dirty) {
      this.#call();
      return new Promise((resolve, reject) => this.#ashore.push({ resolve, reject }));
    }
    if (!this.#flying) return Promise.resolve();
    return new Promise((resolve, reject) => this.#aboard.push({ resolve, reject }));
  }

  #call(): void {
    if (this.#called || this.#flying) return;
    this.#called = true;
    this.#engine.soon(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    this.#called = false;
    this.#flying = true;
    this.#aboard = this.#ashore;
    this.#ashore = [];
    const batch = this.#ledger.take();
    try {
      await this.#engine.write(batch);
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#ledger.settle(batch);
    this.#flying = false;
    this.#onDurable(batch);
    for (const waiter of this.#aboard) waiter.resolve();
    if (this.#ledger.dirty) this.#call();
  }

  #fail(cause: unknown): void {
    const failed = [...this.#aboard, ...this.#ashore];
    this.#ashore = [];
    this.#flying = false;
    this.#ledger.fail();
    const why = cause instanceof Error ? cause.message : String(cause);
    const error = new StoreError('FlushFailed', `The write could not be made durable: ${why}`, { cause });
    for (const waiter of failed) waiter.reject(error);
  }
}
