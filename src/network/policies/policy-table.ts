import { type AddressFamily, ipv6 } from '../../machinery/address-family.ts';
import { elementLines } from '../../platform/nft.ts';

/** The table that network policies have in each family, the only ones that they touch. */
export const table = 'k8ts-policies';

/** Addresses, or ports of addresses, that rules ask for by the name of the set. */
export interface NamedSet {
  type: AddressFamily['nftType'] | `${AddressFamily['nftType']} . inet_proto . inet_service`;
  elements: ReadonlySet<string>;
}

/**
 * What stands between the addresses of one family that pods of a node have and everybody else, but for the node itself. A chain is named after its rules, so that what has
 * changed has another name.
 */
export interface PolicyTable {
  sets: ReadonlyMap<string, NamedSet>;
  /** Rules by the name of their chain. A packet that none of them lets return to where it came from is dropped. */
  chains: ReadonlyMap<string, readonly string[]>;
  /** The chain that says what may come to an address. */
  ingress: ReadonlyMap<string, string>;
  /** The chain that says what may leave an address. */
  egress: ReadonlyMap<string, string>;
}

/** Nobody is isolated. */
export const openTable: PolicyTable = {
  sets: new Map(),
  chains: new Map(),
  ingress: new Map(),
  egress: new Map(),
};

/** Whether nobody is isolated; there is no such table then. */
export const isOpen = ({ ingress, egress }: PolicyTable): boolean => ingress.size + egress.size === 0;

/**
 * Pods of one bridge find each other by neighbour discovery, which is no connection. Addresses of IPv6 that hold for a link alone are nobody's in
 * policies, and lead from one pod of a bridge to another: past the isolation of both, were they let.
 */
const ofLinks = `icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
    ip6 daddr fe80::/10 drop
    ip6 saddr fe80::/10 ip6 daddr != ff00::/8 drop`;

/**
 * Answers pass, and what a pod sends to itself by way of a Service. What comes from the node itself is not forwarded, and so never comes here.
 */
const declarations = (family: AddressFamily) => `
  map ingress { type ${family.nftType} : verdict; }
  map egress { type ${family.nftType} : verdict; }
  set own { type ${family.nftType} . ${family.nftType}; }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ${family === ipv6 ? ofLinks : ''}
    ${family.nft} saddr . ${family.nft} daddr @own accept
    ${family.nft} saddr vmap @egress
    ${family.nft} daddr vmap @ingress
  }
`;

const without = (all: Iterable<string>, others: { has(element: string): boolean } | undefined) =>
  [...all].filter((element) => !others?.has(element));

/** The pairs of an address and itself. */
const own = ({ ingress, egress }: PolicyTable): ReadonlySet<string> =>
  new Set([...ingress.keys(), ...egress.keys()].map((address) => `${address} . ${address}`));

/** The commands that turn one table of a family into another. */
class Changes {
  readonly #family: AddressFamily;
  readonly #nft: AddressFamily['nft'];
  readonly #before: PolicyTable;
  readonly #after: PolicyTable;

  constructor(family: AddressFamily, before: PolicyTable, after: PolicyTable) {
    this.#family = family;
    this.#nft = family.nft;
    this.#before = before;
    this.#after = after;
  }

  lines(): string[] {
    const [before, after] = [this.#before, this.#after];
    const its = `${this.#nft} ${table}`;
    const lines = [...this.#sets()];
    for (const name of without(after.chains.keys(), before.chains)) {
      lines.push(`add chain ${its} ${name}`);
      for (const rule of after.chains.get(name) ?? []) lines.push(`add rule ${its} ${name} ${rule}`);
    }
    const [oldOwn, newOwn] = [own(before), own(after)];
    lines.push(...this.#elements('delete', 'own', without(oldOwn, newOwn)));
    lines.push(...this.#elements('add', 'own', without(newOwn, oldOwn)));
    for (const name of ['ingress', 'egress'] as const) lines.push(...this.#map(name));
    // Only what nothing leads to any more can go.
    for (const name of without(before.chains.keys(), after.chains)) lines.push(`delete chain ${its} ${name}`);
    for (const name of without(before.sets.keys(), after.sets)) lines.push(`delete set ${its} ${name}`);
    return lines;
  }

  /** The table made anew, whatever stands there; none is left where nobody is isolated. */
  whole(): string[] {
    const its = `table ${this.#nft} ${table}`;
    const gone = [`add ${its}`, `delete ${its}`];
    if (isOpen(this.#after)) return gone;
    const anew = new Changes(this.#family, openTable, this.#after);
    return [...gone, `${its} {${declarations(this.#family)}}`, ...anew.lines()];
  }

  /** A set that has another type is another set: its name says so. */
  *#sets(): Iterable<string> {
    for (const [name, { type, elements }] of this.#after.sets) {
      const old = this.#before.sets.get(name)?.elements;
      if (!old) yield `add set ${this.#nft} ${table} ${name} { type ${type}; }`;
      yield* this.#elements('delete', name, without(old ?? [], elements));
      yield* this.#elements('add', name, without(elements, old));
    }
  }

  #map(name: 'ingress' | 'egress'): string[] {
    const [before, after] = [this.#before[name], this.#after[name]];
    const changed = [...after].filter(([address, chain]) => before.get(address) !== chain);
    const gone = [...before].filter(([address, chain]) => after.get(address) !== chain);
    const keys = gone.map(([address]) => address);
    const jumps = changed.map(([address, chain]) => `${address} : jump ${chain}`);
    return [...this.#elements('delete', name, keys), ...this.#elements('add', name, jumps)];
  }

  #elements(verb: 'add' | 'delete', set: string, all: readonly string[]): Iterable<string> {
    return elementLines(verb, { family: this.#nft, table, set }, all);
  }
}

/**
 * The commands, for one transaction, that turn the table of a family that stands, or whatever there is where that is not known, into another; none where
 * nothing differs.
 */
export function tableChanges(
  family: AddressFamily,
  stands: PolicyTable | undefined,
  wanted: PolicyTable,
): string[] {
  const changes = new Changes(family, stands ?? openTable, wanted);
  if (!stands || isOpen(stands) !== isOpen(wanted)) return changes.whole();
  return isOpen(wanted) ? [] : changes.lines();
}
