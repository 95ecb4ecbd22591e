const toNumber = (address: string) => address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
const toAddress = (n: number) => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');

/** The `index`-th block of `size` bits in a range such as `10.244.0.0/16`; undefined past its end. */
export function blockOf(range: string, size: number, index: number): string | undefined {
  const [base, bits] = range.split('/') as [string, string];
  if (index >= 2 ** (size - Number(bits))) return undefined;
  return `${toAddress(toNumber(base) + index * 2 ** (32 - size))}/${size}`;
}

/** The lowest block that is not taken; undefined where the range is used up. */
export function nextBlock(range: string, size: number, taken: ReadonlySet<string>): string | undefined {
  for (let index = 0; ; index++) {
    const block = blockOf(range, size, index);
    if (block === undefined || !taken.has(block)) return block;
  }
}
