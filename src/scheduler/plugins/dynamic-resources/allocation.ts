import type { Node, NodeSelector } from '../../../api/core/v1.ts';
import type {
  AllocationResult,
  CapacityRequirements,
  DeviceClass,
  DeviceClaim,
  DeviceRequestAllocationResult,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
} from '../../../api/resource/v1.ts';
import { CelCompileError, CelError } from '../../../machinery/cel/errors.ts';
import { isRepelled } from '../../../machinery/tolerations.ts';
import { type Amounts, CapacityBook, shareOf, writeAmounts } from './capacity.ts';
import { concerns, holds } from './constraints.ts';
import type { DeviceMatcher } from './device-selector.ts';
import { NodeFailure, type Patience, timedOut } from './patience.ts';
import { CounterBook, type Offer, type Pool, type View, viewsOf } from './pools.ts';

/** What there is to be given out. */
export interface Market {
  pools: readonly Pool[];
  /** Devices that claims have already, each as a whole. */
  taken: ReadonlySet<string>;
  /** Devices that claims share, and how much of them is taken. */
  shared: ReadonlyMap<string, Amounts>;
  classes: { get(name: string): DeviceClass | undefined };
  matches: DeviceMatcher;
  /** An identity for a share of a device. */
  newShareId(): string;
  patience: Patience;
}

/** A claim that is to get devices. */
export interface OpenClaim {
  /** `namespace/name`. */
  key: string;
  devices: DeviceClaim;
}

/** Something is wrong with a claim or a class: no node can help. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
}

/** One thing a claim asks for, under the name that its result has. */
export interface Want {
  claim: OpenClaim;
  name: string;
  /** The request as a whole, which constraints and configuration may mean too. */
  request: string;
  spec: ExactDeviceRequest | DeviceSubRequest;
  deviceClass: DeviceClass;
  /** Where all of them are wanted. */
  all: readonly Offer[] | undefined;
  count: number;
  /** What was found out of devices that the selectors have been asked about. */
  known: Map<Offer, boolean>;
}

export interface Given {
  want: Want;
  offer: Offer;
  share: Amounts | undefined;
}

const isAdmin = (spec: Want['spec']) => 'adminAccess' in spec && spec.adminAccess === true;
const capacityOf = ({ capacity }: Want['spec']): CapacityRequirements | undefined => capacity;

/** So many devices a claim can have (`AllocationResultsMaxSize`). */
const mostResults = 32;

/** What comes of trying: `too many` where the claim asks for more than it can note, whichever devices it gets. */
type Outcome = 'found' | 'none' | 'too many';

/** Finds devices for all requests of all claims by trying. */
class Search {
  readonly #views: readonly View[];
  readonly #market: Market;
  readonly #counters: CounterBook;
  readonly #capacity: CapacityBook;
  /** The claims for which devices are given in this try. */
  readonly #giving = new Map<string, Set<OpenClaim>>();
  readonly given: Given[] = [];
  #tries = 0;

  constructor(views: readonly View[], market: Market) {
    this.#views = views;
    this.#market = market;
    this.#capacity = new CapacityBook(market.shared);
    this.#counters = new CounterBook(({ id }) => market.taken.has(id) || market.shared.has(id));
  }

  /** For each request the ways to satisfy it, the preferred one first. */
  waysOf(claim: OpenClaim): Want[][] {
    const ways = (claim.devices.requests ?? []).map(({ name, exactly, firstAvailable = [] }) =>
      exactly
        ? [this.#want({ claim, name, request: name, spec: exactly })]
        : firstAvailable.map((spec) =>
            this.#want({ claim, name: `${name}/${spec.name}`, request: name, spec }),
          ),
    );
    const least = ways.reduce((sum, all) => sum + Math.min(...all.map(({ count }) => count)), 0);
    if (least > mostResults)
      throw new AllocationError(
        `claim ${claim.key}: number of requested devices ${least} exceeds the claim limit of ${mostResults}`,
      );
    return ways;
  }

  #want(about: Pick<Want, 'claim' | 'name' | 'request' | 'spec'>): Want {
    const { spec, claim } = about;
    const where = `claim ${claim.key}, request ${nameIn(about)}`;
    const deviceClass = this.#market.classes.get(spec.deviceClassName);
    if (!deviceClass)
      throw new AllocationError(`${where}: could not retrieve device class ${spec.deviceClassName}`);
    const want: Want = { ...about, deviceClass, all: undefined, count: 0, known: new Map() };
    if (spec.allocationMode === 'All') want.all = this.#allFor(want, where);
    want.count = want.all?.length ?? Number(spec.count ?? 1);
    return want;
  }

  #allFor(want: Want, where: string): Offer[] {
    const found: Offer[] = [];
    for (const { pool, offers } of this.#views) {
      const why = pool.isIncomplete ? 'being updated' : pool.isInvalid ? 'invalid' : undefined;
      if (why)
        throw new AllocationError(
          `${where}: asks for all devices, but resource pool ${pool.driver}/${pool.name} is currently ${why}`,
        );
      for (const offer of offers)
        if (this.#isSelected(want, offer) && this.#shareFor(want, offer)) found.push(offer);
    }
    return found;
  }

