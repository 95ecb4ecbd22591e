/** By signal: who waits for it. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `fn`, which must not throw, when the signal is aborted; gives the way to leave. What hundreds wait for takes one listener:
 * an event target looks through all it has whenever one is removed.
 */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  const others = waiting.get(signal) ?? listenedTo(signal);
  const own = () => fn();
  others.add(own);
  return () => void others.delete(own);
}

function listenedTo(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(signal, all);
  signal.addEventListener(
    'abort',
    () => {
      for (const fn of all) fn();
      all.clear();
    },
    { once: true },
  );
  return all;
}

/** Resolves with a promise, or once the signal is aborted: whoever is to stop cannot wait for what may never come. */
export async function orAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let leave = () => {};
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    leave = onAbort(signal, resolve);
  });
  await Promise.race([promise, stopped]).finally(() => leave());
}
