const maxFew = 12;

/** Texts that were met. A few are looked through one by one, which costs less than to make a set of them. */
export class Seen {
  readonly #few: string[] = [];
  #many: Set<string> | undefined;

  /** Gives whether the text was met before. */
  meet(text: string): boolean {
    if (this.#many) return this.#many.has(text) || !this.#many.add(text);
    if (this.#few.includes(text)) return true;
    if (this.#few.push(text) > maxFew) this.#many = new Set(this.#few);
    return false;
  }
}
