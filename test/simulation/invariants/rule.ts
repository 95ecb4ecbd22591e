import type { Change, World } from './world.ts';

/** What must be true of every write. */
export interface Rule {
  name: string;
  /** What is wrong with a change, in one sentence; undefined where nothing is. */
  check(change: Change, world: World): string | undefined;
}

/** What must be true once nothing goes wrong any more and everything has had its time. */
export interface RestRule {
  name: string;
  check(world: World): string[];
}

export interface Violation {
  rule: string;
  what: string;
  timeMs: number;
  revision: number;
}

/** A number that rises at once and falls late: the most that anybody may still believe in. */
export class Ceiling {
  readonly #past: { value: number; untilMs: number }[] = [];
  #value = 0;

  set(value: number, nowMs: number): void {
    if (value < this.#value) this.#past.push({ value: this.#value, untilMs: nowMs });
    this.#value = value;
  }

  /** The most that it was within the last `staleMs`. */
  at(nowMs: number, staleMs: number): number {
    while (this.#past[0] && this.#past[0].untilMs + staleMs < nowMs) this.#past.shift();
    return Math.max(this.#value, ...this.#past.map((p) => p.value));
  }
}
