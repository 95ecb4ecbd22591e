import { createHash } from 'node:crypto';
import type { Namespace, Pod } from '../../api/core/v1.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../api/networking/v1.ts';
import { type AddressFamily, plainNetwork } from '../../machinery/address-family.ts';
import { compiledOnce, matchesLabels } from '../../machinery/label-selector.ts';
import type { NamedSet, PolicyTable } from './policy-table.ts';

/*
 * What network policies want of the pods of one node, in one family of addresses, after the rules of networking.k8s.io/v1: a pod is isolated, in a direction, once a
 * policy of that direction selects it, and then may do what any of these allows.
 */

/** A pod that has an address of its own, of the family that is asked about. */
export interface AddressedPod {
  pod: Pod;
  address: string;
}

export interface PolicyWorld {
  policies: readonly NetworkPolicy[];
  /** All of the cluster whose addresses are known, but those on the networks of their nodes. */
  pods: readonly AddressedPod[];
  namespaces: readonly Namespace[];
}

type Direction = 'ingress' | 'egress';

const everything: LabelSelector = {};
/** Any pod of any namespace. */
const anyPod: NetworkPolicyPeer = { namespaceSelector: everything };
const protocols = new Set(['tcp', 'udp', 'sctp']);
const lastPort = 65_535;

const nameOf = (prefix: string, content: unknown) =>
  `${prefix}-${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)}`;

const directions = ({ spec }: NetworkPolicy): readonly Direction[] => {
  const types = spec.policyTypes ?? ['Ingress', ...(spec.egress?.length ? ['Egress'] : [])];
  return types.flatMap((type) => (type === 'Ingress' ? 'ingress' : type === 'Egress' ? 'egress' : []));
};

/** Whether a policy is about a pod. */
export const selects = ({ metadata, spec }: NetworkPolicy, pod: Pod): boolean =>
  metadata.namespace === pod.metadata.namespace &&
  matchesLabels(compiledOnce(spec.podSelector ?? everything), pod.metadata.labels);

const protocolOf = ({ protocol = 'TCP' }: { protocol?: string }) => protocol.toLowerCase();

/** The numbers that a pod has for the name of a port. Init containers are meant only where they go on running. */
function numbersOf(pod: Pod, name: string, protocol: string): number[] {
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  return [...pod.spec.containers, ...sidecars].flatMap(({ ports = [] }) =>
    ports.filter((p) => p.name === name && protocolOf(p) === protocol).map((p) => p.containerPort),
  );
}

interface PortRange {
  protocol: string;
  first: number;
  last: number;
}

/** The ports that are given by their numbers, and, of those given by name, what they are on a pod. */
function rangesOf(ports: readonly NetworkPolicyPort[], pod: Pod | undefined): PortRange[] {
  return ports.flatMap((entry): PortRange[] => {
    const { port, endPort } = entry;
    const protocol = protocolOf(entry);
    if (!protocols.has(protocol)) return [];
    if (port === undefined) return [{ protocol, first: 0, last: lastPort }];
    if (typeof port === 'number') return [{ protocol, first: port, last: endPort ?? port }];
    return (pod ? numbersOf(pod, port, protocol) : []).map((n) => ({ protocol, first: n, last: n }));
  });
}

/** nft takes no set of ranges that meet. */
function merged(ranges: readonly PortRange[]): PortRange[] {
  const result: PortRange[] = [];
  const inOrder = [...ranges].sort((a, b) =>
    a.protocol === b.protocol ? a.first - b.first : a.protocol < b.protocol ? -1 : 1,
  );
  for (const range of inOrder) {
    const before = result.at(-1);
    if (before?.protocol === range.protocol && range.first <= before.last + 1)
      before.last = Math.max(before.last, range.last);
    else result.push({ ...range });
  }
  return result;
}

