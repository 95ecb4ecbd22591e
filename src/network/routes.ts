import type { Node } from '../api/core/v1.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import { cidrContains, cidrsOverlap, isPlainIPv4, isPlainIPv4Network } from '../machinery/ip.ts';

/** Marks our routes among those of the machine (`ip route ... proto 158`). */
export const routeProtocol = '158';

/** A network and the way to it, in the words of `ip route`. */
export type Routes = ReadonlyMap<string, string>;

export function internalAddress(node: Node): string | undefined {
  const address = node.status?.addresses?.find((a) => a.type === 'InternalIP')?.address;
  return address && isPlainIPv4(address) ? address : undefined;
}

/** The routes that a node needs for pods: to each other node's pods by that node's address. */
export function podRoutes(nodes: readonly Node[], self: string): Routes {
  const others = nodes.filter((node) => node.metadata.name !== self);
  const pairs = others.flatMap((node): [string, string][] => {
    const via = internalAddress(node);
    const cidr = node.spec?.podCIDR;
    return via && cidr && isPlainIPv4Network(cidr) ? [[cidr, `via ${via}`]] : [];
  });
  return new Map(pairs);
}

/** Where Services have their addresses, and others must not. */
export interface ServiceRanges {
  serviceCidrs: readonly ServiceCIDR[];
  nodes: readonly Node[];
  /** Addresses of all pods of the cluster. */
  podRange: string;
}

/**
 * The ranges of Services that a node needs a way to, so that what it sends there itself comes as far as the proxy's rules. Ranges in which
 * pods or nodes have their addresses are left out: these would not be reached any more.
 */
export function routedServiceRanges({ serviceCidrs, nodes, podRange }: ServiceRanges): string[] {
  const addresses = nodes.map(internalAddress).filter((address) => address !== undefined);
  const ranges = new Set(serviceCidrs.flatMap(({ spec }) => spec.cidrs ?? []));
  return [...ranges].filter(
    (range) =>
      isPlainIPv4Network(range) &&
      !cidrsOverlap(range, podRange) &&
      !addresses.some((address) => cidrContains(range, address)),
  );
}

/** The routes of these ranges: nobody is there, so any device will do, and answers come to the node's own address. */
export const serviceRoutes = (
  ranges: readonly string[],
  { device, address }: { device: string; address: string },
): Routes => new Map(ranges.map((range) => [range, `dev ${device} scope link src ${address}`]));

/** Reads the device from `ip -4 -oneline address show to ADDRESS`. */
export const deviceIn = (listed: string): string | undefined => listed.trim().split(/\s+/)[1];

/** Reads `ip route show proto 158`. */
export function parseRoutes(text: string): Routes {
  const lines = text.split('\n').flatMap((line): [string, string][] => {
    const match = /^(\S+) (?:(via \S+)|(dev \S+ scope link src \S+))/.exec(line);
    const way = match?.[2] ?? match?.[3];
    return match?.[1] && way ? [[match[1], way]] : [];
  });
  return new Map(lines);
}

/** Commands for `ip -batch` that lead from one set of routes to another. */
export function routeChanges(current: Routes, wanted: Routes): string[] {
  const gone = [...current.keys()].filter((cidr) => !wanted.has(cidr));
  const fresh = [...wanted].filter(([cidr, way]) => current.get(cidr) !== way);
  return [
    ...gone.map((cidr) => `route del ${cidr} proto ${routeProtocol}`),
    ...fresh.map(([cidr, way]) => `route replace ${cidr} ${way} proto ${routeProtocol}`),
  ];
}
