import { type StatusError, timeout } from '../../machinery/status-error.ts';
import { deadlineMs } from '../corridor/deadline.ts';
import type { Call } from './registry.ts';

/** How long a write waits for the caches where the request does not say how long it may take. */
const longestMs = 60_000;

/** Waits until the caches have what a write of the call has made, for as long as the request may take; undefined where they have it. */
export function untilSeen(call: Call, revision: number): Promise<void> | undefined {
  const waiting = call.environment.feed.reached(revision);
  if (!waiting) return undefined;
  const ms = deadlineMs(call.request.query, longestMs);
  return within(call, waiting, {
    ms,
    late: () => timeout('request did not complete within the allotted timeout', 0),
  });
}

/** Waits for the caches, so long at most; then rejects with what `late` gives. */
export async function within(
  { environment: { platform } }: Call,
  waiting: Promise<void>,
  { ms, late }: { ms: number; late(): StatusError },
): Promise<void> {
  const limit = new AbortController();
  const over = platform.clock.sleep(ms, limit.signal).then(
    () => Promise.reject(late()),
    () => undefined,
  );
  try {
    await Promise.race([waiting, over]);
  } finally {
    limit.abort();
  }
}
