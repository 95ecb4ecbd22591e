/** A priority queue of values with keys; `before` says which of two comes first. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #places = new Map<string, number>();
  readonly #before: (a: T, b: T) => boolean;
  readonly #keyOf: (item: T) => string;

  constructor(options: { before(a: T, b: T): boolean; keyOf(item: T): string }) {
    this.#before = options.before;
    this.#keyOf = options.keyOf;
  }

  get size(): number {
    return this.#items.length;
  }

  get(key: string): T | undefined {
    const at = this.#places.get(key);
    return at === undefined ? undefined : this.#items[at];
  }

  /** All items, in no order. */
  values(): Iterable<T> {
    return this.#items.values();
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  /** Adds the item, in place of one with the same key. */
  put(item: T): void {
    const key = this.#keyOf(item);
    const at = this.#places.get(key) ?? this.#items.length;
    this.#set(at, item);
    this.#down(this.#up(at));
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.remove(this.#keyOf(first));
    return first;
  }

  remove(key: string): T | undefined {
    const at = this.#places.get(key);
    if (at === undefined) return undefined;
    const gone = this.#items[at];
    const last = this.#items.pop() as T;
    this.#places.delete(key);
    if (at < this.#items.length) {
      this.#set(at, last);
      this.#down(this.#up(at));
    }
    return gone;
  }

  #set(at: number, item: T): void {
    this.#items[at] = item;
    this.#places.set(this.#keyOf(item), at);
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#items[a] as T, this.#items[b] as T];
    this.#set(a, right);
    this.#set(b, left);
  }

  #up(from: number): number {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(this.#items[at] as T, this.#items[parent] as T)) break;
      this.#swap(at, parent);
      at = parent;
    }
    return at;
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let first = at;
      for (const child of [left, right]) {
        if (child < this.#items.length && this.#before(this.#items[child] as T, this.#items[first] as T))
          first = child;
      }
      if (first === at) return;
      this.#swap(at, first);
      at = first;
    }
  }
}
