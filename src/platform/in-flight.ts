/**
 * What is under way, by number. A `Map` would do but for one thing: whenever a thousand comings and goings make V8 build its table
 * anew, the old table goes on pointing at the new one and at all that was in it. Once one such table has grown old, none after it is
 * thrown away with the young, nor is anything that was under way at such a moment, until all memory is looked through: of a server's
 * requests, most.
 */
export class InFlight<V> {
  readonly #values = Object.create(null) as Record<number, V>;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): V | undefined {
    return this.#values[id];
  }

  has(id: number): boolean {
    return id in this.#values;
  }

  set(id: number, value: V): this {
    if (!(id in this.#values)) this.#size++;
    this.#values[id] = value;
    return this;
  }

  /** Whether it was under way. */
  delete(id: number): boolean {
    if (!(id in this.#values)) return false;
    this.#size--;
    return delete this.#values[id];
  }

  keys(): number[] {
    return Object.keys(this.#values).map(Number);
  }

  /** In the order of their numbers. */
  values(): V[] {
    return Object.values(this.#values);
  }

  forEach(fn: (value: V) => void): void {
    for (const value of this.values()) fn(value);
  }
}
