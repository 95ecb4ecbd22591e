import type { Clock } from '../platform/clock.ts';
import { type Deferred, deferred } from '../platform/deferred.ts';
import type { Log } from '../platform/log.ts';

/** Changes within this time are seen to together. */
const gatherMs = 50;
const retryMs = 1000;

export interface InOrderOptions {
  /** Such as `host ports`: what is told of when it does not succeed. */
  what: string;
  /** Sees to it that all is as it should be now. Where it rejects it is called again a second later. */
  sync(signal: AbortSignal): Promise<void>;
  /** Called this long after all was in order, in case somebody else has changed something since. */
  lookAgain?: { afterMs: number; look(): void };
  clock: Clock;
  log: Log;
}

/** Keeps something of a node in order: at first, after each change, and where it has not succeeded. */
export class InOrder {
  readonly #options: InOrderOptions;
  #wake: Deferred<void> = deferred();

  constructor(options: InOrderOptions) {
    this.#options = options;
  }

  /** Something is not as it was. */
  readonly changed = (): void => this.#wake.resolve();

  async run(signal: AbortSignal): Promise<void> {
    const { what, clock, log } = this.#options;
    signal.addEventListener('abort', this.changed, { once: true });
    while (!signal.aborted) {
      this.#wake = deferred();
      try {
        await this.#options.sync(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn(`${what} not in order; will be tried again`, { error: String(error) });
        await clock.sleep(retryMs, signal).catch(() => {});
        continue;
      }
      await this.#nextChange();
      await clock.sleep(gatherMs, signal).catch(() => {});
    }
  }

  async #nextChange(): Promise<void> {
    const { lookAgain, clock } = this.#options;
    const again = lookAgain && clock.after(lookAgain.afterMs, lookAgain.look);
    await this.#wake.promise;
    again?.cancel();
  }
}
