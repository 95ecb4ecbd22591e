import { type AddressFamily, ipv4 } from '../machinery/address-family.ts';
import { affinityIn } from './affinity.ts';
import type { Spread } from './fronts.ts';
import { frontIn, frontTypeIn } from './packet-keys.ts';

/** The table that the proxy has in each family, the only ones that it touches. */
export const table = 'k8ts-proxy';

/** Packets that must leave with this node's address carry this bit of the mark, as upstream's. */
const masqueradeMark = '0x4000';

/**
 * The table of one family without Services. A packet's way: its front says in `services` which chain it goes to, and in `pools` by which number its backends
 * go; a number of these is chosen in `choices`, and has an address in `slots`. Numbers between two steps lie in the priority of the packet,
 * which the kernel sets anew where it forwards IPv4: marks belong to others. Only the first packet of a connection comes this way.
 * Where pods have no addresses of the family, `podRange` is undefined, and nobody is taken for a pod or for somebody from outside, as upstream has it.
 */
export function declarations(family: AddressFamily, podRange: string | undefined): string {
  const { nft, nftType } = family;
  const isSetAnew = family === ipv4;
  const [front, frontType] = [frontIn(family), frontTypeIn(family)];
  const aboutPods = (...rules: string[]) => (podRange ? rules.join('\n    ') : '');
  // What a client may not send to: looked at before the packet gets its backend's address.
  const guard = `ct state new ${front} @guarded ${front} . ${nft} saddr != @allowed drop;`;
  return `
  map services { type ${frontType} : verdict; }
  map inner { type ${frontType} : verdict; }
  map refused { type ${frontType} : verdict; }
  map pools { type ${frontType} : classid; }
  map inner-pools { type ${frontType} : classid; }
  map choices { typeof meta priority . numgen random mod 2 : meta priority; }
  map slots { type classid : ${nftType} . inet_service; }
  set live { type classid; }
  ${affinityIn(family).declarations}
  set cluster-addresses { type ${nftType}; }
  set service-ranges { type ${nftType}; flags interval; }
  set hairpin { type ${nftType} . ${nftType}; }
  set guarded { type ${frontType}; }
  set allowed { type ${frontType} . ${nftType}; flags interval; }
  chain masquerade-later { meta mark set meta mark or ${masqueradeMark}; }
  chain masquerade-own { fib saddr type local jump masquerade-later; }
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
  chain ignore { drop; }
  chain deliver { meta l4proto { tcp, udp, sctp } dnat ${nft} to meta priority map @slots; }
  chain guard-prerouting { type filter hook prerouting priority dstnat - 10; policy accept; ${guard} }
  chain guard-output { type filter hook output priority -110; policy accept; ${guard} }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ${aboutPods(
      `${nft} saddr != ${podRange} ${nft} daddr @cluster-addresses jump masquerade-later;`,
      `${nft} saddr ${podRange} ${front} vmap @inner;`,
    )}
    ${front} vmap @services;
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    ${front} vmap @inner;
    ${front} vmap @services;
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ct status dnat ${isSetAnew ? 'fib saddr type local ' : ''}meta priority set 0;
    meta mark & ${masqueradeMark} == ${masqueradeMark} masquerade fully-random;
    ct status dnat ${nft} saddr . ${nft} daddr @hairpin masquerade fully-random;
  }
  chain filter-input { type filter hook input priority -110; policy accept; ct state new ${front} vmap @refused; }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ${aboutPods(
      `ct state invalid ${nft} saddr ${podRange} drop;`,
      `ct state invalid ${nft} daddr ${podRange} drop;`,
    )}
    ct state new ${front} vmap @refused;
    ${nft} daddr @cluster-addresses reject;
    ${nft} daddr @service-ranges drop;
  }
  chain filter-output {
    type filter hook output priority -90; policy accept;
    ct state new ${front} vmap @refused;
    ${nft} daddr @cluster-addresses reject;
    ${nft} daddr @service-ranges drop;
  }
`;
}

/** Which pool packets go to: all, and those of the cluster itself where these have another. */
export const poolMaps = ['pools', 'inner-pools'] as const;
export type PoolMap = (typeof poolMaps)[number];

/** A chain that spreads packets over pools of one size, for all fronts that have such a one. */
export interface ChainSpec {
  readonly count: number;
  readonly masquerade: Spread['masquerade'];
  /** For how long a silent client is remembered with its backend. */
  readonly affinitySeconds: number | undefined;
  readonly poolMap: PoolMap;
}

const suffixes = { none: '', all: '-masquerade', own: '-inner' } as const;
const markings = { none: [], all: ['jump masquerade-later'], own: ['jump masquerade-own'] } as const;

export function spreadChain({ count, masquerade, affinitySeconds }: ChainSpec): string {
  const kind = affinitySeconds === undefined ? 'spread' : `sticky-${affinitySeconds}s`;
  return `${kind}-${count}${suffixes[masquerade]}`;
}

/** What a chain has in the table of a family, a rule each. */
export function rulesOf(
  { count, masquerade, affinitySeconds, poolMap }: ChainSpec,
  family: AddressFamily,
): string[] {
  const choose = [
    `meta priority set ${frontIn(family)} map @${poolMap}`,
    `meta priority set meta priority . numgen random mod ${count} map @choices`,
  ];
  if (affinitySeconds === undefined) return [...markings[masquerade], ...choose, 'goto deliver'];
  const { recall, confirm, remember, forget } = affinityIn(family);
  const remembering = remember(affinitySeconds);
  // Whoever's backend has gone is forgotten first: what is known is not overwritten.
  return [
    ...markings[masquerade],
    'meta priority set 0',
    recall,
    `meta priority @live ${confirm}${remembering.join(' ')} goto deliver`,
    forget,
    ...choose,
    ...remembering,
    'goto deliver',
  ];
}
