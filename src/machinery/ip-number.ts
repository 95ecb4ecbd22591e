import { type AddressFamily, familyOf } from './address-family.ts';
import { canonicalIp } from './ip.ts';

/** An address as a number. */
export function ipNumber(text: string): bigint {
  // The canonical form has no address of IPv4 at the end of one of IPv6.
  const ip = text.includes(':') ? (canonicalIp(text) ?? text) : text;
  if (!ip.includes(':')) return ip.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = ip.split('::');
  const groups = (part: string) => (part ? part.split(':') : []);
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail ?? '')];
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** The address of a number, in its canonical form. */
export function ipText(value: bigint, family: AddressFamily): string {
  const [count, bits, base, separator] =
    family.name === 'IPv4' ? ([4, 8n, 10, '.'] as const) : ([8, 16n, 16, ':'] as const);
  const parts = Array.from({ length: count }, (_, i) => {
    const part = (value >> (bits * BigInt(count - 1 - i))) & ((1n << bits) - 1n);
    return part.toString(base);
  });
  const text = parts.join(separator);
  return canonicalIp(text) ?? text;
}

/** A range of addresses as numbers. */
export interface NumberedRange {
  family: AddressFamily;
  /** The first address, which is the network's own. */
  first: bigint;
  /** How many bits all of them begin with. */
  bits: number;
  /** How many there are. */
  count: bigint;
}

/** Reads a range. */
export function numberedRange(cidr: string): NumberedRange {
  const [network = '', length = ''] = cidr.split('/');
  const family = familyOf(network);
  const bits = Number(length);
  const count = 1n << BigInt(family.bits - bits);
  return { family, first: (ipNumber(network) / count) * count, bits, count };
}
