import ipaddr from 'ipaddr.js';
import { goQuote } from './go-text.ts';
import { nothing } from './joined.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

interface Parsed {
  address: Address;
  /** Written with zeros before a number of an IPv4 address, which some programs read as octal. */
  leadingZeros: boolean;
  /** `::ffff:1.2.3.4`: IPv4 to some, IPv6 to others. */
  mapped: boolean;
}

function parse4(text: string): Parsed | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((p) => /^[0-9]{1,10}$/.test(p) && Number(p) < 256)) return undefined;
  const leadingZeros = parts.some((p) => p.length > 1 && p.startsWith('0'));
  return { address: new ipaddr.IPv4(parts.map(Number)), leadingZeros, mapped: false };
}

function parse6(text: string): Parsed | undefined {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text)) return undefined;
  const tail = text.includes('.') ? parse4(text.slice(text.lastIndexOf(':') + 1)) : undefined;
  if (text.includes('.') && !tail) return undefined;
  // The library takes an IPv4 address at the end only where it is a mapped one.
  const whole = tail ? text.slice(0, text.lastIndexOf(':') + 1) + groupsOf(tail.address) : text;
  if (!ipaddr.IPv6.isValid(whole)) return undefined;
  const address = ipaddr.IPv6.parse(whole);
  return { address, leadingZeros: tail?.leadingZeros ?? false, mapped: address.isIPv4MappedAddress() };
}

/** An IPv4 address as the last two groups of an IPv6 address. */
function groupsOf(address: Address): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.toByteArray();
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** Reads an address as `net.ParseIP` of old does: zeros in front are allowed. */
const parseSloppy = (text: string): Parsed | undefined => (text.includes(':') ? parse6(text) : parse4(text));

/** As Go prints it: RFC 5952, a mapped address as IPv4. */
function print(address: Address): string {
  if (address.kind() === 'ipv4') return address.toString();
  const six = address as ipaddr.IPv6;
  return six.isIPv4MappedAddress() ? six.toIPv4Address().toString() : six.toRFC5952String();
}

/** 4, 6, or 0 for what is no address in a form that everybody reads alike. */
export function ipFamily(text: string): 0 | 4 | 6 {
  const ip = parseSloppy(text);
  if (!ip || ip.leadingZeros) return 0;
  return ip.address.kind() === 'ipv4' || ip.mapped ? 4 : 6;
}

/** The address in its one canonical form, or undefined if it is none. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseSloppy(text);
  return ip && !ip.leadingZeros ? print(ip.address) : undefined;
}

/** The address in its canonical form, in whatever form of old it is written; undefined if it is none. */
export function looseIp(text: string): string | undefined {
  const ip = parseSloppy(text);
  return ip && print(ip.address);
}

/** Advice on an address that a field of old lets pass. */
export function ipWarnings(field: string, text: string): string[] {
  const ip = parseSloppy(text);
  if (!ip) return [];
  const isOdd = ip.leadingZeros || ip.mapped;
  const canonical = print(ip.address);
  if (!isOdd && canonical === text) return [];
  const [shown, better] = [goQuote(text), goQuote(canonical)];
  return isOdd
    ? [`${field}: non-standard IP address ${shown} is invalid: use ${better}`]
    : [`${field}: IPv6 address ${shown} should be in RFC 5952 canonical format (${better})`];
}

const notAnIp = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const notACidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/**
 * What is wrong with an address in a field as old as the API: it need not be in canonical form, but in one that
 * everybody reads alike. One of those that stood there before is not looked at again.
 */
export function legacyIpErrors(text: string, before: readonly string[] = []): readonly string[] {
  if (before.includes(text)) return nothing;
  const ip = parseSloppy(text);
  if (!ip) return [notAnIp];
  if (ip.leadingZeros) return ['must not have leading 0s'];
  return ip.mapped ? ['must not be an IPv4-mapped IPv6 address'] : nothing;
}

/** What is wrong with an address; only the canonical form is right. */
export function ipErrors(text: string): readonly string[] {
  const errors = legacyIpErrors(text);
  const canonical = canonicalIp(text);
  return errors.length > 0 || text === canonical ? errors : [`must be in canonical form ("${canonical}")`];
}

/** Whether addresses, in whatever form of old, are of both families; undefined where one is no address. */
export function bothFamilies(ips: readonly string[]): boolean | undefined {
  const parsed = ips.map(looseIp);
  if (parsed.includes(undefined)) return undefined;
  return new Set(parsed.map((ip) => ip?.includes(':'))).size === 2;
}

/** Why ranges, in whatever form of old, cannot be told apart by their families: the first that is no range. */
export function badRange(cidrs: readonly string[]): string | undefined {
  const index = cidrs.findIndex((cidr) => !parseCidr(cidr));
  return index < 0 ? undefined : `invalid CIDR[${index}]: <nil> (invalid CIDR address: ${cidrs[index]})`;
}

interface ParsedCidr extends Parsed {
  bits: number;
  network: Address;
}

function parseCidr(text: string): ParsedCidr | undefined {
  const slash = text.indexOf('/');
  const ip = slash < 0 ? undefined : parseSloppy(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!ip || !/^[0-9]{1,10}$/.test(length)) return undefined;
  const bits = Number(length);
  const bytes = ip.address.toByteArray();
  if (bits > bytes.length * 8) return undefined;
  const leadingZeros = ip.leadingZeros || (length.length > 1 && length.startsWith('0'));
  return { ...ip, leadingZeros, bits, network: ipaddr.fromByteArray(maskBytes(bytes, bits)) };
}

