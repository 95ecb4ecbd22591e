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

/** How long a process may act on what it saw before: its events come late, and broken watches are opened again later. */
export const staleMs = 90_000;

/** A number that rises at once and falls only after `staleMs`: the most that anybody may still believe in. */
export class Ceiling {
  readonly #past: { value: number; untilMs: number }[] = [];
  #value = 0;

  set(value: number, nowMs: number): void {
    if (value < this.#value) this.#past.push({ value: this.#value, untilMs: nowMs + staleMs });
    this.#value = value;
  }

  at(nowMs: number): number {
    while (this.#past[0] && this.#past[0].untilMs < nowMs) this.#past.shift();
    return Math.max(this.#value, ...this.#past.map((p) => p.value));
  }
}
