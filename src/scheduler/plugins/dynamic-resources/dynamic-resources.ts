import type { Pod } from '../../../api/core/v1.ts';
import { deviceclasses, nodes, resourceclaims, resourceslices } from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import type {
  AllocationResult,
  DeviceClass,
  ResourceClaim,
  ResourceSlice,
} from '../../../api/resource/v1.ts';
import { causedBy } from '../../../client/transport.ts';
import {
  claimFinalizer,
  claimNameOf,
  isFullFor,
  isReservedFor,
  needsNoClaim,
} from '../../../machinery/resource-claims.ts';
import { formatTime } from '../../../platform/clock.ts';
import type { NodeInfo } from '../../cache/node-info.ts';
import { interestIn } from '../../framework/events.ts';
import type {
  Decision,
  Plugin,
  PostFilterResult,
  PreFilterResult,
  Refusal,
} from '../../framework/framework.ts';
import type { Handle, Lister } from '../../framework/handle.ts';
import { refusalsOf } from '../../framework/refusals.ts';
import { matchesSelector } from '../../../machinery/node-selection.ts';
import { allocate, deviceId, type Market, offersOf } from './allocation.ts';
import { deviceMatcher } from './device-selector.ts';

const name = 'DynamicResources';
const refusalFor = refusalsOf(name);
const elsewhere = refusalFor(['resourceclaim not available on the node'], true);
const notEnough = refusalFor(['cannot allocate all claims'], true);
const merge = 'application/merge-patch+json';

type Claim = Stored<ResourceClaim>;

/** The pod's claims, or why it has to wait for them. */
function claimsOf(pod: Pod, all: Lister<ResourceClaim>): Claim[] | string {
  const found: Claim[] = [];
  for (const entry of pod.spec.resourceClaims ?? []) {
    const claimName = claimNameOf(pod, entry);
    // A template can turn out to need no claim.
    if (needsNoClaim(pod, entry)) continue;
    if (!claimName)
      return `pod "${pod.metadata.namespace}/${pod.metadata.name}": ResourceClaim not created yet`;
    const claim = all.get(`${pod.metadata.namespace}/${claimName}`);
    if (!claim) return `resourceclaim.resource.k8s.io "${claimName}" not found`;
    if (claim.metadata.deletionTimestamp) return `resourceclaim "${claimName}" is being deleted`;
    found.push(claim);
  }
  return found;
}

type Allocations = ReadonlyMap<string, AllocationResult>;

/** What is known of one pod's claims. */
interface State {
  claims: readonly Claim[];
  market: Market;
  /** New allocations by node, then by the claim's uid. */
  byNode: Map<string, Allocations>;
}

/** Pods go where the devices of their claims are; claims that have none yet get them with the node. */
export class DynamicResources implements Plugin {
  readonly name = name;
  readonly #handle: Handle;
  readonly #claims: Lister<ResourceClaim>;
  readonly #slices: Lister<ResourceSlice>;
  readonly #classes: Lister<DeviceClass>;
  readonly #matches = deviceMatcher();
  /** Given to claims, but not shown by the API yet; by the claim's uid. */
  readonly #given = new Map<string, AllocationResult>();

  constructor(handle: Handle) {
    this.#handle = handle;
    this.#claims = handle.lister(resourceclaims);
    this.#slices = handle.lister(resourceslices);
    this.#classes = handle.lister(deviceclasses);
  }

  readonly events = [
    // A claim of somebody else that is given up may free a device.
    interestIn(resourceclaims, ['Add', 'Update', 'Delete']),
    interestIn(resourceslices, ['Add', 'Update']),
    interestIn(deviceclasses, ['Add', 'Update']),
    interestIn(nodes, ['Add', 'UpdateLabel']),
  ];

