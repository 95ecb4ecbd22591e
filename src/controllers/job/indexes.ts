/** Numbers that follow each other, both ends among them. */
type Range = readonly [first: number, last: number];

/** Reads text such as `1,3-5,7`. */
export function parseRanges(text: string): Range[] {
  return text.split(',').map((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return [first, last];
  });
}

/** How many numbers there are in ranges of which none touches another. */
export const countIn = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** Whether a number is in one of the ranges, which stand in order. */
export function holds(ranges: readonly Range[], index: number): boolean {
  let [from, to] = [0, ranges.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((ranges[middle] as Range)[1] < index) from = middle + 1;
    else to = middle;
  }
  return (ranges[from]?.[0] ?? Number.POSITIVE_INFINITY) <= index;
}

/** Reads the numbers below an end from text such as `1,3-5,7`. */
export function parseIndexes(text: string | undefined, end: number): Set<number> {
  const numbers = new Set<number>();
  for (const [first, last] of text ? parseRanges(text) : [])
    for (let n = first; n <= last && n < end; n++) numbers.add(n);
  return numbers;
}

/** Writes numbers as text such as `1,3-5,7`; two that follow each other stand apart. */
export function formatIndexes(numbers: Iterable<number>): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] as number) + 1) end++;
    const [first, last] = [sorted[i] as number, sorted[end] as number];
    if (end === i) parts.push(`${first}`);
    else parts.push(end === i + 1 ? `${first},${last}` : `${first}-${last}`);
    i = end + 1;
  }
  return parts.join(',');
}
