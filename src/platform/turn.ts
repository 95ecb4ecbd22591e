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

/**
 * Resolves once nothing in this process is left to do now but what waits for a clock or for the outside: promises have
 * run out, and so has everything that was put off to a later turn.
 */
export async function turnsOver(): Promise<void> {
  do await new Promise<void>((resolve) => setImmediate(resolve));
  while (owesTurns());
}
