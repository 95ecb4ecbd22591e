import { setMaxListeners } from 'node:events';
import { type Clock, sleepOn, type Timer } from '../../platform/clock.ts';

/**
 * How long a simulated process lives. Nothing can stop code that runs, so a process that has died is cut off instead:
 * whatever it calls outside of itself never answers, and none of its timers fires.
 */
export class Life {
  readonly #abort = new AbortController();
  readonly #endings = new Set<() => void>();
  #isOver = false;

  constructor() {
    // Everything that a process runs hangs on this one.
    setMaxListeners(0, this.#abort.signal);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** For code that can be told to stop: aborted after the process has been cut off, so it can do no harm any more. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Calls `fn` when the life ends. Gives what takes that back. */
  onEnd(fn: () => void): () => void {
    this.#endings.add(fn);
    return () => this.#endings.delete(fn);
  }

  /** Ends it between two instructions, as a kill does. */
  end(): void {
    if (this.isOver) return;
    for (const fn of this.#endings) fn();
    this.#endings.clear();
    this.#isOver = true;
    this.#abort.abort();
  }

  /** What `promise` gives, for as long as there is somebody to hear it. */
  heard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.isOver || resolve(value),
        (error) => this.isOver || reject(error),
      );
    });
  }
}

/** Each time another one: who waits for a promise is held by it. */
const never = () => new Promise<never>(() => {});

/**
 * What lies outside of a process, as that process sees it: a runtime, a disk, a store. Its methods work for as long as
 * the process lives; afterwards they do nothing and never answer.
 */
export function mortal<T extends object>(outside: T, life: Life): T {
  const views = new Map<PropertyKey, unknown>();
  const get = (_: T, name: PropertyKey) => {
    const known = views.get(name);
    if (known !== undefined) return known;
    const value = Reflect.get(outside, name) as unknown;
    if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return value;
    const view = typeof value === 'function' ? mortalCall(value.bind(outside), life) : mortal(value, life);
    views.set(name, view);
    return view;
  };
  return new Proxy(outside, { get });
}

const mortalCall =
  (call: (...args: unknown[]) => unknown, life: Life) =>
  (...args: unknown[]) => {
    if (life.isOver) return never();
    const result = call(...args);
    return result instanceof Promise ? life.heard(result) : result;
  };

/** The clock that a process sees: its timers die with it. */
export function mortalClock(clock: Clock, life: Life): Clock {
  const after = (delayMs: number, fn: () => void): Timer => {
    if (life.isOver) return { cancel: () => {} };
    const timer = clock.after(delayMs, () => {
      forget();
      fn();
    });
    const forget = life.onEnd(() => timer.cancel());
    const cancel = () => {
      forget();
      timer.cancel();
    };
    return { cancel };
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after,
    sleep: (delayMs, signal) => sleepOn({ after }, delayMs, signal),
  };
}
