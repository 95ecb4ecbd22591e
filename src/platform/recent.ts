/** Remembers what was put or asked for last: at least the newest `least` entries, and never more than twice as many. */
export class Recent<K, V> {
  readonly #least: number;
  #now = new Map<K, V>();
  #before = new Map<K, V>();

  constructor(least: number) {
    this.#least = least;
  }

  get(key: K): V | undefined {
    const found = this.#now.get(key);
    if (found !== undefined) return found;
    const older = this.#before.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: K, value: V): void {
    this.#now.set(key, value);
    // Forgotten by the thousand: taking the oldest out of a map one by one has it look past all that were there before.
    if (this.#now.size < this.#least) return;
    this.#before = this.#now;
    this.#now = new Map();
  }

  delete(key: K): void {
    this.#now.delete(key);
    this.#before.delete(key);
  }

  clear(): void {
    this.#now.clear();
    this.#before.clear();
  }
}
