import type { Service, ServicePort } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { type AddressFamily, familyOf } from '../machinery/address-family.ts';
import { cidrContains, ipRange, outermostRanges } from '../machinery/ip.ts';
import {
  type Backend,
  backendsOf,
  plainAddresses,
  protocolOf,
  proxiedAddress,
  type Reachable,
  reachableIn,
  usable,
  usableFrom,
} from './endpoints.ts';
import type { NodeView } from './node-view.ts';

/** Ports of Services that are to be served on their node, and have nobody there though they have endpoints elsewhere. */
export interface WithoutLocal {
  readonly internal: number;
  readonly external: number;
}

export interface Spread {
  type: 'spread';
  /** What tells these backends from others of the Service, from one of its states to the next. */
  pool: string;
  backends: readonly { address: string; port: number }[];
  /** Where answers must come back through this node: for nobody, for all, or for what the node itself sends. */
  masquerade: 'none' | 'all' | 'own';
}

export type Action =
  /** Spread over the backends. */
  | Spread
  /** Answer that nobody is there. */
  | { type: 'reject' }
  /** Say nothing: backends exist, but none that may be used from here. */
  | { type: 'drop' };

/** An address and port that clients use, and what becomes of their packets. */
export interface Front {
  address: string;
  protocol: 'tcp' | 'udp' | 'sctp';
  port: number;
  action: Action;
  /** What becomes of packets of the cluster's own pods and of this node, where that is something else. */
  inner?: Spread;
  /** The cluster gave it to this Service alone: a cluster address or node port, not what a user or a balancer wrote. */
  allotted?: boolean;
  /** Ranges whose addresses may come here, none within another; without it anybody's may. */
  sources?: readonly string[];
  /** The same client goes to the same backend until it was silent for so many seconds. */
  affinitySeconds?: number;
}

/** What tells a front from others: one packet can go to but one of them. */
export const frontKey = (front: Pick<Front, 'address' | 'protocol' | 'port'>) =>
  `${front.address} . ${front.protocol} . ${front.port}`;

const protocols = new Set(['tcp', 'udp', 'sctp']);
const defaultAffinitySeconds = 10_800;

/** Everything of a Service that this node serves at addresses of one family. */
export function frontsOf(service: Service, slices: readonly EndpointSlice[], node: NodeView): Front[] {
  const { family } = node;
  const address = proxiedAddress(service, family);
  if (address === undefined) return [];
  const balanced = plainAddresses(balancerAddresses(service), family);
  const about = {
    address,
    endpoints: reachableIn(slices, family),
    node,
    external: plainAddresses(service.spec.externalIPs ?? [], family),
    balanced,
    sources: sourcesOf(service, balanced, node),
  };
  return (service.spec.ports ?? []).flatMap((port) => frontsOfPort(service, port, about));
}

/** What a Service's ports have in common. */
interface About {
  /** The Service's own. */
  address: string;
  endpoints: readonly Reachable[];
  node: NodeView;
  /** Addresses that a user wrote, and those of the Service's load balancers. */
  external: readonly string[];
  balanced: readonly string[];
  /** Who may use the latter. */
  sources: Pick<Front, 'sources'>;
}

