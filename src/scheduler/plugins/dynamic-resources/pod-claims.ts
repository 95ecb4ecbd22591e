import type { Pod } from '../../../api/core/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import type { ResourceClaim } from '../../../api/resource/v1.ts';
import { claimNameOf, needsNoClaim } from '../../../machinery/resource-claims.ts';
import type { Lister } from '../../framework/handle.ts';

export type Claim = Stored<ResourceClaim>;

/** The pod's claims, or why it has to wait for them. */
export function claimsOf(pod: Pod, all: Lister<ResourceClaim>): Claim[] | string {
  const found: Claim[] = [];
  const { namespace, name: podName, uid } = pod.metadata;
  for (const entry of pod.spec.resourceClaims ?? []) {
    const claimName = claimNameOf(pod, entry);
    // A template can turn out to need no claim.
    if (needsNoClaim(pod, entry)) continue;
    if (!claimName) return `pod "${namespace}/${podName}": ResourceClaim not created yet`;
    const claim = all.get(`${namespace}/${claimName}`);
    if (!claim) return `resourceclaim.resource.k8s.io "${claimName}" not found`;
    if (claim.metadata.deletionTimestamp) return `resourceclaim "${claimName}" is being deleted`;
    const isOwn = claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid);
    if (entry.resourceClaimTemplateName && !isOwn)
      return `ResourceClaim ${namespace}/${claimName} was not created for pod ${namespace}/${podName} (pod is not owner)`;
    if (!found.includes(claim)) found.push(claim);
  }
  return found;
}

export const keyOfClaim = ({ metadata }: Claim) => `${metadata.namespace}/${metadata.name}`;
