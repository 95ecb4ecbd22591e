/** A power of two. */
const parts = 64;
/** Names that are alike differ at their ends. */
const hashedCharacters = 8;

/**
 * A map by text whose growth nobody has to wait for: a table of `Map` doubles in one go, which takes tens of milliseconds where there are
 * a hundred thousand entries, so that many are spread over tables which grow by themselves. Few come in the order in which they were put in.
 */
export class LargeMap<V> {
  readonly #mostTogether: number;
  #parts: [Map<string, V>, ...Map<string, V>[]] = [new Map()];
  #size = 0;

  /** `mostTogether` is how many entries are in one table before they are spread. */
  constructor(mostTogether = 16_384) {
    this.#mostTogether = mostTogether;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#part(key).get(key);
  }

  has(key: string): boolean {
    return this.#part(key).has(key);
  }

  set(key: string, value: V): this {
    const part = this.#part(key);
    const before = part.size;
    part.set(key, value);
    this.#size += part.size - before;
    if (this.#size > this.#mostTogether && this.#parts.length === 1) this.#spread();
    return this;
  }

  /** Whether it was there. */
  delete(key: string): boolean {
    const was = this.#part(key).delete(key);
    if (was) this.#size--;
    if (this.#size === 0 && this.#parts.length > 1) this.clear();
    return was;
  }

  clear(): void {
    this.#parts = [new Map()];
    this.#size = 0;
  }

  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.#parts.length === 1 ? this.#parts[0].entries() : all(this.#parts);
  }

  values(): IterableIterator<V> {
    return this.#parts.length === 1 ? this.#parts[0].values() : all(this.#parts.map((part) => part.values()));
  }

  /** How many entries each of its tables has. */
  sizes(): number[] {
    return this.#parts.map(({ size }) => size);
  }

  #spread(): void {
    const [together] = this.#parts;
    for (let i = 1; i < parts; i++) this.#parts.push(new Map());
    this.#parts[0] = new Map();
    for (const [key, value] of together) this.#part(key).set(key, value);
  }

  #part(key: string): Map<string, V> {
    if (this.#parts.length === 1) return this.#parts[0];
    return this.#parts[hashOf(key) & (parts - 1)] as Map<string, V>;
  }
}

function* all<T>(parts: readonly Iterable<T>[]): IterableIterator<T> {
  for (const part of parts) yield* part;
}

/** FNV-1a of the last characters. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = Math.max(0, key.length - hashedCharacters); i < key.length; i++)
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