  /** Satisfies the requests from `index` on. */
  from(ways: readonly Want[][], index: number): Outcome {
    const options = ways[index];
    if (!options) return 'found';
    let outcome: Outcome = 'too many';
    for (const want of options) {
      const tried = this.#satisfy(want, () => this.from(ways, index + 1));
      if (tried === 'found') return 'found';
      if (tried === 'none') outcome = 'none';
    }
    // Each claim has room of its own: with other devices for the claims before it, it may ask for fewer itself.
    const isFirst = ways[index - 1]?.[0]?.claim !== options[0]?.claim;
    return isFirst ? 'none' : outcome;
  }

  #satisfy(want: Want, next: () => Outcome): Outcome {
    // All of none is no answer.
    if (want.count === 0) return 'none';
    if (this.#countOf(want.claim) + want.count > mostResults) return 'too many';
    return want.all
      ? this.#giveAll(want, 0, next)
      : this.#give(want, { left: want.count, start: [0, 0] }, next);
  }

  #countOf(claim: OpenClaim): number {
    return this.given.reduce((count, { want }) => count + (want.claim === claim ? 1 : 0), 0);
  }

  #giveAll(want: Want, index: number, next: () => Outcome): Outcome {
    const offer = want.all?.[index];
    if (!offer) return next();
    const undo = this.#tryToGive(want, offer);
    if (!undo) return 'none';
    const outcome = this.#giveAll(want, index + 1, next);
    if (outcome !== 'found') undo();
    return outcome;
  }

  /** Devices of one request come in the order of the pools: which of two comes first makes no difference. */
  #give(
    want: Want,
    { left, start: [firstView, firstOffer] }: { left: number; start: [number, number] },
    next: () => Outcome,
  ): Outcome {
    if (left === 0) return next();
    for (let v = firstView; v < this.#views.length; v++) {
      const { pool, offers } = this.#views[v] as View;
      if (pool.isIncomplete || pool.isInvalid) continue;
      for (let o = v === firstView ? firstOffer : 0; o < offers.length; o++) {
        const offer = offers[o] as Offer;
        this.#try();
        if (this.#isInUse(want, offer) || !this.#isSelected(want, offer)) continue;
        const undo = this.#tryToGive(want, offer);
        if (!undo) continue;
        const outcome = this.#give(want, { left: left - 1, start: [v, o + 1] }, next);
        if (outcome === 'found') return outcome;
        undo();
        // With another device in its place there would be as many.
        if (outcome === 'too many') return outcome;
      }
    }
    return 'none';
  }

  #try(): void {
    const { patience } = this.#market;
    if (++this.#tries <= patience.tries) return;
    patience.lose();
    throw new NodeFailure(timedOut);
  }

  #isInUse({ spec, claim }: Want, { id }: Offer): boolean {
    const giving = this.#giving.get(id);
    if (isAdmin(spec)) return giving?.has(claim) ?? false;
    return this.#market.taken.has(id) || (giving !== undefined && giving.size > 0);
  }

  #isSelected(want: Want, offer: Offer): boolean {
    let isSelected = want.known.get(offer);
    if (isSelected === undefined) {
      const { deviceClass, spec, claim } = want;
      isSelected =
        this.#satisfies(offer, deviceClass.spec.selectors, `class ${deviceClass.metadata.name}`) &&
        this.#satisfies(offer, spec.selectors, `claim ${claim.key}`);
      want.known.set(offer, isSelected);
    }
    return isSelected;
  }

  #satisfies({ pool, device }: Offer, selectors: readonly DeviceSelector[] = [], whose: string): boolean {
    return selectors.every(({ cel }, i) => {
      const { driver } = pool;
      try {
        return !cel || this.#market.matches(cel.expression, { driver, device }, this.#market.patience);
      } catch (error) {
        const where = `${whose}: selector #${i}`;
        if (error instanceof CelCompileError)
          throw new AllocationError(`${where}: CEL compile error: ${error.failed()}`);
        if (error instanceof CelError)
          throw new AllocationError(`${where}: CEL runtime error: ${error.message}`);
        throw error;
      }
    });
  }

  #shareFor({ spec }: Want, { id, device }: Offer): Amounts | undefined {
    const share = shareOf(device, capacityOf(spec));
    return share && this.#capacity.hasRoomFor(id, device, share) ? share : undefined;
  }

  /** Gives a device to a request where nothing speaks against it; what is returned takes it back. */
  #tryToGive(want: Want, offer: Offer): (() => void) | undefined {
    const { claim, spec } = want;
    const { id, device } = offer;
    if (this.#isInUse(want, offer)) return undefined;
    if (device.taints && isRepelled(device.taints, spec.tolerations)) return undefined;
    const share = this.#shareFor(want, offer);
    if (!share) return undefined;
    const isShared = device.allowMultipleAllocations === true;
    // Who takes a further share of a device draws nothing more than its capacity.
    const mustDraw = !isShared || !this.#capacity.isUsed(id);
    if (mustDraw && !this.#counters.hasRoomFor(offer)) return undefined;
    this.given.push({ want, offer, share: isShared ? share : undefined });
    const ofClaim = this.given.filter((given) => given.want.claim === claim);
    if (!(claim.devices.constraints ?? []).every((constraint) => holds(constraint, ofClaim))) {
      this.given.pop();
      if (!want.all) return undefined;
      const where = `claim ${claim.key}, request ${nameIn(want)}`;
      throw new AllocationError(
        `${where}: cannot add device ${id} because a claim constraint would not be satisfied`,
      );
    }
    if (mustDraw) this.#counters.take(offer);
    const returnShare = isShared ? this.#capacity.take(id, share) : undefined;
    const giving = this.#giving.get(id) ?? new Set();
    if (!isShared) this.#giving.set(id, giving.add(claim));
    return () => {
      giving.delete(claim);
      returnShare?.();
      if (mustDraw) this.#counters.giveBack(offer);
      this.given.pop();
    };
  }
}

