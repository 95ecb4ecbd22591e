import type { Component } from '../client/component.ts';
import type { Platform } from '../platform/platform.ts';

/** How often it is looked whether certificates that this process issues are about to expire: they have weeks left then. */
const lookEveryMs = 3_600_000;

/** Looks again and again whether certificates have to be made anew. `look` makes them, and tells whether it has made any. */
export function certificateRenewal(
  name: string,
  { clock, log }: Pick<Platform, 'clock' | 'log'>,
  look: () => Promise<boolean>,
): Component {
  const once = async () => {
    if (await look()) log.info('certificates renewed', { of: name });
  };
  return {
    name,
    run: async (signal) => {
      while (!signal.aborted) {
        await clock.sleep(lookEveryMs, signal).catch(() => {});
        if (!signal.aborted)
          await once().catch((error) =>
            log.error('certificates could not be renewed yet', { of: name, error }),
          );
      }
    },
  };
}
