import type { Random } from '../platform/random.ts';

/** Delays that double from `baseMs` up to `maxMs`, each up to half longer by chance so that many do not come at once. */
export class Backoff {
  readonly #options: { baseMs: number; maxMs: number; random: Random };
  #failures = 0;

  constructor(options: { baseMs: number; maxMs: number; random: Random }) {
    this.#options = options;
  }

  /** The next delay in milliseconds. */
  next(): number {
    const { baseMs, maxMs, random } = this.#options;
    const delayMs = Math.min(maxMs, baseMs * 2 ** Math.min(this.#failures++, 30));
    return delayMs * (1 + random.next() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
