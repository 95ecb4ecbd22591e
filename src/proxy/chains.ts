import type { Spread } from './fronts.ts';

/** The only table that the proxy touches. */
export const table = 'k8ts-proxy';

/** Packets that must leave with this node's address carry this bit of the mark, as upstream's. */
const masqueradeMark = '0x4000';

/** Clients with their backends that are remembered at once, some 100 bytes each; further ones are served, and forgotten. */
const mostClients = 1_048_576;

/** What tells fronts from each other, and the client of one from others. */
const front = 'ip daddr . ip protocol . th dport';
const client = `ip saddr . ${front}`;
const frontType = 'ipv4_addr . inet_proto . inet_service';

/** What a client may not send to: looked at before the packet gets its backend's address. */
const guard = `ct state new ${front} @guarded ${front} . ip saddr != @allowed drop;`;

/**
 * The table without Services. A packet's way: its front says in `services` which chain it goes to, and in `pools` by which number its backends
 * go; a number of these is chosen in `choices`, and has an address in `slots`. Numbers between two steps lie in the priority of the packet,
 * which the kernel sets anew where it forwards: marks belong to others. Only the first packet of a connection comes this way.
 */
export const declarations = (podRange: string) => `
  map services { type ${frontType} : verdict; }
  map inner { type ${frontType} : verdict; }
  map refused { type ${frontType} : verdict; }
  map pools { type ${frontType} : classid; }
  map inner-pools { type ${frontType} : classid; }
  map choices { typeof meta priority . numgen random mod 2 : meta priority; }
  map slots { type classid : ipv4_addr . inet_service; }
  set live { type classid; }
  map affinity { type ipv4_addr . ${frontType} : classid; flags dynamic,timeout; size ${mostClients}; }
  set cluster-addresses { type ipv4_addr; }
  set service-ranges { type ipv4_addr; flags interval; }
  set hairpin { type ipv4_addr . ipv4_addr; }
  set guarded { type ${frontType}; }
  set allowed { type ${frontType} . ipv4_addr; flags interval; }
  chain masquerade-later { meta mark set meta mark or ${masqueradeMark}; }
  chain masquerade-own { fib saddr type local jump masquerade-later; }
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
  chain ignore { drop; }
  chain deliver { meta l4proto { tcp, udp, sctp } dnat ip to meta priority map @slots; }
  chain guard-prerouting { type filter hook prerouting priority dstnat - 10; policy accept; ${guard} }
  chain guard-output { type filter hook output priority -110; policy accept; ${guard} }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip saddr != ${podRange} ip daddr @cluster-addresses jump masquerade-later;
    ip saddr ${podRange} ${front} vmap @inner;
    ${front} vmap @services;
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    ${front} vmap @inner;
    ${front} vmap @services;
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ct status dnat fib saddr type local meta priority set 0;
    meta mark & ${masqueradeMark} == ${masqueradeMark} masquerade fully-random;
    ct status dnat ip saddr . ip daddr @hairpin masquerade fully-random;
  }
  chain filter-input { type filter hook input priority -110; policy accept; ct state new ${front} vmap @refused; }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state invalid ip saddr ${podRange} drop;
    ct state invalid ip daddr ${podRange} drop;
    ct state new ${front} vmap @refused;
    ip daddr @cluster-addresses reject;
    ip daddr @service-ranges drop;
  }
  chain filter-output {
    type filter hook output priority -90; policy accept;
    ct state new ${front} vmap @refused;
    ip daddr @cluster-addresses reject;
    ip daddr @service-ranges drop;
  }
`;

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

/** What a chain has, a rule each. */
export function rulesOf({ count, masquerade, affinitySeconds, poolMap }: ChainSpec): string[] {
  const choose = [
    `meta priority set ${front} map @${poolMap}`,
    `meta priority set meta priority . numgen random mod ${count} map @choices`,
  ];
  if (affinitySeconds === undefined) return [...markings[masquerade], ...choose, 'goto deliver'];
  // `update` leaves the backend of a client that is known as it is: whose backend has gone is forgotten first.
  const remember = `update @affinity { ${client} timeout ${affinitySeconds}s : meta priority }`;
  return [
    ...markings[masquerade],
    'meta priority set 0',
    `meta priority set ${client} map @affinity`,
    `meta priority @live ${remember} goto deliver`,
    `delete @affinity { ${client} : meta priority }`,
    ...choose,
    remember,
    'goto deliver',
  ];
}
