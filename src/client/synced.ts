import { onAbort } from '../platform/on-abort.ts';

/**
 * Resolves once all informers have their first list, or the signal is aborted: whoever is to stop cannot wait for a server that may never
 * answer.
 */
export async function syncedOrStopped(
  informers: readonly { synced: Promise<void> }[],
  signal: AbortSignal,
): Promise<void> {
  let leave = () => {};
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    leave = onAbort(signal, resolve);
  });
  await Promise.race([Promise.all(informers.map(({ synced }) => synced)), stopped]);
  leave();
}
