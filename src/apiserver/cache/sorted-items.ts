import { LargeMap } from '../../platform/large-map.ts';

/** What stands in the list: things with a key, one per key. */
interface Keyed {
  readonly key: string;
}

const chunkSize = 256;

/**
 * Items in the order of their keys (as bytes of ASCII text compare), in chunks, so that an insertion moves a few
 * hundred references at most and a range is a walk.
 */
export class SortedItems<T extends Keyed> {
  readonly #byKey = new LargeMap<T>();
  #chunks: T[][] = [];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  set(item: T): void {
    const known = this.#byKey.has(item.key);
    this.#byKey.set(item.key, item);
    const at = this.#chunkOf(item.key);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([item]);
      return;
    }
    const index = lowerBound(chunk, item.key);
    chunk.splice(index, known ? 1 : 0, item);
    if (chunk.length > chunkSize) this.#chunks.splice(at + 1, 0, chunk.splice(chunkSize / 2));
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return;
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at] as T[];
    chunk.splice(lowerBound(chunk, key), 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  clear(): void {
    this.#byKey.clear();
    this.#chunks = [];
  }

  /** Items whose key begins with `prefix`, from key `from` (included) on. */
  *range(prefix: string, from = prefix): IterableIterator<T> {
    const start = from > prefix ? from : prefix;
    for (let at = this.#chunkOf(start); at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as T[];
      for (let i = lowerBound(chunk, start); i < chunk.length; i++) {
        const item = chunk[i] as T;
        if (!item.key.startsWith(prefix)) return;
        yield item;
      }
    }
  }

  /** How many items `range` gives, without a walk past each of them. */
  count(prefix: string, from = prefix): number {
    // Behind every key that begins with the prefix: keys are ASCII.
    return this.#rank(`${prefix}\x7f`) - this.#rank(from > prefix ? from : prefix);
  }

  /** How many items come before `key`. */
  #rank(key: string): number {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (!chunk) return 0;
    let rank = lowerBound(chunk, key);
    for (let i = 0; i < at; i++) rank += (this.#chunks[i] as T[]).length;
    return rank;
  }

  /** The chunk that holds `key` or would: the last one that does not begin after it. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (((this.#chunks[middle] as T[])[0] as T).key <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** Index of the first item whose key is not before `key`. */
function lowerBound<T extends Keyed>(chunk: readonly T[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((chunk[middle] as T).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
