import { canonicalIp, ipFamily, looseCidr } from './ip.ts';

/** One of the two kinds of addresses, and what it is called where rules are made. */
export interface AddressFamily {
  /** As Services and EndpointSlices have it. */
  readonly name: 'IPv4' | 'IPv6';
  /** Of an address. */
  readonly bits: 32 | 128;
  /** The family of nft's tables, and its name of the header with the addresses. */
  readonly nft: 'ip' | 'ip6';
  /** The type that nft has for addresses. */
  readonly nftType: 'ipv4_addr' | 'ipv6_addr';
  /** Addresses that mean the machine itself. */
  readonly loopback: string;
}

export const ipv4: AddressFamily = {
  name: 'IPv4',
  bits: 32,
  nft: 'ip',
  nftType: 'ipv4_addr',
  loopback: '127.0.0.0/8',
};

export const ipv6: AddressFamily = {
  name: 'IPv6',
  bits: 128,
  nft: 'ip6',
  nftType: 'ipv6_addr',
  loopback: '::1/128',
};

export const addressFamilies: readonly AddressFamily[] = [ipv4, ipv6];

/** The family of what is written as an address or range: of text that is neither, whichever. */
export const familyOf = (text: string): AddressFamily => (text.includes(':') ? ipv6 : ipv4);

/**
 * The address in the one form that may stand in a rule or command, where it is one of the family that everybody reads alike; undefined
 * otherwise. Addresses of IPv6 are written in many forms, and two of them would be two elements to us and one to the kernel.
 */
export function plainAddress(text: string, family: AddressFamily): string | undefined {
  if (familyOf(text) !== family || `IPv${ipFamily(text)}` !== family.name) return undefined;
  return canonicalIp(text);
}

/** The same of a range, such as `10.0.0.0/8`. */
export function plainNetwork(text: string, family: AddressFamily): string | undefined {
  const [, address = '', bits] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  if (plainAddress(address, family) === undefined || Number(bits) > family.bits) return undefined;
  return looseCidr(text);
}
