import type { Node } from '../api/core/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import { cidrContains, cidrsOverlap, isPlainIPv4, isPlainIPv4Network } from './ip.ts';

/** The address of IPv4 by which the cluster knows a node. */
export function internalAddress(node: Node): string | undefined {
  const address = node.status?.addresses?.find((a) => a.type === 'InternalIP')?.address;
  return address && isPlainIPv4(address) ? address : undefined;
}

/** Where Services have their addresses, and others must not. */
export interface ServiceRanges {
  serviceCidrs: readonly ServiceCIDR[];
  nodes: readonly Node[];
  /** Addresses of all pods of the cluster. */
  podRange: string;
}

/**
 * The ranges of Services that belong to these alone. Ranges in which pods or nodes have their addresses are left out: these would not be
 * reached any more.
 */
export function ownServiceRanges({ serviceCidrs, nodes, podRange }: ServiceRanges): string[] {
  const addresses = nodes.map(internalAddress).filter((address) => address !== undefined);
  const ranges = new Set(serviceCidrs.flatMap(({ spec }) => spec.cidrs ?? []));
  return [...ranges].filter(
    (range) =>
      isPlainIPv4Network(range) &&
      !cidrsOverlap(range, podRange) &&
      !addresses.some((address) => cidrContains(range, address)),
  );
}