/** Upstream's messages name one of several wishes by its own name alone. */
const nameIn = ({ name, request }: Pick<Want, 'name' | 'request'>) =>
  name === request ? name : name.slice(request.length + 1);

function resultOf(
  { want: { name, spec }, offer, share }: Given,
  market: Market,
): DeviceRequestAllocationResult {
  const { pool, device } = offer;
  const { bindingConditions, bindingFailureConditions } = device;
  return {
    request: name,
    driver: pool.driver,
    pool: pool.name,
    device: device.name,
    ...(isAdmin(spec) && { adminAccess: true }),
    ...(spec.tolerations && { tolerations: spec.tolerations }),
    ...(bindingConditions && { bindingConditions, bindingFailureConditions }),
    ...(share && { shareID: market.newShareId() }),
    ...(share && share.size > 0 && { consumedCapacity: writeAmounts(share) }),
  };
}

/** What drivers are told: by the class of each request first, each class once, then by the claim. */
function configOf({ devices }: OpenClaim, given: readonly Given[]) {
  const wants = [...new Set(given.map(({ want }) => want))];
  const fromClasses = [...new Set(wants.map(({ deviceClass }) => deviceClass))].flatMap((deviceClass) => {
    const requests = wants.filter((want) => want.deviceClass === deviceClass).map(({ name }) => name);
    const { config = [] } = deviceClass.spec;
    return config.map((one) => ({ source: 'FromClass', requests, ...one }));
  });
  const fromClaim = (devices.config ?? [])
    .filter((config) => wants.some((want) => concerns(config, want)))
    .map((config) => ({ source: 'FromClaim', ...config }));
  return [...fromClasses, ...fromClaim];
}

/** The nodes from which everything given can be reached. */
function nodesOf(given: readonly Given[], node: Node): NodeSelector | undefined {
  if (given.some(({ offer }) => offer.isLocal)) {
    const onlyHere = { key: 'metadata.name', operator: 'In', values: [node.metadata.name ?? ''] };
    return { nodeSelectorTerms: [{ matchFields: [onlyHere] }] };
  }
  const terms = given.flatMap(({ offer }) => offer.nodes?.nodeSelectorTerms[0] ?? []);
  const matchFields = withoutRepeats(terms.flatMap((term) => term.matchFields ?? []));
  const matchExpressions = withoutRepeats(terms.flatMap((term) => term.matchExpressions ?? []));
  if (matchFields.length + matchExpressions.length === 0) return undefined;
  const term = {
    ...(matchFields.length > 0 && { matchFields }),
    ...(matchExpressions.length > 0 && { matchExpressions }),
  };
  return { nodeSelectorTerms: [term] };
}

function withoutRepeats<T>(requirements: readonly T[]): T[] {
  return [...new Map(requirements.map((one) => [JSON.stringify(one), one])).values()];
}

/**
 * Devices for claims that a node reaches, claim by claim, or undefined where there are not enough. Throws an AllocationError, or a
 * NodeFailure where other nodes may still do.
 */
export function allocate(
  claims: readonly OpenClaim[],
  node: Node,
  market: Market,
): AllocationResult[] | undefined {
  const views = viewsOf(market.pools, node);
  const search = new Search(views, market);
  const ways = claims.flatMap((claim) => search.waysOf(claim));
  if (search.from(ways, 0) !== 'found') {
    if (views.some(({ pool }) => pool.isInvalid && !pool.isIncomplete))
      throw new NodeFailure('invalid resource pools were encountered');
    return undefined;
  }
  return claims.map((claim) => {
    const given = search.given.filter(({ want }) => want.claim === claim);
    const config = configOf(claim, given);
    const results = given.map((one) => resultOf(one, market));
    const nodeSelector = nodesOf(given, node);
    return {
      devices: { results, ...(config.length > 0 && { config }) },
      ...(nodeSelector && { nodeSelector }),
    };
  });
}
