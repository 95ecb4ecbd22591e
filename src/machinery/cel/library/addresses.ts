import ipaddr from 'ipaddr.js';
import { goQuote } from '../../go-text.ts';
import { canonicalIp, ipFamily } from '../../ip.ts';
import { addressFault, prefixFault } from '../../netip.ts';
import { CelError } from '../errors.ts';
import { effort } from '../rest.ts';
import { knownOverload, type Overload, overload } from '../signature.ts';
import { Opaque } from '../values.ts';
import { type Cost, overFirst } from './cost.ts';

/** What reading an address takes besides its cost. */
const effortPerAddress = 20;

class IpValue extends Opaque {
  readonly typeName = 'net.IP';
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly text: string;
  constructor(text: string) {
    super();
    effort(effortPerAddress);
    this.text = canonicalIp(text) as string;
    this.address = ipaddr.parse(this.text);
  }
  override get size(): number {
    return this.address.toByteArray().length;
  }
  equals(other: Opaque): boolean {
    return other instanceof IpValue && other.text === this.text;
  }
  get family(): bigint {
    return this.address.kind() === 'ipv4' ? 4n : 6n;
  }
}

/** Addresses. */
export function ips(): Overload[] {
  const test = (name: string, run: (ip: IpValue) => boolean) => overload(`net.IP::${name}(): bool`, run);
  return [
    overload('ip(string): net.IP', ipOf, overFirst()),
    overload('isIP(string): bool', (text: string) => faultOfIp(text) === undefined, overFirst()),
    overload('string(net.IP): string', (ip: IpValue) => ip.text),
    overload('net.IP::family(): int', (ip: IpValue) => ip.family),
    overload('ip.isCanonical(string): bool', (text: string) => ipOf(text).text === text, overFirst(2)),
    test('isUnspecified', ({ address }) => address.range() === 'unspecified'),
    test('isLoopback', ({ address }) => address.range() === 'loopback'),
    test('isLinkLocalMulticast', ({ text }) => /^(?:224\.0\.0\.|ff[0-9a-f]2:)/.test(text)),
    test('isLinkLocalUnicast', ({ address }) => address.range() === 'linkLocal'),
    test('isGlobalUnicast', ({ address, text }) =>
      text !== '255.255.255.255' &&
      !['unspecified', 'loopback', 'multicast', 'linkLocal'].includes(address.range())),
  ];
}

const isMapped = (text: string) => text.includes(':') && ipFamily(text) === 4;

/** What is wrong with an address, which may have no zone and be of one family only. */
function faultOfIp(text: string): string | undefined {
  const fault = addressFault(text);
  if (fault) return `IP Address ${goQuote(text)} parse error during conversion from string: ${fault}`;
  if (text.includes('%')) return `IP address ${goQuote(text)} with zone value is not allowed`;
  return isMapped(text) ? `IPv4-mapped IPv6 address ${goQuote(text)} is not allowed` : undefined;
}

function ipOf(text: string): IpValue {
  const fault = faultOfIp(text);
  if (fault !== undefined) throw new CelError(fault);
  return new IpValue(text);
}

class CidrValue extends Opaque {
  readonly typeName = 'net.CIDR';
  readonly ip: IpValue;
  readonly bits: number;
  constructor(ip: IpValue, bits: number) {
    super();
    this.ip = ip;
    this.bits = bits;
  }
  override get size(): number {
    return Math.ceil(this.bits / 8);
  }
  equals(other: Opaque): boolean {
    return other instanceof CidrValue && other.bits === this.bits && other.ip.equals(this.ip);
  }
  masked(): CidrValue {
    const bytes = this.ip.address.toByteArray().map((byte, i) => {
      return byte & (0xff00 >> Math.min(8, Math.max(0, this.bits - i * 8))) & 0xff;
    });
    return new CidrValue(new IpValue(ipaddr.fromByteArray(bytes).toString()), this.bits);
  }
  contains(ip: IpValue): boolean {
    if (ip.family !== this.ip.family) return false;
    return new CidrValue(ip, this.bits).masked().ip.text === this.masked().ip.text;
  }
  containsRange(other: CidrValue): boolean {
    return other.bits >= this.bits && this.contains(other.ip);
  }
}

/** Ranges of addresses. */
export function cidrs(): Overload[] {
  return [
    overload('cidr(string): net.CIDR', cidrOf, overFirst()),
    overload('isCIDR(string): bool', (text: string) => faultOfCidr(text) === undefined, overFirst()),
    overload('string(net.CIDR): string', ({ ip, bits }: CidrValue) => `${ip.text}/${bits}`),
    ...containing(),
    overload('net.CIDR::ip(): net.IP', ({ ip }: CidrValue) => ip),
    overload('net.CIDR::prefixLength(): int', ({ bits }: CidrValue) => BigInt(bits)),
    overload('net.CIDR::masked(): net.CIDR', (range: CidrValue) => range.masked()),
  ];
}

/** Comparing what a range has of an address with another address. */
const comparison: Cost = (args) => overFirst(2)(args);
/** The same, after masking that address. */
const rangeComparison: Cost = (args) => comparison(args) + overFirst()(args) + 1;
/** The same, after reading what is compared. */
const reading =
  (cost: Cost): Cost =>
  (args) =>
    cost(args) + overFirst()(args.slice(1));

function containing(): Overload[] {
  return [
    knownOverload(
      'net.CIDR::containsIP(string): bool',
      (range: CidrValue, text: string) => range.contains(ipOf(text)),
      reading(comparison),
    ),
    overload(
      'net.CIDR::containsIP(net.IP): bool',
      (range: CidrValue, ip: IpValue) => range.contains(ip),
      comparison,
    ),
    knownOverload(
      'net.CIDR::containsCIDR(string): bool',
      (range: CidrValue, text: string) => range.containsRange(cidrOf(text)),
      reading(rangeComparison),
    ),
    overload(
      'net.CIDR::containsCIDR(net.CIDR): bool',
      (range: CidrValue, other: CidrValue) => range.containsRange(other),
      rangeComparison,
    ),
  ];
}

function faultOfCidr(text: string): string | undefined {
  const fault = prefixFault(text);
  if (fault) return `network address parse error during conversion from string: ${fault}`;
  return isMapped(text.slice(0, text.lastIndexOf('/')))
    ? `IPv4-mapped IPv6 address ${goQuote(text)} is not allowed`
    : undefined;
}

function cidrOf(text: string): CidrValue {
  const fault = faultOfCidr(text);
  // As upstream, which says twice that it could not be read.
  if (fault !== undefined)
    throw new CelError(`network address parse error during conversion from string: ${fault}`);
  const slash = text.lastIndexOf('/');
  return new CidrValue(new IpValue(text.slice(0, slash)), Number(text.slice(slash + 1)));
}
