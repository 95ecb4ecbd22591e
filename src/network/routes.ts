import type { Node } from '../api/core/v1.ts';
import { isPlainIPv4Network } from '../machinery/ip.ts';
import { internalAddress } from '../machinery/service-ranges.ts';

/** Marks our routes among those of the machine (`ip route ... proto 158`). */
export const routeProtocol = '158';

/** A network and the way to it, in the words of `ip route`. */
export type Routes = ReadonlyMap<string, string>;

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
