import type { Clock } from '../../platform/clock.ts';

export interface Repetition {
  clock: Clock;
  /** Asked anew after each time where it is a function. */
  intervalMs: number | (() => number);
  signal: AbortSignal;
  task(): Promise<void>;
  /** What fails is tried again after the interval. */
  onError(error: Error): void;
}

/** Does something at once and then again and again, until the signal is aborted. Never rejects. */
export async function repeat({ clock, intervalMs, signal, task, onError }: Repetition): Promise<void> {
  while (!signal.aborted) {
    try {
      await task();
    } catch (error) {
      if (!signal.aborted) onError(error as Error);
    }
    const pauseMs = typeof intervalMs === 'function' ? intervalMs() : intervalMs;
    await clock.sleep(pauseMs, signal).catch(() => {});
  }
}

/** Tries something until it works, and gives its result; undefined where the signal is aborted before. Never rejects. */
export async function untilDone<T>(
  options: Omit<Repetition, 'task'> & { task(): Promise<T> },
): Promise<T | undefined> {
  const done = new AbortController();
  let result: T | undefined;
  const task = async () => {
    result = await options.task();
    done.abort();
  };
  await repeat({ ...options, task, signal: AbortSignal.any([options.signal, done.signal]) });
  return result;
}
