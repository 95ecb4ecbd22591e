import { canonicalIp, ipFamily } from '../../../../machinery/ip.ts';
import { type AddressFamily, ipv4, ipv6 } from '../../../../machinery/address-family.ts';
import { ipNumber, ipText, numberedRange } from '../../../../machinery/ip-number.ts';
import type { Random } from '../../../../platform/random.ts';

/** A range of addresses that services get theirs from. */
export interface AddressRange {
  cidr: string;
  family: AddressFamily;
  /** The number of the network's own address. */
  base: bigint;
  /** How many addresses after it can be given out. */
  size: bigint;
}

/** Reads a range such as `10.96.0.0/12`. */
export function addressRange(cidr: string): AddressRange {
  const { family, first: base, count } = numberedRange(cidr);
  // The network's own address is no service's, nor is the one that means all in IPv4.
  const size = count - (family === ipv4 ? 2n : 1n);
  return { cidr, family, base, size };
}

/** The address at an offset from the network's own: 1 is the first. */
export function addressAt(range: AddressRange, offset: number): string {
  return ipText(range.base + BigInt(offset), range.family);
}

/** How many addresses at the beginning are left to those who ask for one by name. */
function staticBand(size: bigint): bigint {
  if (size < 16n) return 0n;
  const share = size / 16n;
  return share < 16n ? 16n : share > 256n ? 256n : share;
}

/** Any address that is not used, from the upper band while there is one; undefined if all are used. */
export function freeAddress(
  range: AddressRange,
  isUsed: (ip: string) => boolean,
  random: Random,
): string | undefined {
  const band = staticBand(range.size);
  return (
    search(range, [band, range.size - band], { isUsed, random }) ??
    search(range, [0n, band], { isUsed, random })
  );
}

interface Search {
  isUsed(ip: string): boolean;
  random: Random;
}

/** No more places than these are begun at or looked at in one band: few enough to count, more than anybody fills. */
const maxPlaces = 1n << 31n;

/** Begins anywhere in the band and goes round once. */
function search(
  range: AddressRange,
  [start, count]: [bigint, bigint],
  { isUsed, random }: Search,
): string | undefined {
  if (count <= 0n) return undefined;
  const limit = Number(count < maxPlaces ? count : maxPlaces);
  const first = random.int(limit);
  for (let i = 0; i < limit; i++) {
    const ip = ipText(range.base + 1n + start + BigInt((first + i) % limit), range.family);
    if (!isUsed(ip)) return ip;
  }
  return undefined;
}

/** Whether an address can be given out of a range: its network's own cannot, nor the one that means all in IPv4. */
export function holdsAddress(range: AddressRange, ip: string): boolean {
  const canonical = canonicalIp(ip);
  if (canonical === undefined || canonical.includes(':') !== (range.family === ipv6)) return false;
  const offset = ipNumber(canonical) - range.base;
  return offset > 0n && offset <= range.size;
}

/** Whether addresses are given out of a range at all: not out of one of IPv6 that is larger than a /64. */
export const isAllottable = (cidr: string): boolean =>
  ipFamily(cidr.slice(0, cidr.indexOf('/'))) !== 6 || Number(cidr.slice(cidr.indexOf('/') + 1)) >= 64;
