import type { Pod, PodExtendedResourceClaimStatus } from '../../../api/core/v1.ts';
import { pods, resourceclaims } from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import type { AllocationResult, DeviceRequest } from '../../../api/resource/v1.ts';
import { type Cause, causedBy } from '../../../client/transport.ts';
import { claimFinalizer, extendedClaimAnnotation } from '../../../machinery/resource-claims.ts';
import { hasReason, ignoring } from '../../../machinery/status-error.ts';
import { formatTime } from '../../../platform/clock.ts';
import type { Counter, Family } from '../../../platform/metrics/meter.ts';
import type { Handle } from '../../framework/handle.ts';
import { claimCreations } from '../../metrics/definitions.ts';
import { type Claim, keyOfClaim } from './pod-claims.ts';

const merge = 'application/merge-patch+json';
const strategicMerge = 'application/strategic-merge-patch+json';

/** A write that meets others is tried so often. */
const mostTries = 5;

const causeOf = (pod: Stored<Pod>, reason: string): Cause =>
  causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, reason);

/** Writes claims on behalf of the pods that use them. */
export class ClaimWriter {
  readonly #handle: Handle;
  readonly #creations: Family<Counter>;

  constructor(handle: Handle) {
    this.#handle = handle;
    this.#creations = handle.meter.counter(claimCreations);
  }

  get #claims() {
    return this.#handle.client.of(resourceclaims);
  }

  /** Notes what the claim gets, and that the pod uses it, so that it is kept for as long as the pod runs. */
  async reserve(claim: Claim, pod: Stored<Pod>, allocation: AllocationResult | undefined): Promise<Claim> {
    return this.#retrying(claim, async (now) => {
      const key = keyOfClaim(now);
      if (now.metadata.deletionTimestamp) throw new Error(`claim ${key} got deleted in the meantime`);
      if (allocation && now.status?.allocation)
        throw new Error(`claim ${key} got allocated elsewhere in the meantime`);
      const cause = causeOf(pod, 'the pod uses this claim');
      const kept = allocation ? await this.#protect(now, cause) : now;
      const user = { resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid };
      const reservedFor = [...(now.status?.reservedFor ?? []), user];
      const allocationTimestamp = formatTime(this.#handle.clock.now());
      const given = allocation && { allocation: { ...allocation, allocationTimestamp } };
      return this.#patchStatus(kept, { reservedFor, ...given }, cause);
    });
  }

  /** Makes the claim for a pod's extended resources. */
  async makeExtended(pod: Stored<Pod>, requests: readonly DeviceRequest[]): Promise<Claim> {
    try {
      const claim = await this.#createExtended(pod, requests);
      this.#creations.with('success').add();
      return claim;
    } catch (error) {
      this.#creations.with('failure').add();
      throw error;
    }
  }

  #createExtended(pod: Stored<Pod>, requests: readonly DeviceRequest[]): Promise<Claim> {
    const { name, namespace, uid } = pod.metadata;
    return this.#claims.create(
      {
        apiVersion: 'resource.k8s.io/v1',
        kind: 'ResourceClaim',
        metadata: {
          generateName: `${name}-extended-resources-`,
          namespace,
          annotations: { [extendedClaimAnnotation]: 'true' },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
          finalizers: [claimFinalizer],
        },
        spec: { devices: { requests: [...requests] } },
      },
      { cause: causeOf(pod, 'devices serve its extended resources') },
    );
  }

  /** Tells the kubelet which request of which claim serves which container. */
  async noteExtended(pod: Stored<Pod>, status: PodExtendedResourceClaimStatus): Promise<void> {
    const cause = causeOf(pod, 'devices serve its extended resources');
    const patch = { status: { extendedResourceClaimStatus: status } };
    await this.#handle.client
      .of(pods)
      .patch(pod.metadata, patch, { type: strategicMerge, subresource: 'status', cause });
  }

  /** Takes a pod that is not bound after all off the users of a claim. */
  async release({ metadata }: Claim, pod: Stored<Pod>): Promise<void> {
    const reservedFor = [{ $patch: 'delete', uid: pod.metadata.uid }];
    const cause = causeOf(pod, 'the pod is not bound after all');
    await this.#claims.patch(
      metadata,
      { metadata: { uid: metadata.uid }, status: { reservedFor } },
      { type: strategicMerge, subresource: 'status', cause },
    );
  }

  /** Takes its devices from a claim that nobody else uses. */
  async deallocate(claim: Claim, pod: Stored<Pod>): Promise<void> {
    const cause = causeOf(pod, 'the pod cannot be placed where the devices of its claim are');
    await this.#patchStatus(claim, { reservedFor: null, allocation: null, devices: null }, cause);
  }

  async delete(claim: Claim, pod: Stored<Pod>): Promise<void> {
    const cause = causeOf(pod, 'the pod was not bound with the devices of this claim');
    await this.#retrying(claim, (now) => {
      const { resourceVersion, finalizers = [] } = now.metadata;
      const rest = finalizers.filter((name) => name !== claimFinalizer);
      return this.#claims.patch(
        now.metadata,
        { metadata: { resourceVersion, finalizers: rest } },
        { type: merge, cause },
      );
    }).catch(ignoring('NotFound'));
    const { uid } = claim.metadata;
    await this.#claims.delete(claim.metadata, { cause, preconditions: { uid } }).catch(ignoring('NotFound'));
  }

  async #protect(claim: Claim, cause: Cause): Promise<Claim> {
    const { resourceVersion, finalizers = [] } = claim.metadata;
    if (finalizers.includes(claimFinalizer)) return claim;
    const metadata = { resourceVersion, finalizers: [...finalizers, claimFinalizer] };
    return this.#claims.patch(claim.metadata, { metadata }, { type: merge, cause });
  }

  #patchStatus(claim: Claim, status: object, cause: Cause): Promise<Claim> {
    const patch = { metadata: { resourceVersion: claim.metadata.resourceVersion }, status };
    return this.#claims.patch(claim.metadata, patch, { type: merge, subresource: 'status', cause });
  }

  /** What others write into a claim meanwhile does no harm. */
  async #retrying(claim: Claim, write: (claim: Claim) => Promise<Claim>): Promise<Claim> {
    for (let now = claim, tries = 1; ; tries++) {
      try {
        return await write(now);
      } catch (error) {
        if (tries >= mostTries || !hasReason(error, 'Conflict')) throw error;
        now = await this.#claims.get(claim.metadata);
      }
    }
  }
}
