/** Until there are more than these, all have their turns together. */
const mostTogether = 25;

/** Members whose turn comes once in each round: what is done for many is never done for all at once, and for few in few turns. */
export class Turns<T> {
  readonly #byTurn: readonly Set<T>[];
  readonly #turnOf = new Map<T, number>();
  readonly #half: number;
  #now = 0;
  #added = 0;

  /** `count`: how many turns a round has. */
  constructor(count: number) {
    this.#byTurn = Array.from({ length: count }, () => new Set<T>());
    this.#half = Math.floor(count / 2);
  }

  /** Its first turn comes after half a round at the earliest. Few have theirs at the beginning or in the middle of a round. */
  add(member: T): void {
    const half = this.#half;
    const usual = this.#now < half ? 0 : half;
    const other = (this.#now + half + (this.#added++ % half) + 1) % this.#byTurn.length;
    const turn = this.#at(usual).size < mostTogether ? usual : other;
    this.#turnOf.set(member, turn);
    this.#at(turn).add(member);
  }

  delete(member: T): void {
    const turn = this.#turnOf.get(member);
    if (turn === undefined) return;
    this.#turnOf.delete(member);
    this.#at(turn).delete(member);
  }

  /** In how many turns somebody has theirs; half a round at most, since others may come meanwhile. */
  get untilNext(): number {
    for (let turns = 1; turns < this.#half; turns++) if (this.#at(this.#now + turns).size > 0) return turns;
    return this.#half;
  }

  /** So many turns on; gives those whose turn it is then. */
  pass(turns: number): Iterable<T> {
    this.#now = (this.#now + turns) % this.#byTurn.length;
    return this.#at(this.#now);
  }

  #at(turn: number): Set<T> {
    return this.#byTurn[turn % this.#byTurn.length] as Set<T>;
  }
}
