import type { CachedItem } from './cached-item.ts';

/** Finds the objects of a resource that have a value in a field: those of a node need not be looked for among all pods. */
export class FieldIndex {
  readonly #field: string;
  readonly #byValue = new Map<string, Map<string, CachedItem>>();

  constructor(field: string, items: Iterable<CachedItem>) {
    this.#field = field;
    for (const item of items) this.change(undefined, item);
  }

  /** Takes in what has become of an object. */
  change(previous: CachedItem | undefined, item: CachedItem | undefined): void {
    const [before, now] = [previous?.field(this.#field), item?.field(this.#field)];
    if (previous && before && before !== now) this.#remove(before, previous.key);
    if (!item || !now) return;
    const same = this.#byValue.get(now);
    if (same) same.set(item.key, item);
    else this.#byValue.set(now, new Map([[item.key, item]]));
  }

  #remove(value: string, key: string): void {
    const same = this.#byValue.get(value);
    same?.delete(key);
    if (same?.size === 0) this.#byValue.delete(value);
  }

  /** The objects whose key begins with `prefix`, from key `from` (included) on, in the order of their keys. `value` is not empty. */
  range(value: string, prefix: string, from: string): CachedItem[] {
    const items = [...(this.#byValue.get(value)?.values() ?? [])];
    const isIn = ({ key }: CachedItem) => key.startsWith(prefix) && key >= from;
    return items.filter(isIn).sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
