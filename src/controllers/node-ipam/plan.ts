import { ipText, type NumberedRange, numberedRange } from '../../machinery/ip-number.ts';

/** The `index`-th block whose addresses begin with `bits` bits in a range such as `10.244.0.0/16`; undefined past its end. */
export function blockOf(range: string, bits: number, index: number): string | undefined {
  const { family, first, count } = numberedRange(range);
  const offset = BigInt(index) * spanOf(family, bits);
  return offset < count ? `${ipText(first + offset, family)}/${bits}` : undefined;
}

/** How many addresses a block has. */
const spanOf = (family: NumberedRange['family'], bits: number) => 1n << BigInt(family.bits - bits);

/** The blocks of `bits` bits of a range, and which of them are free. (`pkg/controller/nodeipam/ipam/cidrset`) */
export class Blocks {
  readonly range: string;
  readonly #numbered: NumberedRange;
  readonly #bits: number;
  /** How many there are. */
  readonly #count: number;
  readonly #taken = new Set<number>();
  /** Where to look next, so that one that comes back is not at once another node's. */
  #next = 0;

  constructor(range: string, bits: number) {
    this.range = range;
    this.#numbered = numberedRange(range);
    this.#bits = bits;
    this.#count = 2 ** (bits - this.#numbered.bits);
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
    return blockOf(this.range, this.#bits, index);
  }

  /** Takes all blocks that share addresses with a range. */
  take(range: string): void {
    for (const index of this.#within(range)) this.#taken.add(index);
  }

  giveBack(range: string): void {
    for (const index of this.#within(range)) this.#taken.delete(index);
  }

  *#within(range: string): Iterable<number> {
    const { family, first } = this.#numbered;
    const other = numberedRange(range);
    if (other.family !== family) return;
    const span = spanOf(family, this.#bits);
    const begin = other.first - first;
    if (begin + other.count <= 0n) return;
    const beyond = (begin + other.count + span - 1n) / span;
    const end = beyond < BigInt(this.#count) ? Number(beyond) : this.#count;
    const start = begin < 0n ? 0n : begin / span;
    for (let at = start < BigInt(end) ? Number(start) : end; at < end; at++) yield at;
  }
}
