import {
  type AffinityChain,
  type BackendMap,
  type Backends,
  backendMaps,
  type Contribution,
  nothing,
  type SetName,
  setNames,
  spreadChain,
} from './contribution.ts';
import { elementLines } from '../platform/nft.ts';

/** The only table that the proxy touches. */
export const table = 'k8ts-proxy';

/** Packets that must leave with this node's address carry this bit of the mark, as upstream's. */
const masqueradeMark = '0x4000';

/** What a client may not send to: looked at before the packet gets its backend's address. */
const guard =
  'ct state new ip daddr . ip protocol . th dport @guarded ip daddr . ip protocol . th dport . ip saddr != @allowed drop;';

const declarations = (podRange: string) => `
  map services { type ipv4_addr . inet_proto . inet_service : verdict; }
  map inner { type ipv4_addr . inet_proto . inet_service : verdict; }
  map refused { type ipv4_addr . inet_proto . inet_service : verdict; }
  map endpoints { typeof ip daddr . ip protocol . th dport . numgen random mod 2 : ip daddr . th dport; }
  map inner-endpoints { typeof ip daddr . ip protocol . th dport . numgen random mod 2 : ip daddr . th dport; }
  set cluster-addresses { type ipv4_addr; }
  set hairpin { type ipv4_addr . ipv4_addr; }
  set guarded { type ipv4_addr . inet_proto . inet_service; }
  set allowed { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval; }
  chain masquerade-later { meta mark set meta mark or ${masqueradeMark}; }
  chain masquerade-own { fib saddr type local jump masquerade-later; }
  chain refuse { meta l4proto tcp reject with tcp reset; reject; }
  chain ignore { drop; }
  chain guard-prerouting { type filter hook prerouting priority dstnat - 10; policy accept; ${guard} }
  chain guard-output { type filter hook output priority -110; policy accept; ${guard} }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip saddr != ${podRange} ip daddr @cluster-addresses jump masquerade-later;
    ip saddr ${podRange} ip daddr . ip protocol . th dport vmap @inner;
    ip daddr . ip protocol . th dport vmap @services;
  }
  chain nat-output {
    type nat hook output priority -100; policy accept;
    ip daddr . ip protocol . th dport vmap @inner;
    ip daddr . ip protocol . th dport vmap @services;
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark & ${masqueradeMark} == ${masqueradeMark} masquerade fully-random;
    ct status dnat ip saddr . ip daddr @hairpin masquerade fully-random;
  }
  chain filter-input { type filter hook input priority -110; policy accept; ct state new ip daddr . ip protocol . th dport vmap @refused; }
  chain filter-forward {
    type filter hook forward priority -110; policy accept;
    ct state invalid ip saddr ${podRange} drop;
    ct state invalid ip daddr ${podRange} drop;
    ct state new ip daddr . ip protocol . th dport vmap @refused;
    ip daddr @cluster-addresses reject;
  }
  chain filter-output {
    type filter hook output priority -90; policy accept;
    ct state new ip daddr . ip protocol . th dport vmap @refused;
    ip daddr @cluster-addresses reject;
  }
`;

/** Chains for so many backends, or a multiple of that, are made at a time. */
const spreadStep = 32;

type Elements = Iterable<readonly [key: string, value: string]>;

const changeLines = (verb: 'add' | 'delete', set: SetName | BackendMap, elements: Elements) =>
  elementLines(verb, { table, set }, verb === 'add' ? withValues(elements) : keysOf(elements));

function* withValues(elements: Elements): Iterable<string> {
  for (const [key, value] of elements) yield value ? `${key} : ${value}` : key;
}

function* keysOf(elements: Elements): Iterable<string> {
  for (const [key] of elements) yield key;
}

/** The elements of a map of backends that one list of backends makes and another does not. */
function* endpointElements(one: Backends, other: Backends): Iterable<readonly [string, string]> {
  for (const [front, backends] of one) {
    const others = other.get(front) ?? [];
    for (let i = 0; i < backends.length; i++) {
      const { address = '', port } = backends[i] ?? {};
      if (others[i]?.address !== address || others[i]?.port !== port)
        yield [`${front} . ${i}`, `${address} . ${port}`];
    }
  }
}

