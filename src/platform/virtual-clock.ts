import { type Clock, sleepOn, type Timer } from './clock.ts';
import { turnsOver } from './turn.ts';

interface Pending {
  at: number;
  order: number;
  fn: () => void;
}

/**
 * A clock that moves only when told to. Timers fire in the order of their time, then of their making, and all
 * work that a timer sets off (promises included) is let run out before the next one fires.
 */
export class VirtualClock implements Clock {
  /** What has passed; small, so that no delay is too short to be added to it. */
  #nowMs = 0;
  /** The wall time when nothing had passed. */
  #wallMs: number;
  #order = 0;
  readonly #pending: Pending[] = [];

  constructor(startMs: number = 1_767_225_600_000) {
    this.#wallMs = startMs;
  }

  now(): number {
    return this.#wallMs + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): Timer {
    const entry = { at: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fn };
    insert(this.#pending, entry);
    return { cancel: () => remove(this.#pending, entry) };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Milliseconds until the next timer, or undefined where none waits. */
  untilNext(): number | undefined {
    const next = this.#pending[0];
    return next && next.at - this.#nowMs;
  }

  /** Sets the wall clock ahead, or back where negative, as a person or a time server does: no time passes. */
  shiftWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** Moves time on by `spanMs`, firing every timer on the way. */
  async advance(spanMs: number): Promise<void> {
    const target = this.#nowMs + spanMs;
    await turnsOver();
    for (let next = this.#pending[0]; next && next.at <= target; next = this.#pending[0]) {
      remove(this.#pending, next);
      this.#nowMs = next.at;
      next.fn();
      await turnsOver();
    }
    this.#nowMs = target;
  }
}

const before = (a: Pending, b: Pending) => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Where the entry stands, or would stand. */
function placeOf(list: Pending[], entry: Pending): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(list[middle] as Pending, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(list: Pending[], entry: Pending): void {
  list.splice(placeOf(list, entry), 0, entry);
}

function remove(list: Pending[], entry: Pending): void {
  const at = placeOf(list, entry);
  if (list[at] === entry) list.splice(at, 1);
}