  preEnqueue(pod: Stored<Pod>): Refusal | undefined {
    const claims = pod.spec.resourceClaims ? claimsOf(pod, this.#claims) : [];
    return typeof claims === 'string' ? refusalFor([claims], true) : undefined;
  }

  preFilter({ pod: { pod }, state }: Decision): PreFilterResult | undefined {
    if (!pod.spec.resourceClaims?.length) return { skip: true };
    const claims = claimsOf(pod, this.#claims);
    if (typeof claims === 'string') return { refusal: refusalFor([claims], true) };
    if (claims.length === 0) return { skip: true };
    const isBusy = claims.some((claim) => this.#given.has(claim.metadata.uid));
    if (isBusy) return { refusal: refusalFor(['resourceclaim allocation is in progress'], true) };
    if (claims.some((claim) => isFullFor(claim, pod)))
      return { refusal: refusalFor(['resourceclaim in use'], true) };
    state.set(name, { claims, market: this.#market(claims), byNode: new Map() } satisfies State);
    return undefined;
  }

  filter({ state }: Decision, { node, name: nodeName }: NodeInfo): Refusal | undefined {
    const { claims, market, byNode } = state.get<State>(name) as State;
    const taken = new Set(market.taken);
    const found = new Map<string, AllocationResult>();
    for (const { status, spec, metadata } of claims) {
      if (status?.allocation) {
        if (!matchesSelector(node, status.allocation.nodeSelector)) return elsewhere;
        continue;
      }
      const allocation = this.#tryToAllocate(spec.devices ?? {}, node, { ...market, taken });
      if (!allocation || typeof allocation === 'string')
        return allocation ? refusalFor([allocation], true) : notEnough;
      for (const id of devicesOf(allocation)) taken.add(id);
      found.set(metadata.uid, allocation);
    }
    byNode.set(nodeName, found);
    return undefined;
  }

  postFilter({ state }: Decision): PostFilterResult {
    return { message: state.get(name) ? 'still not schedulable' : 'no new claims to deallocate' };
  }

  reserve({ state }: Decision, node: string): undefined {
    for (const [uid, allocation] of state.get<State>(name)?.byNode.get(node) ?? [])
      this.#given.set(uid, allocation);
    return undefined;
  }

  unreserve({ state }: Decision, node: string): void {
    for (const [uid] of state.get<State>(name)?.byNode.get(node) ?? []) this.#given.delete(uid);
  }

  async preBind({ pod: { pod }, state }: Decision, node: string): Promise<void> {
    const { claims = [], byNode } = state.get<State>(name) ?? {};
    for (const claim of claims) {
      const allocation = byNode?.get(node)?.get(claim.metadata.uid);
      if (allocation || !isReservedFor(claim, pod)) await this.#write(claim, pod, allocation);
    }
  }

  postBind(decision: Decision, node: string): void {
    this.unreserve(decision, node);
  }

  #tryToAllocate(...given: Parameters<typeof allocate>): AllocationResult | string | undefined {
    try {
      return allocate(...given);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** What is there to be given; nothing has to be looked at where all claims have theirs. */
  #market(claims: readonly Claim[]): Market {
    const isOpen = claims.some(({ status }) => !status?.allocation);
    const taken = new Set<string>();
    const note = (allocation: AllocationResult | undefined) => {
      for (const id of devicesOf(allocation)) taken.add(id);
    };
    if (isOpen) for (const { status } of this.#claims.list()) note(status?.allocation);
    for (const allocation of this.#given.values()) note(allocation);
    const offers = isOpen ? offersOf(this.#slices.list()) : [];
    return { offers, taken, classes: this.#classes, matches: this.#matches };
  }

  /** Notes what the claim gets, and that the pod uses it, so that it is kept for as long as the pod runs. */
  async #write(claim: Claim, pod: Stored<Pod>, allocation: AllocationResult | undefined): Promise<void> {
    const api = this.#handle.client.of(resourceclaims);
    const cause = causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, 'the pod uses this claim');
    let { resourceVersion } = claim.metadata;
    const { finalizers = [] } = claim.metadata;
    if (allocation && !finalizers.includes(claimFinalizer)) {
      const metadata = { resourceVersion, finalizers: [...finalizers, claimFinalizer] };
      const kept = await api.patch(claim.metadata, { metadata }, { type: merge, cause });
      resourceVersion = kept.metadata.resourceVersion;
    }
    const user = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid };
    const reservedFor = [...(claim.status?.reservedFor ?? []), user];
    const allocationTimestamp = formatTime(this.#handle.clock.now());
    const given = allocation && { allocation: { ...allocation, allocationTimestamp } };
    const patch = { metadata: { resourceVersion }, status: { reservedFor, ...given } };
    await api.patch(claim.metadata, patch, { type: merge, subresource: 'status', cause });
  }
}

/** Devices that nobody else can have now; those for administrators take nothing away. */
function devicesOf(allocation: AllocationResult | undefined): string[] {
  const results = (allocation?.devices?.results ?? []).filter(({ adminAccess }) => !adminAccess);
  return results.map(({ driver, pool, device }) => deviceId(driver, pool, device));
}
