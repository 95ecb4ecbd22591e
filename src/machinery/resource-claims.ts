import type { Pod, PodResourceClaim } from '../api/core/v1.ts';
import type { Stored } from '../api/resource.ts';
import type { ResourceClaim } from '../api/resource/v1.ts';

/** So many pods may share a claim (`resource.k8s.io` ResourceClaimReservedForMaxSize). */
const mostUsers = 256;
/** Keeps a claim while devices are allocated to it. */
export const claimFinalizer = 'resource.kubernetes.io/delete-protection';

/** The name of the claim behind an entry of a pod; undefined where it is not made yet, or was found not to be needed. */
export function claimNameOf(pod: Pod, entry: PodResourceClaim): string | undefined {
  if (entry.resourceClaimName) return entry.resourceClaimName;
  return pod.status?.resourceClaimStatuses?.find(({ name }) => name === entry.name)?.resourceClaimName;
}

/** Whether an entry of a pod was found to need no claim. */
export function needsNoClaim(pod: Pod, entry: PodResourceClaim): boolean {
  const status = pod.status?.resourceClaimStatuses?.find(({ name }) => name === entry.name);
  return !entry.resourceClaimName && status !== undefined && !status.resourceClaimName;
}

/** Whether the pod is noted as a user of the claim. */
export const isReservedFor = ({ status }: ResourceClaim, { metadata }: Stored<Pod>): boolean =>
  status?.reservedFor?.some(({ uid }) => uid === metadata.uid) ?? false;

/** Whether a claim has as many users as it may have, and the pod is not one of them. */
export const isFullFor = (claim: ResourceClaim, pod: Stored<Pod>): boolean =>
  !isReservedFor(claim, pod) && (claim.status?.reservedFor?.length ?? 0) >= mostUsers;
