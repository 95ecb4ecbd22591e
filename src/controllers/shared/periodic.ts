import type { Component } from '../../client/component.ts';
import type { ControllerContext } from '../controller.ts';

export interface PeriodicOptions {
  name: string;
  context: ControllerContext;
  periodMs: number;
  /** One round; what it throws is logged, and the next round comes as ever. */
  round(signal: AbortSignal): Promise<void>;
}

/** A component that does the same from time to time, once all informers are there. */
export function createPeriodic({ name, context, periodMs, round }: PeriodicOptions): Component {
  const { clock, informers } = context;
  const log = context.log.named(name);
  const run = async (signal: AbortSignal) => {
    const stopped = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    if (!signal.aborted) await Promise.race([informers.synced(), stopped]);
    while (!signal.aborted) {
      await round(signal).catch(
        (error) => signal.aborted || log.warn('round failed', { error: String(error) }),
      );
      await clock.sleep(periodMs, signal).catch(() => {});
    }
  };
  return { name, run };
}
