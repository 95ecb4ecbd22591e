import { elementLines } from '../../platform/nft.ts';

/** The only table that network policies touch. */
export const table = 'k8ts-policies';

/** Addresses, or ports of addresses, that rules ask for by the name of the set. */
export interface NamedSet {
  type: 'ipv4_addr' | 'ipv4_addr . inet_proto . inet_service' | 'ipv4_addr . ipv4_addr';
  elements: ReadonlySet<string>;
}

/**
 * What stands between the pods of a node and everybody else, but for the node itself. A chain is named after its rules, so that what has
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
 * Answers pass, and what a pod sends to itself by way of a Service. What comes from the node itself is not forwarded, and so never comes here.
 */
const declarations = `
  map ingress { type ipv4_addr : verdict; }
  map egress { type ipv4_addr : verdict; }
  set own { type ipv4_addr . ipv4_addr; }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ip saddr . ip daddr @own accept
    ip saddr vmap @egress
    ip daddr vmap @ingress
  }
`;

const elementChange = (verb: 'add' | 'delete', set: string, all: readonly string[]): Iterable<string> =>
  elementLines(verb, { family: 'ip', table, set }, all);

const without = (all: Iterable<string>, others: { has(element: string): boolean } | undefined) =>
  [...all].filter((element) => !others?.has(element));

/** A set that has another type is another set: its name says so. */
function* setChanges(before: PolicyTable, after: PolicyTable): Iterable<string> {
  for (const [name, { type, elements }] of after.sets) {
    const old = before.sets.get(name)?.elements;
    if (!old) yield `add set ip ${table} ${name} { type ${type}; }`;
    yield* elementChange('delete', name, without(old ?? [], elements));
    yield* elementChange('add', name, without(elements, old));
  }
}

/** The pairs of an address and itself. */
const own = ({ ingress, egress }: PolicyTable): ReadonlySet<string> =>
  new Set([...ingress.keys(), ...egress.keys()].map((address) => `${address} . ${address}`));

function mapChanges(
  name: 'ingress' | 'egress',
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const changed = [...after].filter(([address, chain]) => before.get(address) !== chain);
  const gone = [...before].filter(([address, chain]) => after.get(address) !== chain);
  const keys = gone.map(([address]) => address);
  const jumps = changed.map(([address, chain]) => `${address} : jump ${chain}`);
  return [...elementChange('delete', name, keys), ...elementChange('add', name, jumps)];
}

function changes(before: PolicyTable, after: PolicyTable): string[] {
  const lines = [...setChanges(before, after)];
  for (const name of without(after.chains.keys(), before.chains)) {
    lines.push(`add chain ip ${table} ${name}`);
    for (const rule of after.chains.get(name) ?? []) lines.push(`add rule ip ${table} ${name} ${rule}`);
  }
  const [oldOwn, newOwn] = [own(before), own(after)];
  lines.push(...elementChange('delete', 'own', without(oldOwn, newOwn)));
  lines.push(...elementChange('add', 'own', without(newOwn, oldOwn)));
  for (const name of ['ingress', 'egress'] as const)
    lines.push(...mapChanges(name, before[name], after[name]));
  // Only what nothing leads to any more can go.
  for (const name of without(before.chains.keys(), after.chains))
    lines.push(`delete chain ip ${table} ${name}`);
  for (const name of without(before.sets.keys(), after.sets)) lines.push(`delete set ip ${table} ${name}`);
  return lines;
}

/** The table made anew, whatever stands there; none is left where nobody is isolated. */
function whole(wanted: PolicyTable): string[] {
  const gone = [`add table ip ${table}`, `delete table ip ${table}`];
  if (isOpen(wanted)) return gone;
  return [...gone, `table ip ${table} {${declarations}}`, ...changes(openTable, wanted)];
}

/**
 * The commands, for one transaction, that turn the table that stands, or whatever there is where that is not known, into another; none where
 * nothing differs.
 */
export function tableChanges(stands: PolicyTable | undefined, wanted: PolicyTable): string[] {
  if (!stands || isOpen(stands) !== isOpen(wanted)) return whole(wanted);
  return isOpen(wanted) ? [] : changes(stands, wanted);
}
