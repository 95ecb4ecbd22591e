import { type StatusError, timeout } from '../../machinery/status-error.ts';
import type { Call } from './registry.ts';
import { within } from './seen.ts';
import { translated } from './storage.ts';

/** How long a read waits for a revision that the server has not seen. */
const freshnessMs = 3000;

/** Waits until the caches have seen a revision; where none is given, what is newest now. */
export async function freshEnough(call: Call, revision: number | undefined): Promise<void> {
  const { feed, freshRevision } = call.environment;
  const wanted = revision ?? (freshRevision ? await translated(freshRevision()) : 0);
  const waiting = feed.reached(wanted);
  if (!waiting) return;
  await within(call, waiting, { ms: freshnessMs, late: () => tooLarge(wanted, feed.revision) });
}

/** The answer to a revision that has not been seen yet. */
export function tooLarge(revision: number, now: number): StatusError {
  const error = timeout(`Too large resource version: ${revision}, current: ${now}`, 1);
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  error.status.details = { ...error.status.details, causes };
  return error;
}
