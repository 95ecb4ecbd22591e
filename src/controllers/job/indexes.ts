/** Numbers that follow each other, both ends among them. */
type Range = readonly [first: number, last: number];

/**
 * A set of indexes, kept as the ranges that text such as `1,3-5,7` names: a Job may have two thousand million of them, and whoever may
 * write its status can say that all have succeeded.
 */
export class IndexSet {
  /** In order; none touches another. */
  readonly #ranges: Range[] = [];
  #size = 0;

  /** Reads the indexes below an end from text. */
  static parse(text: string | undefined, end = Number.POSITIVE_INFINITY): IndexSet {
    const set = new IndexSet();
    const ranges = (text ? text.split(',') : []).map((part): Range => {
      const [first = Number.NaN, last = first] = part.split('-').map(Number);
      return [first, Math.min(last, end - 1)];
    });
    for (const range of ranges.sort(([a], [b]) => a - b)) set.#append(range);
    return set;
  }

  /** The indexes in any order. */
  static of(indexes: Iterable<number>): IndexSet {
    const set = new IndexSet();
    for (const index of indexes) set.add(index);
    return set;
  }

  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    return (this.#ranges[this.#at(index)]?.[0] ?? Number.POSITIVE_INFINITY) <= index;
  }

  add(index: number): void {
    if (this.has(index)) return;
    const at = this.#at(index);
    const [before, after] = [this.#ranges[at - 1], this.#ranges[at]];
    const joinsBefore = before?.[1] === index - 1;
    const joinsAfter = after?.[0] === index + 1;
    const first = joinsBefore ? before[0] : index;
    const last = joinsAfter ? after[1] : index;
    this.#ranges.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), [first, last]);
    this.#size++;
  }

  /** The first index from this one on that is not in the set. */
  nextAbsent(index: number): number {
    const range = this.#ranges[this.#at(index)];
    return range && range[0] <= index ? range[1] + 1 : index;
  }

  /** How many indexes are in another set too. */
  countShared(other: IndexSet): number {
    let [i, j, shared] = [0, 0, 0];
    while (i < this.#ranges.length && j < other.#ranges.length) {
      const [mine, theirs] = [this.#ranges[i] as Range, other.#ranges[j] as Range];
      shared += Math.max(0, Math.min(mine[1], theirs[1]) - Math.max(mine[0], theirs[0]) + 1);
      if (mine[1] < theirs[1]) i++;
      else j++;
    }
    return shared;
  }

  /** Text such as `1,3-5,7`; two that follow each other stand apart. */
  toString(): string {
    const textOf = ([first, last]: Range) =>
      first === last ? `${first}` : `${first}${last === first + 1 ? ',' : '-'}${last}`;
    return this.#ranges.map(textOf).join(',');
  }

  /** Where the range stands that the index is in, or else the next one. */
  #at(index: number): number {
    let [from, to] = [0, this.#ranges.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#ranges[middle] as Range)[1] < index) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Puts a range in that begins before none that is there. */
  #append([first, last]: Range): void {
    const end = this.#ranges.at(-1);
    const isJoined = end !== undefined && first <= end[1] + 1;
    const fresh: Range = [isJoined ? end[0] : first, isJoined ? Math.max(end[1], last) : last];
    if (!(first <= last)) return;
    if (isJoined) this.#ranges.pop();
    this.#size += fresh[1] - fresh[0] - (isJoined ? end[1] - end[0] : -1);
    this.#ranges.push(fresh);
  }
}
