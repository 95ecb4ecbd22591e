/**
 * Calls `fn` when what is already due in this turn of the event loop has run. No time passes, so no clock,
 * virtual or real, has a say in it.
 */
export function afterTurn(fn: () => void): void {
  setImmediate(fn);
}
