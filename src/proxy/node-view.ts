import type { Node } from '../api/core/v1.ts';
import { isPlainIPv4 } from '../machinery/ip.ts';

/** This node, as far as the proxy cares. */
export interface NodeView {
  name: string;
  /** Addresses of the node itself, on which node ports are served. */
  addresses: readonly string[];
  /** Where it is, for endpoints that are for some zones only. */
  zone?: string;
}

const zoneLabel = 'topology.kubernetes.io/zone';

/**
 * Node ports are served on the node's primary address alone, which is the one by which the cluster knows it: upstream's proxy of nftables does the
 * same unless told otherwise (`nodePortAddresses: [primary]`).
 */
export function viewOf(name: string, node: Node | undefined): NodeView {
  const all = node?.status?.addresses ?? [];
  const [primary] = ['InternalIP', 'ExternalIP'].flatMap((type) =>
    all.filter((own) => own.type === type && isPlainIPv4(own.address)),
  );
  return {
    name,
    addresses: primary ? [primary.address] : [],
    zone: node?.metadata.labels?.[zoneLabel],
  };
}
