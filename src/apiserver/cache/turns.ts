/** Members whose turn comes once in each round: what is done for all of them is never done for all at once. */
export class Turns<T> {
  readonly #byTurn: readonly Set<T>[];
  readonly #turnOf = new Map<T, number>();
  #now = 0;
  #added = 0;

  /** `count`: how many turns a round has. */
  constructor(count: number) {
    this.#byTurn = Array.from({ length: count }, () => new Set<T>());
  }

  /** Its first turn comes after half a round at the earliest; those that come together are spread over the other half. */
  add(member: T): void {
    const half = Math.floor(this.#byTurn.length / 2);
    const turn = (this.#now + half + (this.#added++ % half) + 1) % this.#byTurn.length;
    this.#turnOf.set(member, turn);
    this.#byTurn[turn]?.add(member);
  }

  delete(member: T): void {
    const turn = this.#turnOf.get(member);
    if (turn === undefined) return;
    this.#turnOf.delete(member);
    this.#byTurn[turn]?.delete(member);
  }

  /** The next turn; gives those whose it is. */
  next(): Iterable<T> {
    this.#now = (this.#now + 1) % this.#byTurn.length;
    return this.#byTurn[this.#now] as Set<T>;
  }
}