/** The condition that a packet goes to one of the ports. */
function portMatch(ranges: readonly PortRange[]): string {
  const texts = merged(ranges).map(({ protocol, first, last }) =>
    first === last ? `${protocol} . ${first}` : `${protocol} . ${first}-${last}`,
  );
  return `meta l4proto . th dport { ${texts.join(', ')} }`;
}

/** Makes the table that policies want for some of the pods in one family. */
export class IsolationPlan {
  readonly #family: AddressFamily;
  readonly #world: PolicyWorld;
  readonly #byNamespace = new Map<string, AddressedPod[]>();
  readonly #policies = new Map<string, NetworkPolicy[]>();
  readonly #selected = new Map<string, readonly AddressedPod[]>();
  readonly #sets = new Map<string, NamedSet>();
  readonly #chains = new Map<string, readonly string[]>();
  readonly #ingress = new Map<string, string>();
  readonly #egress = new Map<string, string>();

  constructor(family: AddressFamily, world: PolicyWorld) {
    this.#family = family;
    this.#world = world;
    for (const found of world.pods) listIn(this.#byNamespace, found.pod.metadata.namespace).push(found);
    for (const policy of world.policies) listIn(this.#policies, policy.metadata.namespace).push(policy);
  }

  /** Isolates a pod as far as policies are about it. */
  isolate({ pod, address }: AddressedPod): void {
    const policies = this.#policies.get(pod.metadata.namespace ?? '')?.filter((p) => selects(p, pod)) ?? [];
    const ingress = policies.filter((policy) => directions(policy).includes('ingress'));
    const egress = policies.filter((policy) => directions(policy).includes('egress'));
    if (ingress.length > 0)
      this.#ingress.set(
        address,
        this.#chain(
          'in',
          ingress.flatMap((policy) => this.#incoming(policy, pod)),
        ),
      );
    if (egress.length > 0)
      this.#egress.set(
        address,
        this.#chain(
          'out',
          egress.flatMap((policy) => this.#outgoing(policy)),
        ),
      );
  }

  get table(): PolicyTable {
    return { sets: this.#sets, chains: this.#chains, ingress: this.#ingress, egress: this.#egress };
  }

  /** What several policies allow alike is asked for once. */
  #chain(prefix: 'in' | 'out', allowed: readonly string[]): string {
    const rules = [...new Set(allowed)].sort();
    const name = nameOf(prefix, rules);
    this.#chains.set(name, [...rules.map((match) => `${match} return`.trimStart()), 'drop']);
    return name;
  }

