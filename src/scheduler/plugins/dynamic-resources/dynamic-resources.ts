import type { Pod, PodExtendedResourceClaimStatus } from '../../../api/core/v1.ts';
import { deviceclasses, nodes, resourceclaims, resourceslices } from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import type {
  AllocationResult,
  DeviceClass,
  ResourceClaim,
  ResourceSlice,
} from '../../../api/resource/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { matchesSelector } from '../../../machinery/node-selection.ts';
import { isFullFor, isReservedFor } from '../../../machinery/resource-claims.ts';
import type { NodeInfo } from '../../cache/node-info.ts';
import { type ClusterEvent, type EventInterest, interestIn } from '../../framework/events.ts';
import {
  type Decision,
  type Plugin,
  PluginError,
  type PostFilterResult,
  type PreFilterResult,
  type Refusal,
} from '../../framework/framework.ts';
import type { Handle, Lister } from '../../framework/handle.ts';
import { refusalsOf } from '../../framework/refusals.ts';
import { normalizeByLargest } from '../../score.ts';
import { allocate, type Market, type OpenClaim } from './allocation.ts';
import { hasBindingConditions, isOverdue, readinessOf } from './binding-conditions.ts';
import { ClaimWriter } from './claim-writer.ts';
import { deviceMatcher } from './device-selector.ts';
import {
  classBehind,
  deviceResourcesOf,
  type ExtendedNeed,
  extendedClaimOf,
  extendedNeed,
} from './extended-resources.ts';
import { GivenDevices } from './given-devices.ts';
import { type Claim, claimsOf, keyOfClaim } from './pod-claims.ts';
import { NodeFailure, Patience } from './patience.ts';
import { poolsOf } from './pools.ts';

const name = 'DynamicResources';
const refusalFor = refusalsOf(name);
const elsewhere = refusalFor(['resourceclaim not available on the node'], true);
const notEnough = refusalFor(['cannot allocate all claims'], true);
const stale = refusalFor(['cannot schedule extended resource claim'], true);
const noSource = refusalFor(['cannot fit resource'], true);

/** The first of so many wishes is worth as much, and each further one less (`FirstAvailableDeviceRequestMaxSize`). */
const mostWishes = 8;
/** How often claims are looked at whose devices are not ready yet. */
const lookAgainMs = 5000;

export interface DynamicResourcesArgs {
  /** How long devices have to become ready before a pod is bound; 600 s unless given. */
  bindingTimeoutMs?: number;
}

/** What one claim gets on one node. */
interface Gift {
  uid: string;
  claim?: Claim;
  allocation: AllocationResult;
  /** Where it is the claim for extended resources, which does not exist yet. */
  extended?: ExtendedNeed;
}

/** What is known of one pod's claims. */
interface State {
  /** Those that the pod names. */
  claims: readonly Claim[];
  /** Names of what devices may have to serve, and the claim that was made for it in an attempt that failed. */
  extended?: { resources: readonly string[]; key: string; uid: string; before?: Claim };
  open: readonly Claim[];
  market: Market | undefined;
  /** New allocations by node. */
  gifts: Map<string, readonly Gift[]>;
  /** Claims that have devices which some node does not reach, or which do not become ready. */
  unavailable: Set<Claim>;
  /** What devices are to serve, by the resources that a node does not have itself. */
  needs: Map<string, ExtendedNeed>;
  /** Claims as this attempt has left them, by uid. */
  written: Map<string, Claim>;
  /** The claim for extended resources that this attempt has made. */
  made?: Claim;
}

/** Pods go where the devices of their claims are; claims that have none yet get them with the node. */
export class DynamicResources implements Plugin {
  readonly name = name;
  readonly #handle: Handle;
  readonly #claims: Lister<ResourceClaim>;
  readonly #slices: Lister<ResourceSlice>;
  readonly #classes: Lister<DeviceClass>;
  readonly #classBehind;
  readonly #extendedClaimOf;
  readonly #given: GivenDevices;
  readonly #writer: ClaimWriter;
  readonly #timeoutMs: number;
  readonly #matches = deviceMatcher();

  constructor(handle: Handle, { bindingTimeoutMs = 600_000 }: DynamicResourcesArgs = {}) {
    this.#handle = handle;
    this.#claims = handle.lister(resourceclaims);
    this.#slices = handle.lister(resourceslices);
    this.#classes = handle.lister(deviceclasses);
    this.#classBehind = classBehind(handle);
    this.#extendedClaimOf = extendedClaimOf(handle);
    this.#given = new GivenDevices(this.#claims);
    this.#writer = new ClaimWriter(handle);
    this.#timeoutMs = bindingTimeoutMs;
  }

