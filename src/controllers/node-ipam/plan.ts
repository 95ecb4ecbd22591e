const toNumber = (address: string) => address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
const toAddress = (n: number) => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

/** The `index`-th block of `size` bits in a range such as `10.244.0.0/16`; undefined past its end. */
export function blockOf(range: string, size: number, index: number): string | undefined {
  const [base, bits] = range.split('/') as [string, string];
  if (index >= 2 ** (size - Number(bits))) return undefined;
  return `${toAddress(toNumber(base) + index * 2 ** (32 - size))}/${size}`;
}

/** The blocks of `size` bits of a range, and which of them are free. */
export class Blocks {
  readonly #range: string;
  readonly #size: number;
  readonly #taken = new Set<string>();
  /** Everything before this one is taken. */
  #first = 0;

  constructor(range: string, size: number) {
    this.#range = range;
    this.#size = size;
  }

  /** Takes the lowest block that is free; undefined where the range is used up. */
  takeNext(): string | undefined {
    for (; ; this.#first++) {
      const block = blockOf(this.#range, this.#size, this.#first);
      if (block !== undefined && this.#taken.has(block)) continue;
      if (block !== undefined) this.#taken.add(block);
      return block;
    }
  }

  take(block: string): void {
    this.#taken.add(block);
  }

  giveBack(block: string): void {
    if (this.#taken.delete(block)) this.#first = 0;
  }
}
