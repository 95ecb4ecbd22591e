import { goQuote } from '../../../machinery/go-text.ts';
import { type Clock, formatTime } from '../../../platform/clock.ts';
import { textHash } from '../../../platform/text-hash.ts';
import { TransformError } from '../transform-error.ts';
import type { Transformer } from '../transformer.ts';
import type { SealedSource } from './envelope.ts';

/** The seed that values are written with now. */
export interface WriteSource {
  source: SealedSource;
  /** Its `sourceId`. */
  id: string;
  transformer: Transformer;
  /** Until when it may be written with, on the scale that never jumps: unless the plugin says before that its key is still the same. */
  untilMs: number;
}

/** How long a plugin that says nothing, or is not well, is believed to write with the key that it named last. Upstream's time. */
export const writableMs = 180_000;

/** Throws a TransformError where a seed may not be written with any more. */
export function checkWritable(
  { source, untilMs }: WriteSource,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): void {
  const overdueMs = clock.monotonic() - untilMs;
  if (overdueMs <= 0) return;
  const [until, now] = [clock.now() - overdueMs, clock.now()].map(formatTime);
  throw new TransformError(
    `encryptedDEKSource with keyID hash ${goQuote(textHash(source.keyID))} expired at ${until} (current time is ${now})`,
    { mayPass: true },
  );
}
