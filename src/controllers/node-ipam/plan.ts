const toNumber = (address: string) => address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
const toAddress = (n: number) => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

/** The first address of a range such as `10.244.0.0/16`, as a number, and how many there are. */
function readRange(range: string): { first: number; count: number } {
  const [address = '', bits] = range.split('/');
  const count = 2 ** (32 - Number(bits));
  return { first: Math.floor(toNumber(address) / count) * count, count };
}

/** The `index`-th block of `size` bits in a range such as `10.244.0.0/16`; undefined past its end. */
export function blockOf(range: string, size: number, index: number): string | undefined {
  const { first, count } = readRange(range);
  const offset = index * 2 ** (32 - size);
  return offset < count ? `${toAddress(first + offset)}/${size}` : undefined;
}

/** The blocks of `size` bits of a range of IPv4 addresses, and which of them are free. (`pkg/controller/nodeipam/ipam/cidrset`) */
export class Blocks {
  readonly #range: string;
  readonly #size: number;
  /** How many there are. */
  readonly #count: number;
  readonly #taken = new Set<number>();
  /** Where to look next, so that one that comes back is not at once another node's. */
  #next = 0;

  constructor(range: string, size: number) {
    this.#range = range;
    this.#size = size;
    this.#count = readRange(range).count / 2 ** (32 - size);
  }

  /** How many there are, and how many of them are taken. */
  get sizes(): { all: number; taken: number } {
    return { all: this.#count, taken: this.#taken.size };
  }

  /** Takes the next block that is free; undefined where the range is used up. */
  takeNext(): string | undefined {
    if (this.#taken.size >= this.#count) return undefined;
    let index = this.#next;
    while (this.#taken.has(index)) index = (index + 1) % this.#count;
    this.#next = (index + 1) % this.#count;
    this.#taken.add(index);
    return blockOf(this.#range, this.#size, index);
  }

  /** Takes all blocks that share addresses with a range. */
  take(range: string): void {
    for (const index of this.#within(range)) this.#taken.add(index);
  }

  giveBack(range: string): void {
    for (const index of this.#within(range)) this.#taken.delete(index);
  }

  *#within(range: string): Iterable<number> {
    if (range.includes(':')) return;
    const { first, count } = readRange(range);
    const blockSpan = 2 ** (32 - this.#size);
    const offset = first - readRange(this.#range).first;
    const end = Math.min(offset + count, this.#count * blockSpan);
    for (let at = Math.max(0, Math.floor(offset / blockSpan)); at * blockSpan < end; at++) yield at;
  }
}
