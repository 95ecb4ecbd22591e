/** A range of cluster sizes, in nodes, and for how long kubelets may keep objects in one of that size, in seconds. */
interface Range {
  least: number;
  most: number;
  ttlSeconds: number;
}

/** Upstream's figures. Ranges overlap, so that a node that comes and goes does not change all others each time. */
const ranges: readonly Range[] = [
  { least: 0, most: 100, ttlSeconds: 0 },
  { least: 90, most: 500, ttlSeconds: 15 },
  { least: 450, most: 1000, ttlSeconds: 30 },
  { least: 900, most: 2000, ttlSeconds: 60 },
  { least: 1800, most: Number.POSITIVE_INFINITY, ttlSeconds: 300 },
];

/** The range, by its place, of a cluster of `count` nodes that was in another before, 0 at first. */
export function nextRange(before: number, count: number): number {
  let range = before;
  while (count > (ranges[range] as Range).most) range++;
  while (count < (ranges[range] as Range).least) range--;
  return range;
}

export const ttlSecondsOf = (range: number): number => (ranges[range] as Range).ttlSeconds;