  readonly events: readonly EventInterest[] = [
    {
      resource: resourceclaims,
      actions: ['Add', 'Update', 'Delete'],
      helps: (pod, event) => this.#claimHelps(pod, event as ClusterEvent<ResourceClaim>),
    },
    interestIn(resourceslices, ['Add', 'Update']),
    interestIn(deviceclasses, ['Add', 'Update']),
    interestIn(nodes, ['Add', 'UpdateLabel', 'UpdateAllocatable']),
  ];

  changeHelps(pod: Stored<Pod>, old: Stored<Pod>): boolean {
    const generated = ({ status }: Pod) => [
      status?.resourceClaimStatuses ?? [],
      status?.extendedResourceClaimStatus,
    ];
    return !deepEqual(generated(pod), generated(old)) && typeof claimsOf(pod, this.#claims) !== 'string';
  }

  preEnqueue(pod: Stored<Pod>): Refusal | undefined {
    const claims = pod.spec.resourceClaims ? claimsOf(pod, this.#claims) : [];
    return typeof claims === 'string' ? refusalFor([claims], true) : undefined;
  }

  preFilter({ pod: info, state }: Decision): PreFilterResult | undefined {
    const { pod } = info;
    const resources = deviceResourcesOf(info);
    const isExtended = resources.some((resource) => this.#classBehind(resource));
    if (!pod.spec.resourceClaims?.length && !isExtended) return { skip: true };
    const claims = claimsOf(pod, this.#claims);
    if (typeof claims === 'string') return { refusal: refusalFor([claims], true) };
    if (claims.length === 0 && !isExtended) return { skip: true };
    const problem = claims.map((claim) => this.#problemOf(claim, pod)).find((text) => text !== undefined);
    if (problem !== undefined) return { refusal: refusalFor([problem], true) };
    const open = claims.filter(({ status }) => !status?.allocation);
    const extended = isExtended ? this.#extendedOf(pod, resources) : undefined;
    const market = open.length > 0 || extended ? this.#market() : undefined;
    const found = { gifts: new Map(), unavailable: new Set<Claim>(), needs: new Map(), written: new Map() };
    state.set(name, { claims, open, extended, market, ...found } satisfies State);
    return undefined;
  }

  filter({ pod: { pod }, state }: Decision, info: NodeInfo): Refusal | undefined {
    const own = state.get<State>(name) as State;
    const { claims, open, extended, market } = own;
    if (extended?.before) return stale;
    const served = extended ? this.#servedByDevices(extended.resources, info) : [];
    if (!served) return noSource;
    const lost = claims.filter((claim) => this.#isLost(claim, info));
    const need = served.length > 0 ? this.#needOf(pod, own, served) : undefined;
    const gifts = market && this.#giftsOn(info, { own, market, need });
    if (gifts === undefined && market) return notEnough;
    if (typeof gifts === 'string') return refusalFor([gifts], true);
    for (const claim of lost) own.unavailable.add(claim);
    if (lost.length > 0) return elsewhere;
    if (gifts && open.length + (need ? 1 : 0) > 0) own.gifts.set(info.name, gifts);
    return undefined;
  }

  postFilter({ pod: { pod }, state }: Decision): PostFilterResult {
    const own = state.get<State>(name);
    if (!own) return { message: 'no new claims to deallocate' };
    const idle = [...own.unavailable].find(({ status }) => {
      const { reservedFor = [] } = status ?? {};
      return reservedFor.every(({ uid }) => uid === pod.metadata.uid) && reservedFor.length < 2;
    });
    if (idle)
      return this.#whenDone('deallocation of ResourceClaim completed', () =>
        this.#writer.deallocate(idle, pod),
      );
    const before = own.extended?.before;
    if (before)
      return this.#whenDone('deletion of ResourceClaim completed', () => this.#writer.delete(before, pod));
    return { message: 'still not schedulable' };
  }

  preScore({ state }: Decision): 'skip' | undefined {
    const { open = [] } = state.get<State>(name) ?? {};
    const isChoosy = open.some(({ spec }) => spec.devices?.requests?.some((r) => r.firstAvailable?.length));
    return isChoosy ? undefined : 'skip';
  }

  /** Devices that are wished for more are better. */
  score({ state }: Decision, { name: nodeName }: NodeInfo): number {
    let score = 0;
    for (const { claim, allocation } of state.get<State>(name)?.gifts.get(nodeName) ?? []) {
      const given = new Set(allocation.devices?.results?.map(({ request }) => request));
      for (const { name: request, firstAvailable = [] } of claim?.spec.devices?.requests ?? []) {
        const chosen = firstAvailable.findIndex((wish) => given.has(`${request}/${wish.name}`));
        if (chosen >= 0) score += mostWishes - chosen;
      }
    }
    return score;
  }

  normalize(_: Decision, scores: number[]): void {
    normalizeByLargest(scores);
  }

  reserve({ state }: Decision, node: string): undefined {
    for (const { uid, allocation } of state.get<State>(name)?.gifts.get(node) ?? [])
      this.#given.give(uid, allocation);
    return undefined;
  }

  async unreserve({ pod: { pod }, state }: Decision, node: string): Promise<void> {
    const own = state.get<State>(name);
    if (!own) return;
    for (const { uid } of own.gifts.get(node) ?? []) this.#given.takeBack(uid);
    if (own.made) this.#given.takeBack(own.made.metadata.uid);
    const used = own.claims.map((claim) => own.written.get(claim.metadata.uid) ?? claim);
    const reserved = used.filter((claim) => claim.status?.allocation && isReservedFor(claim, pod));
    const undone = reserved.map((claim) => this.#writer.release(claim, pod));
    if (own.made) undone.push(this.#writer.delete(own.made, pod));
    for (const result of await Promise.allSettled(undone))
      if (result.status === 'rejected')
        this.#handle.log.error('a claim was not given back', {
          pod: pod.metadata.name,
          error: result.reason,
        });
  }

  actsBeforeBind({ state }: Decision, node: string): boolean {
    const own = state.get<State>(name);
    return own !== undefined && (own.claims.length > 0 || own.gifts.has(node));
  }

  async preBind({ pod: { pod }, state }: Decision, node: string, signal: AbortSignal): Promise<void> {
    const own = state.get<State>(name);
    if (!own) return;
    const gifts = own.gifts.get(node) ?? [];
    for (const claim of own.claims) {
      const gift = gifts.find(({ uid }) => uid === claim.metadata.uid);
      if (isReservedFor(claim, pod)) own.written.set(claim.metadata.uid, claim);
      else await this.#write(own, { claim, pod, allocation: gift?.allocation });
    }
    for (const gift of gifts) if (gift.extended) await this.#makeExtended(own, pod, gift);
    const mustWait = [...own.written.values()].filter((claim) =>
      hasBindingConditions(claim.status?.allocation),
    );
    if (mustWait.length === 0) return;
    const message = `waiting for binding conditions for device on node ${node}`;
    this.#handle.events.record(pod, {
      type: 'Normal',
      reason: 'BindingConditionsPending',
      action: 'Scheduling',
      message,
      reporter: pod.spec.schedulerName,
    });
    await this.#allReady(mustWait, signal);
  }

  /** The claim for extended resources has no name before it is made. */
  #extendedOf(pod: Stored<Pod>, resources: readonly string[]): NonNullable<State['extended']> {
    const key = `${pod.metadata.namespace}/<extended-resources>`;
    return { resources, key, uid: this.#handle.random.uuid(), before: this.#extendedClaimOf(pod) };
  }

  /** Why no node can help with a claim now. */
  #problemOf(claim: Claim, pod: Stored<Pod>): string | undefined {
    if (claim.status?.allocation) return isFullFor(claim, pod) ? 'resourceclaim in use' : undefined;
    if (this.#given.has(claim.metadata.uid))
      return `resource claim ${keyOfClaim(claim)} is in the process of being allocated`;
    for (const { name: request, exactly, firstAvailable = [] } of claim.spec.devices?.requests ?? []) {
      const asked = exactly
        ? [{ request, className: exactly.deviceClassName }]
        : firstAvailable.map((one) => ({
            request: `${request}/${one.name}`,
            className: one.deviceClassName,
          }));
      const missing = asked.find(({ className }) => !this.#classes.get(className));
      if (missing) return `request ${missing.request}: device class ${missing.className} does not exist`;
    }
    return undefined;
  }

  /** Of what devices may serve, what this node does not have itself; undefined where nobody has it. */
  #servedByDevices(resources: readonly string[], { allocatable, node }: NodeInfo): string[] | undefined {
    const served: string[] = [];
    for (const resource of resources) {
      if (allocatable.others.has(resource)) continue;
      if (this.#classBehind(resource)) served.push(resource);
      else if (!Object.hasOwn(node.status?.allocatable ?? {}, resource)) return undefined;
    }
    return served;
  }

  #needOf(pod: Pod, { needs }: State, resources: readonly string[]): ExtendedNeed {
    const key = resources.join();
    const need = needs.get(key) ?? extendedNeed(pod, resources, this.#classBehind);
    needs.set(key, need);
    return need;
  }

  /** Whether a claim's devices are out of reach for a node, or do not become what they should. */
  #isLost(claim: Claim, { node }: NodeInfo): boolean {
    const allocation = claim.status?.allocation;
    if (!allocation) return false;
    if (!matchesSelector(node, allocation.nodeSelector)) return true;
    const readiness = readinessOf(claim);
    return readiness === 'waiting' ? this.#isOverdue(claim) : readiness !== 'ready';
  }

  #isOverdue(claim: Claim): boolean {
    return isOverdue(claim, { nowMs: this.#handle.clock.now(), timeoutMs: this.#timeoutMs });
  }

  /** What the open claims get on a node; undefined where it has not enough, a text where it could not be found out. */
  #giftsOn(
    { node }: NodeInfo,
    { own, market, need }: { own: State; market: Market; need: ExtendedNeed | undefined },
  ): Gift[] | string | undefined {
    const open: OpenClaim[] = own.open.map((claim) => ({
      key: keyOfClaim(claim),
      devices: claim.spec.devices ?? {},
    }));
    if (need) open.push({ key: own.extended?.key ?? '', devices: { requests: need.requests } });
    try {
      const allocations = open.length > 0 ? allocate(open, node, market) : [];
      return allocations?.map((allocation, i): Gift => {
        const claim = own.open[i];
        if (claim) return { uid: claim.metadata.uid, claim, allocation };
        return { uid: own.extended?.uid ?? '', allocation, extended: need };
      });
    } catch (error) {
      if (error instanceof NodeFailure) return error.message;
      const text = error instanceof Error ? error.message : String(error);
      throw new PluginError(`running "${name}" filter plugin: ${text}`);
    }
  }

  /** What is there to be given. */
  #market(): Market {
    return {
      pools: poolsOf(this.#slices.list()),
      ...this.#given.inUse(),
      classes: this.#classes,
      matches: this.#matches,
      patience: new Patience(),
      newShareId: () => this.#handle.random.uuid(),
    };
  }

  #whenDone(message: string, write: () => Promise<void>): PostFilterResult {
    const act = async () => {
      await write();
      return false;
    };
    return { message, act };
  }

  async #write(
    own: State,
    { claim, pod, allocation }: { claim: Claim; pod: Stored<Pod>; allocation: AllocationResult | undefined },
  ): Promise<Claim> {
    const written = await this.#writer.reserve(claim, pod, allocation);
    own.written.set(claim.metadata.uid, written);
    this.#given.written(claim.metadata.uid, written);
    return written;
  }

  async #makeExtended(own: State, pod: Stored<Pod>, { uid, allocation, extended }: Gift): Promise<void> {
    const { requests, mappings } = extended as ExtendedNeed;
    const claim = await this.#writer.makeExtended(pod, requests);
    own.made = claim;
    this.#given.rename(uid, claim.metadata.uid);
    const written = await this.#write(own, { claim, pod, allocation });
    own.made = written;
    const status: PodExtendedResourceClaimStatus = {
      requestMappings: mappings,
      resourceClaimName: claim.metadata.name,
    };
    await this.#writer.noteExtended(pod, status);
  }