  #incoming({ metadata, spec }: NetworkPolicy, pod: Pod): string[] {
    return (spec.ingress ?? []).flatMap(({ from = [], ports = [] }) => {
      const ranges = rangesOf(ports, pod);
      if (ports.length > 0 && ranges.length === 0) return [];
      const port = ports.length > 0 ? portMatch(ranges) : '';
      return this.#peers('saddr', from, metadata.namespace).map((peer) => `${peer} ${port}`.trim());
    });
  }

  #outgoing({ metadata, spec }: NetworkPolicy): string[] {
    return (spec.egress ?? []).flatMap(({ to = [], ports = [] }) => {
      const peers = this.#peers('daddr', to, metadata.namespace);
      if (ports.length === 0) return peers;
      const ranges = rangesOf(ports, undefined);
      const byNumber = ranges.length > 0 ? peers.map((peer) => `${peer} ${portMatch(ranges)}`.trim()) : [];
      const named = ports.filter(({ port }) => typeof port === 'string');
      return [...byNumber, ...named.flatMap((port) => this.#namedPorts(port, to, metadata.namespace))];
    });
  }

  /** The conditions that the other side is one of the peers; everybody is where there are none. */
  #peers(
    side: 'saddr' | 'daddr',
    peers: readonly NetworkPolicyPeer[],
    namespace: string | undefined,
  ): string[] {
    if (peers.length === 0) return [''];
    const { nft, nftType } = this.#family;
    return peers.flatMap((peer) => {
      if (peer.ipBlock) return this.#block(side, peer.ipBlock) ?? [];
      const name = nameOf('pods', keyOf(peer, namespace));
      if (!this.#sets.has(name)) {
        const elements = new Set(this.#podsOf(peer, namespace).map(({ address }) => address));
        this.#sets.set(name, { type: nftType, elements });
      }
      return `${nft} ${side} @${name}`;
    });
  }

  /** The condition that the other side has an address of a range, or undefined where it is none of the family. */
  #block(side: 'saddr' | 'daddr', { cidr, except = [] }: IPBlock): string | undefined {
    const range = plainNetwork(cidr, this.#family);
    if (range === undefined) return undefined;
    const header = `${this.#family.nft} ${side}`;
    const others = except.flatMap((block) => plainNetwork(block, this.#family) ?? []);
    return [`${header} ${range}`, ...others.map((block) => `${header} != ${block}`)].join(' ');
  }

  /** A port by its name is another number on each pod, and on nothing else. */
  #namedPorts(
    entry: NetworkPolicyPort,
    to: readonly NetworkPolicyPeer[],
    namespace: string | undefined,
  ): string[] {
    if (!protocols.has(protocolOf(entry))) return [];
    const peers = to.length > 0 ? to : [anyPod];
    return peers.flatMap((peer) => {
      // Of a range of addresses, the pods that have one.
      const block = peer.ipBlock && this.#block('daddr', peer.ipBlock);
      if (peer.ipBlock && !block) return [];
      const port = this.#namedPort(entry, peer.ipBlock ? anyPod : peer, namespace);
      return block ? `${block} ${port}` : port;
    });
  }

  #namedPort(entry: NetworkPolicyPort, peer: NetworkPolicyPeer, namespace: string | undefined): string {
    const protocol = protocolOf(entry);
    const name = nameOf('ports', [keyOf(peer, namespace), protocol, entry.port]);
    if (!this.#sets.has(name)) {
      const elements = this.#podsOf(peer, namespace).flatMap(({ pod, address }) =>
        numbersOf(pod, entry.port as string, protocol).map((n) => `${address} . ${protocol} . ${n}`),
      );
      const type = `${this.#family.nftType} . inet_proto . inet_service` as const;
      this.#sets.set(name, { type, elements: new Set(elements) });
    }
    return `${this.#family.nft} daddr . meta l4proto . th dport @${name}`;
  }

  /** The pods that a peer means, found once for all policies that mean the same. */
  #podsOf(peer: NetworkPolicyPeer, namespace: string | undefined): readonly AddressedPod[] {
    const key = JSON.stringify(keyOf(peer, namespace));
    const known = this.#selected.get(key);
    if (known) return known;
    const selector = compiledOnce(peer.podSelector ?? everything);
    const found = this.#namespacesOf(peer, namespace).flatMap((name) =>
      (this.#byNamespace.get(name) ?? []).filter(({ pod }) => matchesLabels(selector, pod.metadata.labels)),
    );
    this.#selected.set(key, found);
    return found;
  }

  #namespacesOf({ namespaceSelector }: NetworkPolicyPeer, own: string | undefined): string[] {
    if (!namespaceSelector) return own === undefined ? [] : [own];
    const selector = compiledOnce(namespaceSelector);
    return this.#world.namespaces
      .filter(({ metadata }) => matchesLabels(selector, metadata.labels))
      .flatMap(({ metadata }) => metadata.name ?? []);
  }
}

/** What tells the pods that a peer means from those of others. */
const keyOf = ({ podSelector, namespaceSelector }: NetworkPolicyPeer, namespace: string | undefined) => [
  namespaceSelector ?? namespace,
  podSelector ?? everything,
];

function listIn<T>(map: Map<string, T[]>, key = ''): T[] {
  const known = map.get(key);
  if (known) return known;
  const made: T[] = [];
  map.set(key, made);
  return made;
}
