/** Has things that concern the same happen one after the other, whatever becomes of the one before. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#last.set(key, turn);
    const forget = () => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  }

  /** When it is the turn for each of the keys. Who waits for several never waits for one another: all do it in the same order. */
  inTurns<T>(keys: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const [last, ...before] = [...new Set(keys)].sort().reverse();
    if (last === undefined) return work();
    const inner = () => this.inTurn(last, work);
    return before.reduce<() => Promise<T>>((next, key) => () => this.inTurn(key, next), inner)();
  }
}