function frontsOfPort({ spec }: Service, port: ServicePort, about: About): Front[] {
  const protocol = protocolOf(port).toLowerCase() as Front['protocol'];
  if (!protocols.has(protocol)) return [];
  const backends = backendsOf(about.endpoints, port, about.node.name);
  // One for all addresses: there may be hundreds, and thousands of backends.
  const sticky = spec.sessionAffinity === 'ClientIP';
  const poolFor = (who: string) => `${protocol}/${port.port}${sticky ? `/${who}` : ''}`;
  const inside = actionOf(backends, about.node, {
    local: spec.internalTrafficPolicy === 'Local',
    masquerade: 'none',
    pool: poolFor('inside'),
  });
  const keepsClient = spec.externalTrafficPolicy === 'Local';
  const outside = actionOf(backends, about.node, {
    local: keepsClient,
    masquerade: keepsClient ? 'none' : 'all',
    pool: poolFor('outside'),
  });
  // As if the cluster's own packets went out to the load balancer, and came back on a node that has backends.
  const returned =
    keepsClient &&
    actionOf(backends, about.node, { local: false, masquerade: 'own', pool: poolFor('returned') });
  const inner = returned && returned.type === 'spread' ? { inner: returned } : {};
  const affinity = sticky
    ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds }
    : {};
  const front = (address: string, number: number, action: Action): Front => ({
    address,
    protocol,
    port: number,
    action,
    ...affinity,
  });
  const nodePorts = port.nodePort ? about.node.addresses : [];
  return [
    { ...front(about.address, port.port, inside), allotted: true },
    ...about.external.map((address) => ({ ...front(address, port.port, outside), ...inner })),
    ...about.balanced.map((address) => ({
      ...front(address, port.port, outside),
      ...inner,
      ...about.sources,
    })),
    ...nodePorts.map((address) => ({
      ...front(address, port.nodePort ?? 0, outside),
      ...inner,
      allotted: true,
    })),
  ];
}

/** Addresses of load balancers that hand packets on as they come. */
function balancerAddresses(service: Service): string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap((i) =>
    i.ip && i.ipMode !== 'Proxy' ? [i.ip] : [],
  );
}

/**
 * Who may use the addresses of a Service's load balancer, as upstream's proxies have it: ranges of the other family
 * do not count. Where this node may, so may the balancer's own addresses, which its packets bear when the balancer
 * has put them onto the node.
 */
function sourcesOf(service: Service, balanced: readonly string[], node: NodeView): Pick<Front, 'sources'> {
  const { family } = node;
  const rangesOf = (texts: readonly string[]) =>
    texts.filter((text) => familyOf(text) === family).flatMap((text) => ipRange(text) ?? []);
  const wanted = (service.spec.loadBalancerSourceRanges ?? []).map((text) => text.trim());
  const ranges = outermostRanges(rangesOf(wanted));
  if (ranges.length === 0 || ranges[0]?.bits === 0) return {};
  const holdsNode = ({ text }: { text: string }) =>
    node.addresses.some((address) => cidrContains(text, address));
  const own = ranges.some(holdsNode) ? rangesOf(balanced.map((ip) => `${ip}/${family.bits}`)) : [];
  return { sources: outermostRanges([...ranges, ...own]).map(({ text }) => text) };
}

interface Policy {
  /** Only backends on this node. */
  local: boolean;
  masquerade: Spread['masquerade'];
  /** Whose pool: clients that are remembered have one for each policy, so that none keeps a backend that a new policy forbids. */
  pool: string;
}

function actionOf(all: readonly Backend[], node: NodeView, { local, masquerade, pool }: Policy): Action {
  const chosen = local ? usable(all.filter((backend) => backend.local)) : usableFrom(all, node);
  if (chosen.length === 0) return usable(all).length > 0 ? { type: 'drop' } : { type: 'reject' };
  const name = `${pool}/${local ? 'local' : 'all'}`;
  return {
    type: 'spread',
    masquerade,
    pool: name,
    backends: chosen.map(({ address, port }) => ({ address, port })),
  };
}

/** How many of a Service's ports have nobody on this node that may be used, by the policy that asks for such; of the family of `fronts`. */
export function portsWithoutLocal(
  service: Service,
  fronts: readonly Front[],
  family: AddressFamily,
): WithoutLocal {
  const address = proxiedAddress(service, family);
  const dropped = new Set<string>();
  for (const { action, address: at, protocol, port } of fronts)
    if (action.type === 'drop') dropped.add(`${at === address ? 'inside' : 'outside'} ${protocol} ${port}`);
  const count = (where: string, numbersOf: (port: ServicePort) => readonly (number | undefined)[]) =>
    (service.spec.ports ?? []).filter((port) =>
      numbersOf(port).some((number) => dropped.has(`${where} ${protocolOf(port).toLowerCase()} ${number}`)),
    ).length;
  return {
    internal: count('inside', ({ port }) => [port]),
    external: count('outside', ({ port, nodePort }) => [port, nodePort]),
  };
}
