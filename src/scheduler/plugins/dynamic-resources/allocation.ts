import type { Node, NodeSelector } from '../../../api/core/v1.ts';
import type {
  AllocationResult,
  Device,
  DeviceClaim,
  DeviceClass,
  DeviceConstraint,
  DeviceRequestAllocationResult,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceSlice,
} from '../../../api/resource/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { matchesSelector } from '../../../machinery/node-selection.ts';
import { isRepelled } from '../../../machinery/tolerations.ts';
import type { DeviceMatcher } from './device-selector.ts';

/** A device with where it comes from. */
export interface Offer {
  /** Driver, pool and name: no other device has the same. */
  readonly id: string;
  readonly driver: string;
  readonly pool: string;
  readonly device: Device;
  /** The nodes that reach it; undefined for all. */
  readonly nodes: NodeSelector | undefined;
}

export const deviceId = (driver: string, pool: string, device: string) => `${driver}/${pool}/${device}`;

const onNode = (name: string): NodeSelector => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
});

/** Pools change generation by generation; one that is not all there yet is left alone. */
function currentSlices(slices: readonly ResourceSlice[]): ResourceSlice[] {
  const pools = new Map<string, ResourceSlice[]>();
  for (const slice of slices) {
    const { driver, pool } = slice.spec;
    const key = `${driver}/${pool.name}`;
    const known = pools.get(key) ?? [];
    const newest = Number(known[0]?.spec.pool.generation ?? -1);
    if (Number(pool.generation) > newest) pools.set(key, [slice]);
    else if (Number(pool.generation) === newest) known.push(slice);
  }
  const isWhole = (all: ResourceSlice[]) => all.length === Number(all[0]?.spec.pool.resourceSliceCount);
  return [...pools.values()].filter(isWhole).flat();
}

interface Reach {
  nodeName?: string;
  nodeSelector?: NodeSelector;
  allNodes?: boolean;
}

/** Undefined where nothing says which nodes reach it. */
function reachOf({
  nodeName,
  nodeSelector,
  allNodes,
}: Reach): { nodes: NodeSelector | undefined } | undefined {
  if (nodeName) return { nodes: onNode(nodeName) };
  if (nodeSelector) return { nodes: nodeSelector };
  return allNodes ? { nodes: undefined } : undefined;
}

/** Devices that are shared or cut into parts need more bookkeeping than there is here. */
const isPlain = ({ consumesCounters, allowMultipleAllocations }: Device) =>
  !consumesCounters?.length && !allowMultipleAllocations;

/** All devices that drivers offer. */
export function offersOf(slices: readonly ResourceSlice[]): Offer[] {
  return currentSlices(slices).flatMap(({ spec }) =>
    (spec.devices ?? []).filter(isPlain).flatMap((device): Offer[] => {
      const reach = reachOf(spec.perDeviceNodeSelection ? device : spec);
      const { driver } = spec;
      const pool = spec.pool.name;
      return reach ? [{ id: deviceId(driver, pool, device.name), driver, pool, device, ...reach }] : [];
    }),
  );
}

export interface Market {
  offers: readonly Offer[];
  /** Devices that claims have already. */
  taken: ReadonlySet<string>;
  classes: { get(name: string): DeviceClass | undefined };
  matches: DeviceMatcher;
}

/** One thing a claim asks for, under the name that its result has. */
interface Want {
  name: string;
  /** The request as a whole, which constraints and configuration may mean too. */
  request: string;
  spec: ExactDeviceRequest | DeviceSubRequest;
  offers: readonly Offer[];
  count: number;
}

interface Given {
  want: Want;
  offer: Offer;
}

const isAdmin = (spec: Want['spec']) => 'adminAccess' in spec && spec.adminAccess === true;

function suits(
  offer: Offer,
  spec: Want['spec'],
  selectors: readonly DeviceSelector[],
  { matches }: Market,
): boolean {
  const { taints } = offer.device;
  if (taints && isRepelled(taints, spec.tolerations)) return false;
  return selectors.every(({ cel }) => !cel || matches(cel.expression, offer.driver, offer.device));
}

function wantOf(
  { name, request, spec }: Pick<Want, 'name' | 'request' | 'spec'>,
  reachable: readonly Offer[],
  market: Market,
): Want | undefined {
  const deviceClass = market.classes.get(spec.deviceClassName);
  if (!deviceClass) return undefined;
  const selectors = [...(deviceClass.spec.selectors ?? []), ...(spec.selectors ?? [])];
  const offers = reachable.filter((offer) => suits(offer, spec, selectors, market));
  const count = spec.allocationMode === 'All' ? offers.length : Number(spec.count ?? 1);
  // All of none is no answer.
  return count === 0 || offers.length < count ? undefined : { name, request, spec, offers, count };
}

/** For each request the ways to satisfy it, the preferred one first. */
function waysOf(claim: DeviceClaim, reachable: readonly Offer[], market: Market): Want[][] {
  return (claim.requests ?? []).map(({ name, exactly, firstAvailable = [] }) => {
    const ways = exactly
      ? [{ name, request: name, spec: exactly }]
      : firstAvailable.map((spec) => ({ name: `${name}/${spec.name}`, request: name, spec }));
    return ways.flatMap((way) => wantOf(way, reachable, market) ?? []);
  });
}