  /** Throws where devices fail, or take too long. */
  async #allReady(claims: readonly Claim[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#handle;
    for (const endMs = clock.monotonic() + this.#timeoutMs; ; await clock.sleep(lookAgainMs, signal)) {
      let isReady = true;
      for (const written of claims) {
        const { resourceVersion } = written.metadata;
        const shown = this.#claims.hasReached(resourceVersion)
          ? this.#claims.get(keyOfClaim(written))
          : written;
        if (!shown) throw new Error(`resourceclaim.resource.k8s.io "${written.metadata.name}" not found`);
        const readiness = readinessOf(shown);
        if (typeof readiness === 'object') throw new Error(readiness.failed);
        if (readiness === 'ready') continue;
        if (this.#isOverdue(shown)) throw new Error(`claim ${shown.metadata.name} binding timeout`);
        isReady = false;
      }
      if (isReady) return;
      if (clock.monotonic() >= endMs) throw new Error('device binding timeout');
    }
  }

  /** Whether what happened to a claim may let a pod be placed that was refused. */
  #claimHelps(pod: Stored<Pod>, { action, object, old }: ClusterEvent<ResourceClaim>): boolean {
    const isGivenUp =
      action === 'Delete' ? object.status?.allocation : old?.status?.allocation && !object.status?.allocation;
    if (isGivenUp) return true;
    if (action === 'Delete')
      return object.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid) ?? false;
    const claims = claimsOf(pod, this.#claims);
    if (typeof claims === 'string') return false;
    if (!claims.some(({ metadata }) => metadata.uid === object.metadata.uid)) return false;
    return !old || !deepEqual(old.status, object.status);
  }
}
