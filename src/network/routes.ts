import type { Node } from '../api/core/v1.ts';
import { isPlainIPv4, isPlainIPv4Network } from '../machinery/ip.ts';

/** Marks our routes among those of the machine (`ip route ... proto 158`). */
export const routeProtocol = '158';

/** A network and the node that has it. */
export type Routes = ReadonlyMap<string, string>;

export function internalAddress(node: Node): string | undefined {
  const address = node.status?.addresses?.find((a) => a.type === 'InternalIP')?.address;
  return address && isPlainIPv4(address) ? address : undefined;
}

/** The routes that a node needs: to each other node's pods by that node's address. */
export function wantedRoutes(nodes: readonly Node[], self: string): Routes {
  const others = nodes.filter((node) => node.metadata.name !== self);
  const pairs = others.flatMap((node): [string, string][] => {
    const via = internalAddress(node);
    const cidr = node.spec?.podCIDR;
    return via && cidr && isPlainIPv4Network(cidr) ? [[cidr, via]] : [];
  });
  return new Map(pairs);
}

/** Reads `ip route show proto 158`. */
export function parseRoutes(text: string): Routes {
  const lines = text.split('\n').flatMap((line): [string, string][] => {
    const match = /^(\S+) via (\S+)/.exec(line);
    return match?.[1] && match[2] ? [[match[1], match[2]]] : [];
  });
  return new Map(lines);
}

/** Commands for `ip -batch` that lead from one set of routes to another. */
export function routeChanges(current: Routes, wanted: Routes): string[] {
  const gone = [...current.keys()].filter((cidr) => !wanted.has(cidr));
  const fresh = [...wanted].filter(([cidr, via]) => current.get(cidr) !== via);
  return [
    ...gone.map((cidr) => `route del ${cidr} proto ${routeProtocol}`),
    ...fresh.map(([cidr, via]) => `route replace ${cidr} via ${via} proto ${routeProtocol}`),
  ];
}
