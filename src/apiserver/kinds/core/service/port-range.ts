import type { Random } from '../../../../platform/random.ts';

/** Ports of nodes that services get, the first and the last included. */
export interface PortRange {
  first: number;
  last: number;
}

/** Why this very port cannot be given out, besides being used. */
export function portError({ first, last }: PortRange, port: number): string | undefined {
  if (port >= first && port <= last) return undefined;
  return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`;
}

/** How many ports at the beginning are left to those who ask for one by number. */
function staticBand(size: number): number {
  if (size < 16) return 0;
  return Math.min(Math.max(16, Math.floor(size / 32)), 128);
}

/** Any port that is not used, from the upper band while there is one; undefined if all are used. */
export function freePort(
  range: PortRange,
  isUsed: (port: number) => boolean,
  random: Random,
): number | undefined {
  const { first, last } = range;
  const band = staticBand(last - first + 1);
  const search = (from: number, count: number) => {
    const start = count > 0 ? random.int(count) : 0;
    for (let i = 0; i < count; i++) {
      const port = from + ((start + i) % count);
      if (!isUsed(port)) return port;
    }
    return undefined;
  };
  return search(first + band, last - first + 1 - band) ?? search(first, band);
}
