import type { Node, NodeSelector } from '../../../api/core/v1.ts';
import type { Device, ResourceSlice } from '../../../api/resource/v1.ts';
import { matchesSelector } from '../../../machinery/node-selection.ts';
import {
  addQuantities,
  compareQuantities,
  type ParsedQuantity,
  parseQuantity,
  subtractQuantities,
} from '../../../machinery/quantity.ts';

/** A device with where it comes from. */
export interface Offer {
  /** Driver, pool and name: no other device has the same. */
  readonly id: string;
  readonly pool: Pool;
  readonly device: Device;
  /** The nodes that reach it; undefined for all. */
  readonly nodes: NodeSelector | undefined;
  /** Once it is given out, nobody reaches it but from the node that was chosen. */
  readonly isLocal: boolean;
}

/** Amounts by counter, of one set. */
type Counters = ReadonlyMap<string, ParsedQuantity>;

/** What a driver offers under one name, as its newest generation has it. */
export interface Pool {
  readonly driver: string;
  readonly name: string;
  /** Whether slices are still missing: its devices are left alone until then. */
  readonly isIncomplete: boolean;
  /** Whether it contradicts itself. */
  readonly isInvalid: boolean;
  readonly offers: readonly Offer[];
  /** What its devices share, by counter set. */
  readonly counterSets: ReadonlyMap<string, Counters>;
}

export const deviceId = (driver: string, pool: string, device: string) => `${driver}/${pool}/${device}`;

const onNode = (name: string): NodeSelector => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
});

interface Reach {
  nodeName?: string;
  nodeSelector?: NodeSelector;
  allNodes?: boolean;
}

/** Undefined where nothing says which nodes reach it. */
function reachOf({ nodeName, nodeSelector, allNodes }: Reach): Pick<Offer, 'nodes' | 'isLocal'> | undefined {
  if (nodeName) return { nodes: onNode(nodeName), isLocal: true };
  if (nodeSelector) return { nodes: nodeSelector, isLocal: false };
  return allNodes ? { nodes: undefined, isLocal: false } : undefined;
}

/** The slices of each pool that are of its newest generation, by their names: drivers may set by names what is given first. */
function currentSlices(slices: readonly ResourceSlice[]): ResourceSlice[][] {
  const pools = new Map<string, ResourceSlice[]>();
  for (const slice of slices) {
    const { driver, pool } = slice.spec;
    const key = `${driver}/${pool.name}`;
    const known = pools.get(key) ?? [];
    const newest = Number(known[0]?.spec.pool.generation ?? -1);
    if (Number(pool.generation) > newest) pools.set(key, [slice]);
    else if (Number(pool.generation) === newest) known.push(slice);
  }
  return [...pools.values()].map((all) => all.sort((a, b) => compareText(nameOf(a), nameOf(b))));
}

const nameOf = ({ metadata }: ResourceSlice) => metadata.name ?? '';
const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** All that drivers offer, in the order in which it is given. */
export function poolsOf(slices: readonly ResourceSlice[]): Pool[] {
  const pools = currentSlices(slices).map(poolOf);
  return pools.sort((a, b) => compareText(a.driver, b.driver) || compareText(a.name, b.name));
}

function poolOf(slices: readonly ResourceSlice[]): Pool {
  const { driver, pool } = (slices[0] as ResourceSlice).spec;
  const offers: Offer[] = [];
  const counterSets = new Map<string, Counters>();
  const isIncomplete = slices.length !== Number(pool.resourceSliceCount);
  const sets = slices.flatMap(({ spec }) => spec.sharedCounters ?? []);
  for (const { name, counters } of sets)
    counterSets.set(name, new Map(Object.entries(counters).map(([key, c]) => [key, parseQuantity(c.value)])));
  const devices = slices.flatMap(({ spec }) => spec.devices ?? []);
  const isInvalid =
    counterSets.size < sets.length ||
    new Set(devices.map(({ name }) => name)).size < devices.length ||
    !devices.every((device) => drawsFrom(device, counterSets));
  const made: Pool = { driver, name: pool.name, isIncomplete, isInvalid, offers, counterSets };
  for (const { spec } of slices) {
    for (const device of spec.devices ?? []) {
      const reach = reachOf(spec.perDeviceNodeSelection ? device : spec);
      if (!reach) continue;
      const isLocal = reach.isLocal || device.bindsToNode === true;
      offers.push({ id: deviceId(driver, pool.name, device.name), pool: made, device, ...reach, isLocal });
    }
  }
  return made;
}

/** Whether there is every counter that a device draws from. */
function drawsFrom({ consumesCounters = [] }: Device, sets: Pool['counterSets']): boolean {
  return consumesCounters.every(({ counterSet, counters }) => {
    const set = sets.get(counterSet);
    return set !== undefined && Object.keys(counters).every((name) => set.has(name));
  });
}

/** A pool as one node sees it. */
export interface View {
  pool: Pool;
  /** What the node reaches. */
  offers: readonly Offer[];
}

/** The pools that have something for a node; those with devices that are to be waited for come last. */
export function viewsOf(pools: readonly Pool[], node: Node): View[] {
  const plain: View[] = [];
  const slow: View[] = [];
  for (const pool of pools) {
    const offers = pool.offers.filter(({ nodes }) => matchesSelector(node, nodes));
    if (offers.length === 0) continue;
    const mustWait = offers.some(({ device }) => device.bindingConditions !== undefined);
    (mustWait ? slow : plain).push({ pool, offers });
  }
  return [...plain, ...slow];
}

/** What is left of the counters of pools, as devices are given out and taken back. */
export class CounterBook {
  readonly #left = new Map<Pool, Map<string, Map<string, ParsedQuantity>>>();
  readonly #isTaken: (offer: Offer) => boolean;

  /** `isTaken` tells of the devices that somebody has already. */
  constructor(isTaken: (offer: Offer) => boolean) {
    this.#isTaken = isTaken;
  }

  /** Whether there is enough for a device. */
  hasRoomFor({ device, pool }: Offer): boolean {
    if (!device.consumesCounters?.length) return true;
    const left = this.#leftOf(pool);
    return device.consumesCounters.every(({ counterSet, counters }) =>
      Object.entries(counters).every(
        ([name, { value }]) => compareQuantities(left.get(counterSet)?.get(name) ?? '0', value) >= 0,
      ),
    );
  }

  take({ device, pool }: Offer): void {
    if (device.consumesCounters?.length) draw(this.#leftOf(pool), device, subtractQuantities);
  }

  giveBack({ device, pool }: Offer): void {
    if (device.consumesCounters?.length) draw(this.#leftOf(pool), device, addQuantities);
  }

  #leftOf(pool: Pool): Map<string, Map<string, ParsedQuantity>> {
    const known = this.#left.get(pool);
    if (known) return known;
    const left = new Map([...pool.counterSets].map(([name, counters]) => [name, new Map(counters)]));
    // Those count too that other nodes reach.
    for (const offer of pool.offers) if (this.#isTaken(offer)) draw(left, offer.device, subtractQuantities);
    this.#left.set(pool, left);
    return left;
  }
}

function draw(
  left: ReadonlyMap<string, Map<string, ParsedQuantity>>,
  { consumesCounters = [] }: Device,
  change: (a: ParsedQuantity, b: string) => ParsedQuantity,
): void {
  for (const { counterSet, counters } of consumesCounters) {
    const set = left.get(counterSet);
    for (const [name, { value }] of Object.entries(counters)) {
      const now = set?.get(name);
      if (now) set?.set(name, change(now, value));
    }
  }
}
