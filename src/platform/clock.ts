import { onAbort } from './on-abort.ts';

/** A pending call made by a clock; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/**
 * The only source of time. Components never ask the system, so the same code runs on a virtual clock.
 * All spans are milliseconds.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch. */
  now(): number;
  /** Milliseconds on a scale that never jumps; only differences mean something. */
  monotonic(): number;
  /** Calls `fn` once after `delayMs`. A pending timer does not keep the process alive by itself. */
  after(delayMs: number, fn: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The wall time of `clock` as the API writes moments: RFC 3339, UTC, whole seconds. */
export function timestamp(clock: Clock): string {
  return formatTime(clock.now());
}

/** The last second that was asked for: nearly all who ask mean now. */
let lately = { second: Number.NaN, text: '' };

/** Formats epoch milliseconds as `metav1.Time` does: RFC 3339, UTC, whole seconds. */
export function formatTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lately.second) lately = { second, text: `${new Date(epochMs).toISOString().slice(0, 19)}Z` };
  return lately.text;
}

/** Formats epoch milliseconds as `metav1.MicroTime` does: RFC 3339, UTC, six decimals. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** Sleeping on top of `after`, for implementations of Clock. */
export function sleepOn(clock: Pick<Clock, 'after'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = clock.after(delayMs, () => {
      leave?.();
      resolve();
    });
    const leave =
      signal &&
      onAbort(signal, () => {
        timer.cancel();
        reject(signal.reason);
      });
  });
}

/** The longest delay that setTimeout keeps; longer ones are waited for in pieces. */
const longestDelayMs = 2 ** 31 - 1;

function systemAfter(delayMs: number, fn: () => void): Timer {
  let handle: NodeJS.Timeout;
  const arm = (leftMs: number) => {
    const stepMs = Math.min(leftMs, longestDelayMs);
    handle = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fn()), stepMs);
    handle.unref();
  };
  arm(Math.max(0, delayMs));
  return { cancel: () => clearTimeout(handle) };
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: systemAfter,
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};
