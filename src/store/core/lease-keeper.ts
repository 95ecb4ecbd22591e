import type { Clock, Timer } from '../../platform/clock.ts';
import { type Commit, StoreError } from '../store.ts';
import { type LogEngine, revisionOf } from './log.ts';

/** How many keys expire in one go. */
const keysPerRound = 256;
const retryMs = 1000;

/** Deletes keys when their lease has run out. */
export class LeaseKeeper {
  readonly #clock: Clock;
  readonly #engine: LogEngine;
  readonly #commit: (commit: Commit) => Promise<unknown>;
  #timer: Timer | undefined;
  #wakeMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: { clock: Clock; engine: LogEngine; commit(commit: Commit): Promise<unknown> }) {
    this.#clock = options.clock;
    this.#engine = options.engine;
    this.#commit = options.commit;
  }

  /** Waits for the lease that ends first; to be called when the store opens. */
  start(): void {
    for (const lease of this.#engine.leases()) return this.wakeAt(lease.expiresMs);
  }

  /** A lease that ends then was made durable. */
  wakeAt(timeMs: number): void {
    if (this.#stopped || timeMs >= this.#wakeMs) return;
    this.#timer?.cancel();
    this.#wakeMs = timeMs;
    this.#timer = this.#clock.after(timeMs - this.#clock.now(), () => void this.#expire());
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #expire(): Promise<void> {
    const commits = this.#due().map((commit) => this.#commit(commit));
    const results = await Promise.allSettled(commits);
    this.#wakeMs = Number.POSITIVE_INFINITY;
    const failed = results.some((r) => r.status === 'rejected' && !isConflict(r.reason));
    if (failed) this.wakeAt(this.#clock.now() + retryMs);
    else if (!this.#stopped) this.start();
  }

  #due(): Commit[] {
    const now = this.#clock.now();
    const due: Commit[] = [];
    for (const lease of this.#engine.leases()) {
      if (lease.expiresMs > now || due.length === keysPerRound) break;
      const key = this.#engine.change(lease.position)?.key;
      if (key === undefined) continue;
      const revision = revisionOf(lease.position);
      const cause = { actor: 'store', key, revision, reason: 'expired' };
      due.push({ writes: [{ type: 'delete', key, expected: revision }], cause });
    }
    return due;
  }
}

/** Somebody wrote the key at the last moment: its lease went with that write. */
function isConflict(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'Conflict';
}
