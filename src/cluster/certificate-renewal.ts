import type { Component } from '../client/component.ts';
import type { Platform } from '../platform/platform.ts';

/** For certificates that this process issues: they have weeks left when they are made anew. */
const hourMs = 3_600_000;

/** Looks again and again whether there are to be other certificates. `look` sees to that, and tells whether there are. */
export function certificateRenewal(
  name: string,
  { clock, log }: Pick<Platform, 'clock' | 'log'>,
  look: () => Promise<boolean>,
  everyMs = hourMs,
): Component {
  const once = async () => {
    if (await look()) log.info('certificates renewed', { of: name });
  };
  return {
    name,
    run: async (signal) => {
      while (!signal.aborted) {
        await clock.sleep(everyMs, signal).catch(() => {});
        if (!signal.aborted)
          await once().catch((error) =>
            log.error('certificates could not be renewed yet', { of: name, error }),
          );
      }
    },
  };
}
