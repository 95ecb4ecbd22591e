import { familyOf, ipv4 } from '../../machinery/address-family.ts';
import { canonicalIp, cidrContains } from '../../machinery/ip.ts';
import { UserError } from '../user-error.ts';
import type { NodeAddresses } from './joined-node.ts';

/** Addresses of IPv6 that mean something on one link alone. */
const linkLocal = 'fe80::/10';

/**
 * Where a node is found: at the addresses that are `given`, by `--node-ip`, otherwise at the first of its machine's of each family that pods
 * have. Throws a `UserError` where others cannot find it there.
 */
export function nodeAddresses(
  podRanges: readonly string[],
  { given, own }: { given?: readonly string[] | undefined; own: readonly string[] },
): NodeAddresses {
  const families = podRanges.map(familyOf);
  const found = families.flatMap(
    (family) => own.find((ip) => familyOf(ip) === family && !isLinkLocal(ip)) ?? [],
  );
  const loopback = families[0] === ipv4 || families.length === 0 ? '127.0.0.1' : '::1';
  const [address = loopback, secondAddress] = given ?? found;
  // Every machine has these: no server believes a node that it is found there.
  if (address !== '127.0.0.1' && address !== '::1')
    return { address, ...(secondAddress !== undefined && { secondAddress }) };
  throw new UserError(
    `a node cannot be found at ${address}`,
    'give the address at which other machines find this one with --node-ip',
  );
}

const isLinkLocal = (ip: string) => cidrContains(linkLocal, ip);

/** Reads `--node-ip`: one address, or one of each family with a comma between them. (`ParseNodeIPArgument` of `component-helpers`) */
export function readNodeIps(text: string): string[] {
  const all = text.split(',').map((one) => {
    const ip = canonicalIp(one.trim());
    if (ip !== undefined) return ip;
    throw new UserError(`--node-ip ${one.trim()} is not an IP address`, 'write it as 10.0.0.1 or fd00::1');
  });
  if (new Set(all.map(familyOf)).size === all.length) return all;
  throw new UserError(`--node-ip ${text} must contain either a single IP or a dual-stack pair of IPs`);
}
