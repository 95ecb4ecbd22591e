import { type Front, frontKey } from './fronts.ts';

/**
 * What one Service adds to the rules, as elements of the table's sets and maps: name of the set or map, then key, then
 * value ('' in sets). Comparing two contributions gives exactly the elements to change.
 */
export interface Contribution {
  elements: ReadonlyMap<SetName, ReadonlyMap<string, string>>;
  /** Whom packets are spread over, by the key of their front. The map `endpoints` has an element for each, which is made when it is written: there may be a million. */
  backends: Backends;
  /** Numbers of backends for which a chain must stand. */
  spreads: ReadonlySet<number>;
  /** Chains of Services with client affinity: name of the chain, then its rules. */
  affinity: ReadonlyMap<string, AffinityChain>;
}

export type Backends = ReadonlyMap<string, readonly { address: string; port: number }[]>;

export interface AffinityChain {
  timeoutSeconds: number;
  masquerade: boolean;
  backends: readonly { address: string; port: number }[];
  protocol: Front['protocol'];
}

export const setNames = [
  'services',
  'refused',
  'cluster-addresses',
  'hairpin',
  'guarded',
  'allowed',
] as const;
export type SetName = (typeof setNames)[number];

export const nothing: Contribution = {
  elements: new Map(),
  backends: new Map(),
  spreads: new Set(),
  affinity: new Map(),
};

export const spreadChain = (count: number, masquerade: boolean) =>
  `spread-${count}${masquerade ? '-masquerade' : ''}`;

/** A chain's name from a front's key: letters, digits and dashes only. */
const affinityName = (front: Front) =>
  `sticky-${front.address.replaceAll('.', '-')}-${front.protocol}-${front.port}`;

/** The elements that serve `fronts`; `clusterAddress` is refused on all ports that no front has. */
export function contributionOf(fronts: readonly Front[], clusterAddress: string | undefined): Contribution {
  const elements = new Map<SetName, Map<string, string>>(setNames.map((name) => [name, new Map()]));
  const backends = new Map<string, readonly { address: string; port: number }[]>();
  const spreads = new Set<number>();
  const affinity = new Map<string, AffinityChain>();
  const put = (set: SetName, key: string, value = '') => elements.get(set)?.set(key, value);
  const addresses = new Set<string>();
  if (clusterAddress) put('cluster-addresses', clusterAddress);
  for (const front of fronts) {
    const { action } = front;
    const key = frontKey(front);
    if (front.sources) put('guarded', key);
    for (const source of front.sources ?? []) put('allowed', `${key} . ${source}`);
    if (action.type !== 'spread') {
      put('refused', key, `goto ${action.type === 'reject' ? 'refuse' : 'ignore'}`);
      continue;
    }
    for (const { address } of action.backends) addresses.add(address);
    if (front.affinitySeconds !== undefined) {
      const name = affinityName(front);
      const { affinitySeconds: timeoutSeconds, protocol } = front;
      affinity.set(name, {
        timeoutSeconds,
        masquerade: action.masquerade,
        backends: action.backends,
        protocol,
      });
      put('services', key, `goto ${name}`);
      continue;
    }
    spreads.add(action.backends.length);
    put('services', key, `goto ${spreadChain(action.backends.length, action.masquerade)}`);
    backends.set(key, action.backends);
  }
  for (const address of addresses) put('hairpin', `${address} . ${address}`);
  return { elements, backends, spreads, affinity };
}
