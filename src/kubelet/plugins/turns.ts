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
}
