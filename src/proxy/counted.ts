interface Held {
  value: string;
  count: number;
}

/**
 * Elements of a set or map, or whatever else stands once though several Services want it. It remembers what was in force when `settle` was last
 * called, so that several changes of one element come to the one that matters.
 */
export class Counted {
  readonly #held = new Map<string, Held>();
  /** What was in force under the keys that have been touched. */
  readonly #before = new Map<string, string | undefined>();

  add(key: string, value: string): void {
    const held = this.#held.get(key);
    if (held?.value !== value) this.#touch(key, held?.value);
    this.#held.set(key, { value, count: (held?.count ?? 0) + 1 });
  }

  remove(key: string): void {
    const held = this.#held.get(key);
    if (!held) return;
    held.count--;
    if (held.count > 0) return;
    this.#touch(key, held.value);
    this.#held.delete(key);
  }

  /** What is to go and what is to come since `settle`; an element with another value is in both. */
  changes(): { readonly gone: string[]; readonly fresh: [key: string, value: string][] } {
    const gone: string[] = [];
    const fresh: [string, string][] = [];
    for (const [key, before] of this.#before) {
      const now = this.#held.get(key)?.value;
      if (now === before) continue;
      if (before !== undefined) gone.push(key);
      if (now !== undefined) fresh.push([key, now]);
    }
    return { gone, fresh };
  }

  settle(): void {
    this.#before.clear();
  }

  *all(): Iterable<readonly [key: string, value: string]> {
    for (const [key, { value }] of this.#held) yield [key, value];
  }

  #touch(key: string, before: string | undefined): void {
    if (!this.#before.has(key)) this.#before.set(key, before);
  }
}
