import { type ChainSpec, type PoolMap, spreadChain } from './chains.ts';
import { type Front, frontKey, type Spread } from './fronts.ts';

/**
 * What one Service adds to the rules, as elements of the table's sets and maps: name of the set or map, then key, then
 * value ('' in sets). Comparing two contributions gives exactly the elements to change.
 */
export interface Contribution {
  readonly elements: ReadonlyMap<SetName, ReadonlyMap<string, string>>;
  /** Backends that packets are spread over, by a name that tells them from others of the Service. */
  readonly pools: ReadonlyMap<string, Pool>;
  /** The pool of each front, by the front's key. */
  readonly poolsOf: Readonly<Record<PoolMap, ReadonlyMap<string, string>>>;
  /** Chains that the elements lead to. */
  readonly chains: readonly ChainSpec[];
}

export interface Pool {
  readonly backends: Spread['backends'];
  /** Whether clients are remembered with their backends. */
  readonly isSticky: boolean;
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
  pools: new Map(),
  poolsOf: { pools: new Map(), 'inner-pools': new Map() },
  chains: [],
};

/** The elements that serve `fronts`; `clusterAddress` is refused on all ports that no front has. */
export function contributionOf(fronts: readonly Front[], clusterAddress: string | undefined): Contribution {
  const elements = new Map<SetName, Map<string, string>>(setNames.map((name) => [name, new Map()]));
  const pools = new Map<string, Pool>();
  const poolsOf: Record<PoolMap, Map<string, string>> = { pools: new Map(), 'inner-pools': new Map() };
  const chains = new Map<string, ChainSpec>();
  const put = (set: SetName, key: string, value = '') => elements.get(set)?.set(key, value);
  if (clusterAddress) put('cluster-addresses', clusterAddress);
  const spread = (front: Front, action: Spread, [set, map]: readonly [SetName, PoolMap]) => {
    const { affinitySeconds } = front;
    const { backends, masquerade, pool } = action;
    const chain = { count: backends.length, masquerade, affinitySeconds, poolMap: map };
    const name = spreadChain(chain);
    chains.set(name, chain);
    pools.set(pool, { backends, isSticky: affinitySeconds !== undefined });
    poolsOf[map].set(frontKey(front), pool);
    put(set, frontKey(front), `goto ${name}`);
  };
  for (const front of fronts) {
    const { action, inner } = front;
    const key = frontKey(front);
    if (front.sources) put('guarded', key);
    for (const source of front.sources ?? []) put('allowed', `${key} . ${source}`);
    if (inner) spread(front, inner, ['inner', 'inner-pools']);
    if (action.type === 'spread') spread(front, action, ['services', 'pools']);
    else put('refused', key, `goto ${action.type === 'reject' ? 'refuse' : 'ignore'}`);
  }
  for (const { backends } of pools.values())
    for (const { address } of backends) put('hairpin', `${address} . ${address}`);
  return { elements, pools, poolsOf, chains: [...chains.values()] };
}
