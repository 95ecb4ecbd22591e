import { type Front, frontKey, type Spread } from './fronts.ts';

/**
 * What one Service adds to the rules, as elements of the table's sets and maps: name of the set or map, then key, then
 * value ('' in sets). Comparing two contributions gives exactly the elements to change.
 */
export interface Contribution {
  elements: ReadonlyMap<SetName, ReadonlyMap<string, string>>;
  /** Whom packets are spread over, by the key of their front. The maps have an element for each, which is made when it is written: there may be a million. */
  backends: Record<BackendMap, Backends>;
  /** How many backends one front has at most: for as many chains must stand. */
  most: Readonly<Record<BackendMap, number>>;
  /** Chains of Services with client affinity: name of the chain, then its rules. */
  affinity: ReadonlyMap<string, AffinityChain>;
}

/** Backends of all packets, and of those that come from the cluster itself where these have others. */
export const backendMaps = ['endpoints', 'inner-endpoints'] as const;
export type BackendMap = (typeof backendMaps)[number];

export type Backends = ReadonlyMap<string, readonly { address: string; port: number }[]>;

export interface AffinityChain {
  timeoutSeconds: number;
  masquerade: Spread['masquerade'];
  backends: readonly { address: string; port: number }[];
  protocol: Front['protocol'];
}

export const setNames = [
  'services',
  'inner',
  'refused',
  'cluster-addresses',
  'hairpin',
  'guarded',
  'allowed',
] as const;
export type SetName = (typeof setNames)[number];

export const nothing: Contribution = {
  elements: new Map(),
  backends: { endpoints: new Map(), 'inner-endpoints': new Map() },
  most: { endpoints: 0, 'inner-endpoints': 0 },
  affinity: new Map(),
};

export const spreadChain = (count: number, masquerade: Spread['masquerade']) =>
  `spread-${count}${{ none: '', all: '-masquerade', own: '-inner' }[masquerade]}`;

/** A chain's name from a front's key: letters, digits and dashes only. */
const affinityName = (front: Front, isInner: boolean) =>
  `sticky-${isInner ? 'inner-' : ''}${front.address.replaceAll('.', '-')}-${front.protocol}-${front.port}`;

/** The elements that serve `fronts`; `clusterAddress` is refused on all ports that no front has. */
export function contributionOf(fronts: readonly Front[], clusterAddress: string | undefined): Contribution {
  const elements = new Map<SetName, Map<string, string>>(setNames.map((name) => [name, new Map()]));
  const backends: Record<BackendMap, Map<string, Spread['backends']>> = {
    endpoints: new Map(),
    'inner-endpoints': new Map(),
  };
  const most = { ...nothing.most };
  const affinity = new Map<string, AffinityChain>();
  const put = (set: SetName, key: string, value = '') => elements.get(set)?.set(key, value);
  const addresses = new Set<string>();
  if (clusterAddress) put('cluster-addresses', clusterAddress);
  const spread = (front: Front, action: Spread, [set, map]: readonly [SetName, BackendMap]) => {
    const key = frontKey(front);
    for (const { address } of action.backends) addresses.add(address);
    if (front.affinitySeconds !== undefined) {
      const name = affinityName(front, set === 'inner');
      const { affinitySeconds: timeoutSeconds, protocol } = front;
      const { masquerade } = action;
      affinity.set(name, { timeoutSeconds, masquerade, backends: action.backends, protocol });
      put(set, key, `goto ${name}`);
      return;
    }
    most[map] = Math.max(most[map], action.backends.length);
    put(set, key, `goto ${spreadChain(action.backends.length, action.masquerade)}`);
    backends[map].set(key, action.backends);
  };
  for (const front of fronts) {
    const { action, inner } = front;
    const key = frontKey(front);
    if (front.sources) put('guarded', key);
    for (const source of front.sources ?? []) put('allowed', `${key} . ${source}`);
    if (inner) spread(front, inner, ['inner', 'inner-endpoints']);
    if (action.type === 'spread') spread(front, action, ['services', 'endpoints']);
    else put('refused', key, `goto ${action.type === 'reject' ? 'refuse' : 'ignore'}`);
  }
  for (const address of addresses) put('hairpin', `${address} . ${address}`);
  return { elements, backends, most, affinity };
}
