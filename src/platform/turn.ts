/** Turns of the event loop that `afterTurn` still owes. */
let owed = 0;
const owesTurns = () => owed > 0;

/**
 * Calls `fn` when what is already due in this turn of the event loop has run. No time passes, so no clock,
 * virtual or real, has a say in it.
 */
export function afterTurn(fn: () => void): void {
  owed++;
  setImmediate(() => {
    owed--;
    fn();
  });
}

let together: Promise<void> | undefined;

/**
 * Resolves when what is already due in this turn of the event loop has run, for all at once who ask in it. Whoever does the same
 * work then does it step by step with the others, from one `await` to the next: that is much cheaper than one whole work after
 * the other, since what a step needs is still in the processor's caches.
 */
export function turnTogether(): Promise<void> {
  together ??= new Promise((resolve) =>
    afterTurn(() => {
      together = undefined;
      resolve();
    }),
  );
  return together;
}

let lastAlone: Promise<void> = Promise.resolve();

/** Resolves in a later turn of the event loop, which no other who asks has: one long work is gone on with, then all else that is due. */
export function turnAlone(): Promise<void> {
  lastAlone = lastAlone.then(() => new Promise((resolve) => afterTurn(resolve)));
  return lastAlone;
}

/** The steps of one long work, of which others have their turn after every so many, or so large ones. */
export class TurnSteps {
  readonly #perTurn: number;
  #taken = 0;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** To be awaited after each step; `size` is for how many it counts. */
  taken(size = 1): Promise<void> | undefined {
    this.#taken += size;
    if (this.#taken < this.#perTurn) return undefined;
    this.#taken = 0;
    return turnTogether();
  }
}

/** To be awaited where a step of such work ends, and there is nothing else to wait for: the others do theirs before the next begins. */
export const stepTogether: Promise<void> = Promise.resolve();

/**
 * Resolves once nothing in this process is left to do now but what waits for a clock or for the outside: promises have
 * run out, and so has everything that was put off to a later turn.
 */
export async function turnsOver(): Promise<void> {
  do await new Promise<void>((resolve) => setImmediate(resolve));
  while (owesTurns());
}
