import type { Node } from '../api/core/v1.ts';
import { type AddressFamily, plainAddress } from '../machinery/address-family.ts';
import { cidrContains } from '../machinery/ip.ts';

/** This node, as far as the proxy cares, with addresses of one family. */
export interface NodeView {
  name: string;
  family: AddressFamily;
  /** Addresses of the node itself, on which node ports are served. */
  addresses: readonly string[];
  /** Where it is, for endpoints that are for some zones only. */
  zone?: string;
}

const zoneLabel = 'topology.kubernetes.io/zone';

/**
 * Node ports are served on the node's primary address of the family alone, which is the one by which the cluster knows it: upstream's proxy of nftables
 * does the same unless told otherwise (`nodePortAddresses: [primary]`), and serves none on an address that is the machine itself.
 */
export function viewOf(name: string, node: Node | undefined, family: AddressFamily): NodeView {
  const all = node?.status?.addresses ?? [];
  const [primary] = ['InternalIP', 'ExternalIP'].flatMap((type) =>
    all.flatMap((own) => (own.type === type ? (plainAddress(own.address, family) ?? []) : [])),
  );
  return {
    name,
    family,
    addresses: primary && !cidrContains(family.loopback, primary) ? [primary] : [],
    zone: node?.metadata.labels?.[zoneLabel],
  };
}
