import type { Node } from '../api/core/v1.ts';
import { type AddressFamily, ipv4, plainNetwork } from '../machinery/address-family.ts';
import { internalAddress } from '../machinery/service-ranges.ts';

/** Marks our routes among those of the machine (`ip route ... proto 158`). */
export const routeProtocol = '158';

/** A network and the way to it, in the words of `ip route`. */
export type Routes = ReadonlyMap<string, string>;

/** The option by which `ip` speaks of one family. */
export const ipOption = (family: AddressFamily): '-4' | '-6' => (family === ipv4 ? '-4' : '-6');

/** The routes of one family that a node needs for pods: to each other node's pods by that node's address. */
export function podRoutes(nodes: readonly Node[], self: string, family: AddressFamily): Routes {
  const others = nodes.filter((node) => node.metadata.name !== self);
  const pairs = others.flatMap((node) => {
    const via = internalAddress(node, family);
    const cidrs = podCidrsOf(node).flatMap((cidr) => plainNetwork(cidr, family) ?? []);
    return via ? cidrs.map((cidr): [string, string] => [cidr, `via ${via}`]) : [];
  });
  return new Map(pairs);
}

/** The ranges of which a node's pods get their addresses, at most one of each family. */
export const podCidrsOf = ({ spec }: Node): readonly string[] =>
  spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);

/** Where a node has an address. */
export interface Place {
  device: string;
  address: string;
}

/** The way to Services of a family: nobody is there, so any device will do, and answers come to the node's own address. */
export const serviceWay = (family: AddressFamily, { device, address }: Place): string =>
  // All that IPv6 has of a device is on its link.
  `dev ${device}${family === ipv4 ? ' scope link' : ''} src ${address}`;

/** The routes of these ranges of a family. */
export const serviceRoutes = (ranges: readonly string[], family: AddressFamily, place: Place): Routes =>
  new Map(ranges.map((range) => [range, serviceWay(family, place)]));

/** Reads the device from `ip -oneline address show to ADDRESS`. */
export const deviceIn = (listed: string): string | undefined => listed.trim().split(/\s+/)[1];

/** Reads `ip route show proto 158`. */
export function parseRoutes(text: string): Routes {
  const lines = text.split('\n').flatMap((line): [string, string][] => {
    const match = /^(\S+) (?:(via \S+)|(dev \S+ (?:scope link )?src \S+))/.exec(line);
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
