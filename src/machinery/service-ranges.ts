import type { Node } from '../api/core/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import { type AddressFamily, ipv4, plainAddress, plainNetwork } from './address-family.ts';
import { cidrContains, cidrsOverlap } from './ip.ts';

/** The address of a family by which the cluster knows a node. */
export function internalAddress(node: Node, family: AddressFamily = ipv4): string | undefined {
  const internal = (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  return internal
    .map(({ address }) => plainAddress(address, family))
    .find((address) => address !== undefined);
}

/** Where Services have their addresses, and others must not. */
export interface ServiceRanges {
  serviceCidrs: readonly ServiceCIDR[];
  nodes: readonly Node[];
  /** Addresses of all pods of the cluster; undefined where they have none of the family. */
  podRange: string | undefined;
  /** Whose ranges are asked for; IPv4 unless told. */
  family?: AddressFamily;
}

/**
 * The ranges of Services that belong to these alone. Ranges in which pods or nodes have their addresses are left out: these would not be
 * reached any more.
 */
export function ownServiceRanges({ serviceCidrs, nodes, podRange, family = ipv4 }: ServiceRanges): string[] {
  const addresses = nodes
    .map((node) => internalAddress(node, family))
    .filter((address) => address !== undefined);
  const all = serviceCidrs.flatMap(({ spec }) => spec.cidrs ?? []);
  const ranges = new Set(all.flatMap((range) => plainNetwork(range, family) ?? []));
  return [...ranges].filter(
    (range) =>
      !(podRange && cidrsOverlap(range, podRange)) &&
      !addresses.some((address) => cidrContains(range, address)),
  );
}
