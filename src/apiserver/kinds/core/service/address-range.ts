import { canonicalIp, ipFamily } from '../../../../machinery/ip.ts';
import type { Random } from '../../../../platform/random.ts';

/** A range of addresses that services get theirs from. */
export interface AddressRange {
  cidr: string;
  family: 'IPv4' | 'IPv6';
  /** The number of the network's own address. */
  base: bigint;
  /** How many addresses after it can be given out. */
  size: bigint;
}

function numberOf(ip: string): bigint {
  if (!ip.includes(':')) return ip.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = ip.split('::');
  const groups = (text: string) => (text ? text.split(':') : []);
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail ?? '')];
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function textOf(value: bigint, family: AddressRange['family']): string {
  const [count, bits, base, separator] =
    family === 'IPv4' ? ([4, 8n, 10, '.'] as const) : ([8, 16n, 16, ':'] as const);
  const parts = Array.from({ length: count }, (_, i) => {
    const part = (value >> (bits * BigInt(count - 1 - i))) & ((1n << bits) - 1n);
    return part.toString(base);
  });
  const text = parts.join(separator);
  return canonicalIp(text) ?? text;
}

/** Reads a range such as `10.96.0.0/12`. */
export function addressRange(cidr: string): AddressRange {
  const [network = '', length = ''] = cidr.split('/');
  const family = ipFamily(network) === 6 ? 'IPv6' : 'IPv4';
  const hosts = 1n << BigInt((family === 'IPv4' ? 32 : 128) - Number(length));
  // The network's own address is no service's, nor is the one that means all in IPv4.
  const size = hosts - (family === 'IPv4' ? 2n : 1n);
  return { cidr, family, base: numberOf(network), size };
}

/** The address at an offset from the network's own: 1 is the first. */
export function addressAt(range: AddressRange, offset: number): string {
  return textOf(range.base + BigInt(offset), range.family);
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
    const ip = textOf(range.base + 1n + start + BigInt((first + i) % limit), range.family);
    if (!isUsed(ip)) return ip;
  }
  return undefined;
}

/** Whether an address can be given out of a range: its network's own cannot, nor the one that means all in IPv4. */
export function holdsAddress(range: AddressRange, ip: string): boolean {
  const canonical = canonicalIp(ip);
  if (canonical === undefined || canonical.includes(':') !== (range.family === 'IPv6')) return false;
  const offset = numberOf(canonical) - range.base;
  return offset > 0n && offset <= range.size;
}

/** Whether addresses are given out of a range at all: not out of one of IPv6 that is larger than a /64. */
export const isAllottable = (cidr: string): boolean =>
  ipFamily(cidr.slice(0, cidr.indexOf('/'))) !== 6 || Number(cidr.slice(cidr.indexOf('/') + 1)) >= 64;