function maskBytes(bytes: number[], bits: number): number[] {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))) & 0xff);
}

/**
 * The range in its one canonical form, in whatever form of old it is written and with bits behind its prefix; undefined if it
 * is none, or one that some read as IPv4 and others as IPv6.
 */
export function looseCidr(text: string): string | undefined {
  const cidr = parseCidr(text);
  return cidr && !cidr.mapped ? `${print(cidr.network)}/${cidr.bits}` : undefined;
}

/** Whether ranges have addresses in common; false if either is malformed. */
export function cidrsOverlap(a: string, b: string): boolean {
  const [one, other] = [parseCidr(a), parseCidr(b)];
  if (!one || !other) return false;
  return one.bits <= other.bits ? holds(one, other.network) : holds(other, one.network);
}

/** A range of addresses of one family. */
export interface IpRange {
  /** The range as all programs read it. */
  readonly text: string;
  /** How many bits all of its addresses begin with, and these as digits 0 and 1. */
  readonly bits: number;
  readonly prefix: string;
}

/** Reads a range of addresses, in whatever form of old and with bits behind its prefix; undefined if it is none. */
export function ipRange(text: string): IpRange | undefined {
  const cidr = parseCidr(text);
  if (!cidr || cidr.mapped) return undefined;
  const { network, bits } = cidr;
  const digits = network.toByteArray().map((byte) => byte.toString(2).padStart(8, '0'));
  return { text: `${print(network)}/${bits}`, bits, prefix: digits.join('').slice(0, bits) };
}

/** Those ranges of one family that none of the others holds: together they hold the same addresses, and each address once. */
export function outermostRanges(ranges: readonly IpRange[]): IpRange[] {
  const kept = new Map<string, IpRange>();
  for (const range of [...ranges].sort((a, b) => a.bits - b.bits)) {
    const around = Array.from({ length: range.bits + 1 }, (_, bits) => range.prefix.slice(0, bits));
    if (!around.some((outer) => kept.has(outer))) kept.set(range.prefix, range);
  }
  return [...kept.values()];
}

/** What is wrong with a range in a field as old as the API, as {@link legacyIpErrors} says it of an address. */
export function legacyCidrErrors(text: string, before: readonly string[] = []): readonly string[] {
  if (before.includes(text)) return nothing;
  const cidr = parseCidr(text);
  if (!cidr) return [notACidr];
  if (cidr.leadingZeros) return ['must not have leading 0s in IP or prefix length'];
  if (cidr.mapped) return ['must not have an IPv4-mapped IPv6 address'];
  if (cidr.network.toString() !== cidr.address.toString())
    return ['must not have bits set beyond the prefix length'];
  return nothing;
}

/** Advice on a range that a field of old lets pass. */
export function cidrWarnings(field: string, text: string): string[] {
  const cidr = parseCidr(text);
  if (!cidr) return [];
  const [shown, network] = [goQuote(text), goQuote(`${print(cidr.network)}/${cidr.bits}`)];
  const warnings: string[] = [];
  if (cidr.network.toString() !== cidr.address.toString()) {
    const alone = goQuote(`${print(cidr.address)}/${cidr.address.toByteArray().length * 8}`);
    warnings.push(
      `${field}: CIDR value ${shown} is ambiguous in this context (should be ${network} or ${alone}?)`,
    );
  }
  if (cidr.leadingZeros || cidr.mapped)
    warnings.push(`${field}: non-standard CIDR value ${shown} is invalid: use ${network}`);
  if (warnings.length > 0 || network === shown) return warnings;
  return [`${field}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${network})`];
}

/** What is wrong with a range of addresses; only the canonical form is right. */
export function cidrErrors(text: string): readonly string[] {
  const errors = legacyCidrErrors(text);
  if (errors.length > 0) return errors;
  const { network, bits } = parseCidr(text) as ParsedCidr;
  const canonical = `${print(network)}/${bits}`;
  return text === canonical ? nothing : [`must be in canonical form ("${canonical}")`];
}

/** What is wrong with an address of an interface, which stands with the length of its prefix. */
export function interfaceAddressErrors(text: string): string[] {
  const parsed = parseCidr(text);
  if (!parsed) return ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'];
  const bits = parsed.mapped && parsed.bits > 32 ? parsed.bits - 96 : parsed.bits;
  const canonical = `${print(parsed.address)}/${bits}`;
  return text === canonical ? [] : [`must be in canonical form ("${canonical}")`];
}

/** Tells whether a range holds an address; false if either is malformed or the families differ. */
export function cidrTest(cidr: string): (ip: string) => boolean {
  const range = parseCidr(cidr);
  return (ip) => {
    const address = range && parseSloppy(ip)?.address;
    return address !== undefined && holds(range as ParsedCidr, address);
  };
}

function holds({ network, bits }: ParsedCidr, address: Address): boolean {
  if (network.kind() === 'ipv4')
    return address.kind() === 'ipv4' && (address as ipaddr.IPv4).match(network as ipaddr.IPv4, bits);
  return address.kind() === 'ipv6' && (address as ipaddr.IPv6).match(network as ipaddr.IPv6, bits);
}

export const cidrContains = (cidr: string, ip: string): boolean => cidrTest(cidr)(ip);