/** The chains that lead to one of so many backends in a map, for all ways in which these are masqueraded. */
function spreadLines(map: BackendMap, count: number): string[] {
  const [plain, masquerading, inner] = (['none', 'all', 'own'] as const).map((m) => spreadChain(count, m));
  const pick = `dnat ip to ip daddr . ip protocol . th dport . numgen random mod ${count} map @${map}`;
  if (map === 'inner-endpoints')
    return [
      `add chain ip ${table} ${inner}`,
      `add rule ip ${table} ${inner} jump masquerade-own`,
      `add rule ip ${table} ${inner} ${pick}`,
    ];
  return [
    `add chain ip ${table} ${plain}`,
    `add rule ip ${table} ${plain} ${pick}`,
    `add chain ip ${table} ${masquerading}`,
    `add rule ip ${table} ${masquerading} jump masquerade-later`,
    `add rule ip ${table} ${masquerading} goto ${plain}`,
  ];
}

const markingChain = { none: undefined, all: 'masquerade-later', own: 'masquerade-own' };

const backendChain = (name: string, { address, port }: { address: string; port: number }) =>
  `${name}-${address.replaceAll('.', '-')}-${port}`;

function affinityLines(name: string, chain: AffinityChain): string[] {
  const choices = chain.backends.map((backend) => backendChain(name, backend));
  const marking = markingChain[chain.masquerade];
  const timeout = `timeout ${chain.timeoutSeconds}s`;
  return [
    `add chain ip ${table} ${name}`,
    ...choices.flatMap((choice, i) => [
      `add set ip ${table} ${choice} { type ipv4_addr; flags dynamic,timeout; ${timeout}; }`,
      `add chain ip ${table} ${choice}`,
      `add rule ip ${table} ${choice} update @${choice} { ip saddr }`,
      `add rule ip ${table} ${choice} meta l4proto ${chain.protocol} dnat to ${chain.backends[i]?.address}:${chain.backends[i]?.port}`,
    ]),
    ...(marking ? [`add rule ip ${table} ${name} jump ${marking}`] : []),
    ...choices.map((choice) => `add rule ip ${table} ${name} ip saddr @${choice} goto ${choice}`),
    `add rule ip ${table} ${name} numgen random mod ${choices.length} vmap { ${choices.map((c, i) => `${i} : goto ${c}`).join(', ')} }`,
  ];
}

/** Drops what a chain with affinity no longer has and sets the rest anew; clients of backends that stay, stay. */
function affinityChange(
  name: string,
  before: AffinityChain | undefined,
  after: AffinityChain | undefined,
): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const kept = new Set((after?.backends ?? []).map((backend) => backendChain(name, backend)));
  const sameTimeout = before?.timeoutSeconds === after?.timeoutSeconds;
  const old = (before?.backends ?? []).map((backend) => backendChain(name, backend));
  const lines = before
    ? [`flush chain ip ${table} ${name}`, ...old.map((chain) => `flush chain ip ${table} ${chain}`)]
    : [];
  const gone = old.filter((chain) => !kept.has(chain) || !sameTimeout);
  lines.push(
    ...gone.flatMap((chain) => [`delete chain ip ${table} ${chain}`, `delete set ip ${table} ${chain}`]),
  );
  if (after) lines.push(...affinityLines(name, after));
  else if (before) lines.push(`delete chain ip ${table} ${name}`);
  return lines;
}

function* joined<T>(parts: Iterable<Iterable<T>>): Iterable<T> {
  for (const part of parts) yield* part;
}

/**
 * The table as it should be, as the sum of what Services contribute. `set` notes a change, `takeChanges` gives the
 * nft commands for all that was noted since; `reload` gives those that make the table anew.
 */
export class Ruleset {
  readonly #podRange: string;
  readonly #contributions = new Map<string, Contribution>();
  /** How many Services have an element; the same pod may stand behind several. */
  readonly #shared = new Map<string, number>();
  /** Chains stand for 1 up to so many backends. */
  readonly #spreads: Record<BackendMap, number> = { endpoints: spreadStep, 'inner-endpoints': spreadStep };
  #mustReload = true;
  /** Lines of which many are made only when they are asked for. */
  #lines: Iterable<string>[] = [];
  /** Chains and sets are removed after the elements that lead to them. */
  #lateLines: string[] = [];