function attributeOf({ device, driver }: Offer, name: string) {
  const short = name.startsWith(`${driver}/`) ? name.slice(driver.length + 1) : undefined;
  return device.attributes?.[name] ?? (short === undefined ? undefined : device.attributes?.[short]);
}

function concerns({ requests = [] }: { requests?: string[] }, { name, request }: Want): boolean {
  return requests.length === 0 || requests.includes(name) || requests.includes(request);
}

/** Whether the devices given so far agree, or differ, in what a constraint names. */
function holds(constraint: DeviceConstraint, given: readonly Given[]): boolean {
  const { matchAttribute, distinctAttribute } = constraint;
  const name = matchAttribute ?? distinctAttribute;
  if (!name) return true;
  const values = given
    .filter(({ want }) => concerns(constraint, want))
    .map(({ offer }) => attributeOf(offer, name));
  if (values.some((value) => value === undefined)) return false;
  if (matchAttribute) return values.every((value) => deepEqual(value, values[0]));
  return values.every((value, i) => values.findIndex((other) => deepEqual(other, value)) === i);
}

/** More tries than these mean that there is no end to it. */
const mostTries = 20_000;

/** Finds devices for all requests of one claim by trying; what is taken cannot be given again. */
class Search {
  readonly #constraints: readonly DeviceConstraint[];
  readonly #taken: Set<string>;
  readonly given: Given[] = [];
  #tries = 0;

  constructor(constraints: readonly DeviceConstraint[], taken: ReadonlySet<string>) {
    this.#constraints = constraints;
    this.#taken = new Set(taken);
  }

  /** Whether the requests from `index` on can be satisfied. */
  from(ways: readonly Want[][], index: number): boolean {
    const options = ways[index];
    if (!options) return true;
    return options.some((want) =>
      this.#give(want, { left: want.count, first: 0 }, () => this.from(ways, index + 1)),
    );
  }

  #give(want: Want, { left, first }: { left: number; first: number }, next: () => boolean): boolean {
    if (left === 0) return next();
    for (let i = first; i + left <= want.offers.length; i++) {
      if (++this.#tries > mostTries) return false;
      const offer = want.offers[i] as Offer;
      const isFree = isAdmin(want.spec) || !this.#taken.has(offer.id);
      if (!isFree) continue;
      this.given.push({ want, offer });
      this.#taken.add(offer.id);
      const isRight = this.#constraints.every((constraint) => holds(constraint, this.given));
      if (isRight && this.#give(want, { left: left - 1, first: i + 1 }, next)) return true;
      this.given.pop();
      if (!isAdmin(want.spec)) this.#taken.delete(offer.id);
    }
    return false;
  }
}

function resultOf({ want: { name, spec }, offer }: Given): DeviceRequestAllocationResult {
  const { driver, pool, device } = offer;
  const { bindingConditions, bindingFailureConditions } = device;
  return {
    request: name,
    driver,
    pool,
    device: device.name,
    ...(isAdmin(spec) && { adminAccess: true }),
    ...(spec.tolerations && { tolerations: spec.tolerations }),
    ...(bindingConditions && { bindingConditions, bindingFailureConditions }),
  };
}

/** What drivers are told: by the class of each request first, then by the claim. */
function configOf(claim: DeviceClaim, given: readonly Given[], { classes }: Market) {
  const wants = [...new Set(given.map(({ want }) => want))];
  const fromClasses = wants.flatMap(({ name, spec }) =>
    (classes.get(spec.deviceClassName)?.spec.config ?? []).map((config) => ({
      source: 'FromClass',
      requests: [name],
      ...config,
    })),
  );
  const fromClaim = (claim.config ?? [])
    .filter((config) => wants.some((want) => concerns(config, want)))
    .map((config) => ({ source: 'FromClaim', ...config }));
  return [...fromClasses, ...fromClaim];
}

/** The nodes from which everything given can be reached. */
function nodesOf(given: readonly Given[], node: Node): NodeSelector | undefined {
  const bound = given.map(({ offer }) => offer.nodes).filter((nodes) => nodes !== undefined);
  const [first] = bound;
  if (!first) return undefined;
  return bound.every((nodes) => deepEqual(nodes, first)) ? first : onNode(node.metadata.name ?? '');
}

/** Devices for a claim that a node reaches, or undefined where there are not enough. */
export function allocate(claim: DeviceClaim, node: Node, market: Market): AllocationResult | undefined {
  const reachable = market.offers.filter(({ nodes }) => matchesSelector(node, nodes));
  const ways = waysOf(claim, reachable, market);
  if (ways.some((options) => options.length === 0)) return undefined;
  const search = new Search(claim.constraints ?? [], market.taken);
  if (!search.from(ways, 0)) return undefined;
  const { given } = search;
  const config = configOf(claim, given, market);
  const nodeSelector = nodesOf(given, node);
  const devices = { results: given.map(resultOf), ...(config.length > 0 && { config }) };
  return { devices, ...(nodeSelector && { nodeSelector }) };
}
