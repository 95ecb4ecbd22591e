import type { Meter } from './device-selector.ts';

/** It could not be found out for this node, because a pool contradicts itself or the search took too long: another may still do. */
export class NodeFailure extends Error {
  override readonly name = 'NodeFailure';
}

export const timedOut = 'timed out trying to allocate devices';

/** More tries than these take too long. */
const mostTries = 20_000;
/** A node that has what is asked for at hand needs no more. */
const leastTries = 100;

/** What selectors may cost that one decision asks about devices that they have not been asked about before: a second, where users want it to take long. */
const mostCost = 2_000_000;

/**
 * How many tries each node is worth to one decision: with each that has taken too long the next is worth less, or a thousand nodes would
 * hold the process up for minutes. What is found out of devices by selectors is bounded for all nodes together, and known the next time.
 */
export class Patience implements Meter {
  #tries = mostTries;
  #cost = 0;

  begin(): void {
    if (this.#cost > mostCost) throw new NodeFailure(timedOut);
  }

  spend(cost: number): void {
    this.#cost += cost;
  }

  get tries(): number {
    return this.#tries;
  }

  lose(): void {
    this.#tries = Math.max(leastTries, this.#tries / 2);
  }
}