  /** `podRange` has the addresses of all pods of the cluster. */
  constructor(podRange: string) {
    this.#podRange = podRange;
  }

  /** What a Service contributes now; `undefined` where it is gone. */
  set(service: string, next: Contribution | undefined): void {
    const before = this.#contributions.get(service) ?? nothing;
    const after = next ?? nothing;
    if (next) this.#contributions.set(service, next);
    else this.#contributions.delete(service);
    this.#growSpreads(after);
    this.#changeAffinity(before, after);
    for (const map of backendMaps)
      this.#lines.push(
        changeLines('delete', map, endpointElements(before.backends[map], after.backends[map])),
        changeLines('add', map, endpointElements(after.backends[map], before.backends[map])),
      );
    for (const name of setNames)
      this.#changeElements(name, before.elements.get(name), after.elements.get(name));
  }

  /** The commands for what has changed since the last call, a line each; none where nothing has. Nothing may be noted until all are read. */
  takeChanges(): Iterable<string> {
    if (this.#mustReload) return this.reload();
    const lines = [...this.#lines, this.#lateLines];
    this.#forgetChanges();
    return joined(lines);
  }

  /** The commands that make the whole table anew, whatever stands there, in one transaction. To be read as those of `takeChanges`. */
  reload(): Iterable<string> {
    this.#mustReload = false;
    this.#forgetChanges();
    return this.#whole();
  }

  #forgetChanges(): void {
    this.#lines = [];
    this.#lateLines = [];
  }

  *#whole(): Iterable<string> {
    yield* [
      `add table ip ${table}`,
      `delete table ip ${table}`,
      `table ip ${table} {${declarations(this.#podRange)}}`,
    ];
    for (const map of backendMaps)
      for (let count = 1; count <= this.#spreads[map]; count++) yield* spreadLines(map, count);
    const all = [...this.#contributions.values()];
    for (const { affinity } of all) for (const [name, chain] of affinity) yield* affinityLines(name, chain);
    for (const map of backendMaps)
      yield* changeLines('add', map, joined(all.map((c) => endpointElements(c.backends[map], new Map()))));
    for (const name of setNames) {
      const merged = new Map(joined(all.map((c) => c.elements.get(name) ?? [])));
      yield* changeLines('add', name, merged);
    }
  }

  /**
   * nft takes rules that look into `endpoints` only together with its declaration, so more chains mean a reload. These are dear when there
   * are many chains: then many more are made at a time, for a Service whose endpoints come one by one.
   */
  #growSpreads(after: Contribution): void {
    for (const map of backendMaps) {
      const most = after.most[map];
      if (most <= this.#spreads[map]) continue;
      this.#spreads[map] = Math.ceil(Math.max(most, 1.5 * this.#spreads[map]) / spreadStep) * spreadStep;
      this.#mustReload = true;
    }
  }

  #changeAffinity(before: Contribution, after: Contribution): void {
    for (const name of new Set([...before.affinity.keys(), ...after.affinity.keys()])) {
      const [old, next] = [before.affinity.get(name), after.affinity.get(name)];
      const lines = affinityChange(name, old, next);
      if (next) this.#lines.push(lines);
      else this.#lateLines.push(...lines);
    }
  }

  #changeElements(
    set: SetName,
    before: ReadonlyMap<string, string> = new Map(),
    after: ReadonlyMap<string, string> = new Map(),
  ): void {
    const gone = [...before].filter(
      ([key, value]) => after.get(key) !== value && this.#release(`${set} ${key}`),
    );
    const fresh = [...after].filter(
      ([key, value]) => before.get(key) !== value && this.#retain(`${set} ${key}`),
    );
    this.#lines.push(changeLines('delete', set, gone), changeLines('add', set, fresh));
  }

  #release(key: string): boolean {
    const left = (this.#shared.get(key) ?? 1) - 1;
    if (left > 0) this.#shared.set(key, left);
    else this.#shared.delete(key);
    return left === 0;
  }

  #retain(key: string): boolean {
    const count = (this.#shared.get(key) ?? 0) + 1;
    this.#shared.set(key, count);
    return count === 1;
  }
}
