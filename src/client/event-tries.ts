import { StatusError } from '../machinery/status-error.ts';
import type { Clock } from '../platform/clock.ts';
import { UnreachableError } from './transport.ts';

/** As client-go: an event is tried so often, with so long a pause. */
const mostTries = 12;
export const pauseMs = 10_000;

/** Whether the server has said nothing to it: what it says is final. */
export const isUnanswered = (error: unknown): boolean =>
  !(error instanceof StatusError) || error instanceof UnreachableError;

export interface Tries {
  clock: Clock;
  /** Whether an error may pass. */
  mayPass(error: unknown): boolean;
  /** How long is waited after so many tries. */
  pauseAfter(tries: number): number;
  /** Waiting for another try is over when it is aborted. */
  signal(): AbortSignal;
}

/** Tries to write an event until that is done or is given up; rejects with what went wrong last. */
export async function writeAgainAndAgain(
  write: () => Promise<unknown>,
  { clock, mayPass, pauseAfter, signal }: Tries,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await write();
      return;
    } catch (error) {
      if (tries === mostTries || !mayPass(error)) throw error;
      await clock.sleep(pauseAfter(tries), signal()).catch(() => {
        throw error;
      });
    }
  }
}
