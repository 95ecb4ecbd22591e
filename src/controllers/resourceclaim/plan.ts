import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { ResourceClaim, ResourceClaimConsumerReference } from '../../api/resource/v1.ts';
import { claimFinalizer, isFullFor, isReservedFor } from '../../machinery/resource-claims.ts';
import { isFinished } from '../shared/pods.ts';

export type Claim = Stored<ResourceClaim>;

/** On a claim made from a template: the name of the pod's claim that it is for. */
export const podClaimAnnotation = 'resource.kubernetes.io/pod-claim-name';

/** None of its containers runs or ever will. */
export const isDone = (pod: Pod): boolean =>
  isFinished(pod) || (pod.metadata.deletionTimestamp !== undefined && !pod.spec.nodeName);

/** Whether a pod that was given its node by somebody else still has to be noted as a user of the claim. */
export function mustReserve(claim: Claim, pod: Stored<Pod>): boolean {
  const isPlaced = Boolean(pod.spec.nodeName && claim.status?.allocation);
  return isPlaced && !isReservedFor(claim, pod) && !isFullFor(claim, pod);
}

/** The longest generated name without its random end. */
const longestBase = 57;

/** What the API server completes to the name of a claim: where both names are too long, each gives up its share. */
export function generateNameOf(podName: string, entryName: string): string {
  const whole = `${podName}-${entryName}-`;
  if (whole.length <= longestBase) return whole;
  const cut = (name: string) => name.slice(0, Math.floor((name.length * longestBase) / whole.length));
  return `${cut(podName)}-${cut(entryName)}`;
}

/** What is to become of a claim of which `valid` are the users that are still there. */
export interface ClaimPlan {
  /** The users to be noted; undefined where those that are noted are all there. */
  reservedFor?: readonly ResourceClaimConsumerReference[];
  /** Its devices are free for others. */
  deallocate: boolean;
  /** Nothing holds the claim any more. */
  release: boolean;
  /** It was made for a pod that will not run again. */
  remove: boolean;
}

/**
 * Plans for a claim. It is deallocated when its last user goes, so that the next one is not bound to the node of the last; a claim that
 * nobody has used yet keeps what a driver has given it.
 */
export function planClaim(
  claim: Claim,
  valid: readonly ResourceClaimConsumerReference[],
  owner: { isDone: boolean } | undefined,
): ClaimPlan {
  const { status, metadata } = claim;
  const isUsed = valid.length > 0;
  const lostUsers = valid.length < (status?.reservedFor?.length ?? 0);
  const isHeld = metadata.finalizers?.includes(claimFinalizer) ?? false;
  const isEnding = !isUsed && isHeld && (lostUsers || metadata.deletionTimestamp !== undefined);
  return {
    ...(lostUsers && { reservedFor: valid }),
    deallocate: isEnding && status?.allocation !== undefined,
    release: isEnding || (lostUsers && isHeld && status?.allocation === undefined),
    remove: !isUsed && owner?.isDone === true && metadata.deletionTimestamp === undefined,
  };
}
