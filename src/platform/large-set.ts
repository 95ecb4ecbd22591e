/**
 * A set of text in the order in which it was put in, whose growth nobody has to wait for: see `LargeMap`. Whoever adds knows that it is not in it.
 */
export class LargeSet {
  readonly #mostTogether: number;
  /** Never empty. */
  #parts: Set<string>[] = [new Set()];
  #size = 0;

  /** `mostTogether` is how many are in one table before another is begun. */
  constructor(mostTogether = 16_384) {
    this.#mostTogether = mostTogether;
  }

  get size(): number {
    return this.#size;
  }

  /** Of how many tables it is made. */
  get parts(): number {
    return this.#parts.length;
  }

  /** Adds what is not there. */
  add(key: string): void {
    let last = this.#parts.at(-1) as Set<string>;
    if (last.size >= this.#mostTogether) {
      last = new Set();
      this.#parts.push(last);
    }
    last.add(key);
    this.#size++;
  }

  delete(key: string): void {
    for (let at = this.#parts.length - 1; at >= 0; at--) {
      if (!this.#parts[at]?.delete(key)) continue;
      this.#size--;
      this.#join(at + 1);
      this.#join(at);
      return;
    }
  }

  *[Symbol.iterator](): IterableIterator<string> {
    for (const part of this.#parts) yield* part;
  }

  /** Makes one of a part and the one before it where both are small, so that there are never many for few. */
  #join(at: number): void {
    const [before, part] = [this.#parts[at - 1], this.#parts[at]];
    if (!before || !part || before.size + part.size > this.#mostTogether / 4) return;
    for (const key of part) before.add(key);
    this.#parts.splice(at, 1);
  }
}
