import { turnAlone } from '../../platform/turn.ts';

/** Thrown through what rests, to be gone on with from the beginning: what has been done is known then. Not an error of an expression. */
export class Pause extends Error {
  override readonly name = 'Pause';
}

const pause = new Pause('it rests');

/** What is made at once, and what in a turn of its own: a few milliseconds, and some more. In units of cost. */
const atOnce = 5_000;
const perTurn = 20_000;

/** What an error takes that something else makes up for. */
export const effortPerError = 10;

/** What compiling an expression takes, however short. */
export const effortPerExpression = 20;

/** What reading and checking each character of an expression takes. */
export const effortPerSource = 4;

/** What may be done yet before it is time to rest. */
let left = Number.POSITIVE_INFINITY;

/** Counts so much effort, in units of cost. */
export function effort(units: number): void {
  left -= units;
}

/** Whether what is under way has to be able to rest at all. */
export const mayRest = (): boolean => left !== Number.POSITIVE_INFINITY;

/** Throws Pause where it is time to rest. */
export function restIfDue(): void {
  if (left <= 0) throw pause;
}

function withEffort<T>(units: number, work: () => T): T {
  const outer = left;
  left = units;
  try {
    return work();
  } finally {
    left = outer;
  }
}

/** Does something without a rest. */
export const withoutRest = <T>(work: () => T): T => withEffort(Number.POSITIVE_INFINITY, work);

/**
 * Does what can rest; what is short is done at once. A long work is gone on with in turns of the event loop that no other long one has, so
 * that everything else has its turn in time. The promise rejects with the signal's reason.
 */
export function inTurns<T>(work: () => T, signal?: AbortSignal): T | Promise<T> {
  try {
    return withEffort(atOnce, work);
  } catch (error) {
    if (!(error instanceof Pause)) throw error;
    return goOn(work, signal);
  }
}

/** What can rest wherever a work that is written as a generator yields. */
export function resting<T>(work: Generator<void, T>): () => T {
  return () => {
    for (;;) {
      restIfDue();
      const { done, value } = work.next();
      if (done) return value;
    }
  };
}

/** What is done once: what has come of it is known afterwards, be it an error. */
export function once<T>(work: () => T): () => T {
  let outcome: { value: T } | { error: unknown } | undefined;
  return () => {
    if (!outcome) {
      try {
        outcome = { value: work() };
      } catch (error) {
        if (error instanceof Pause) throw error;
        outcome = { error };
      }
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}

async function goOn<T>(work: () => T, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    await turnAlone();
    signal?.throwIfAborted();
    try {
      return withEffort(perTurn, work);
    } catch (error) {
      if (!(error instanceof Pause)) throw error;
    }
  }
}
