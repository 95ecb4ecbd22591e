import type { Clock } from './clock.ts';
import { Recent } from './recent.ts';

/** Answers that are good for a while, at least the newest `least` of them. Who asks for what is being asked waits for the same answer. */
export class Remembered<T> {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #answers: Recent<string, { value: T; untilMs: number }>;
  readonly #asked = new Map<string, Promise<T>>();

  constructor(clock: Pick<Clock, 'monotonic'>, least: number) {
    this.#clock = clock;
    this.#answers = new Recent(least);
  }

  /** The answer that there is and is still good. */
  known(key: string): T | undefined {
    return this.#good(key)?.value;
  }

  #good(key: string) {
    const found = this.#answers.get(key);
    return found && found.untilMs > this.#clock.monotonic() ? found : undefined;
  }

  /** Remembers an answer for a time, in milliseconds; not at all where that is 0. */
  note(key: string, value: T, forMs: number): void {
    if (forMs > 0) this.#answers.set(key, { value, untilMs: this.#clock.monotonic() + forMs });
  }

  /** The answer that is known, or else the one that `ask` gives, with how long it is good. What it rejects with is not remembered. */
  async get(key: string, ask: () => Promise<{ value: T; forMs: number }>): Promise<T> {
    const good = this.#good(key);
    if (good) return good.value;
    const asked = this.#asked.get(key) ?? this.#ask(key, ask).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  async #ask(key: string, ask: () => Promise<{ value: T; forMs: number }>): Promise<T> {
    const { value, forMs } = await ask();
    this.note(key, value, forMs);
    return value;
  }
}
