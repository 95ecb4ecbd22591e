/** Reads numbers from text such as `1,3-5,7`. */
export function parseIndexes(text: string | undefined): Set<number> {
  const numbers = new Set<number>();
  for (const part of text ? text.split(',') : []) {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    for (let n = first; n <= last; n++) numbers.add(n);
  }
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
