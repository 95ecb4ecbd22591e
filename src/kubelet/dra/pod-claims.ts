import type { Container, Pod, PodResourceClaim } from '../../api/core/v1.ts';
import type { ResourceClaim } from '../../api/resource/v1.ts';
import type { Stored } from '../../api/resource.ts';
import {
  claimNameOf,
  isDeviceResource,
  isReservedFor,
  needsNoClaim,
} from '../../machinery/resource-claims.ts';
import { parseQuantity, quantityValue } from '../../machinery/quantity.ts';

/*
 * Which claims a pod and its containers use, and what has to be so before they can. Texts of errors are upstream's.
 */

/** A claim that a pod uses, by its name. */
export interface UsedClaim {
  name: string;
  /** It was made of a template, for this pod alone. */
  isOwn: boolean;
}

/** The claims of a pod, that for its extended resources too. Throws where one is still to be made. */
export function claimsOf(pod: Pod): UsedClaim[] {
  const named = (pod.spec.resourceClaims ?? []).flatMap((entry) => {
    const name = nameOf(pod, entry);
    return name === undefined ? [] : [{ name, isOwn: !entry.resourceClaimName }];
  });
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  return extended ? [...named, { name: extended, isOwn: false }] : named;
}

/** Undefined where none is needed. */
function nameOf(pod: Pod, entry: PodResourceClaim): string | undefined {
  const name = claimNameOf(pod, entry);
  if (name !== undefined || needsNoClaim(pod, entry)) return name;
  const { namespace, name: podName } = pod.metadata;
  if (!entry.resourceClaimTemplateName)
    throw new Error(
      `pod "${namespace}/${podName}", spec.resourceClaim ${JSON.stringify(entry.name)}: none of the supported fields are set`,
    );
  throw new Error(`pod "${namespace}/${podName}": ResourceClaim not created yet`);
}

/** The drivers of a claim that a pod may use. Throws where it may not, or where nothing is allocated to it. */
export function driversFor(pod: Pod, { isOwn }: UsedClaim, claim: Stored<ResourceClaim>): string[] {
  const { namespace, name, uid, ownerReferences = [] } = claim.metadata;
  const owner = ownerReferences.find(({ controller }) => controller);
  if (isOwn && owner?.uid !== pod.metadata.uid)
    throw new Error(
      `ResourceClaim ${namespace}/${name} was not created for Pod ${pod.metadata.namespace}/${pod.metadata.name} (Pod is not owner)`,
    );
  if (!isReservedFor(claim, pod as Stored<Pod>))
    throw new Error(
      `pod ${pod.metadata.name} (${pod.metadata.uid}) is not allowed to use ResourceClaim ${name} (${uid})`,
    );
  const { allocation } = claim.status ?? {};
  if (!allocation) throw new Error(`ResourceClaim ${name}: not allocated`);
  return [...new Set((allocation.devices?.results ?? []).map(({ driver }) => driver))];
}

/** A request of a claim that a container uses; all requests of it where none is named. */
export interface UsedRequest {
  claim: string;
  request?: string | undefined;
  /** The entry of the pod that stands behind it; none for extended resources. */
  entry?: string;
}

/** What a container uses by the claims that it names, as far as these are made. */
export function requestsOf(pod: Pod, { resources }: Container): UsedRequest[] {
  return (pod.spec.resourceClaims ?? []).flatMap((entry) => {
    const asked = (resources?.claims ?? []).filter(({ name }) => name === entry.name);
    const claim = asked.length > 0 ? claimNameOf(pod, entry) : undefined;
    if (claim === undefined) return [];
    return asked.map(({ request }) => ({ claim, request, entry: entry.name }));
  });
}

/** What a container uses of the claim that the scheduler has made for the pod's extended resources. */
export function extendedRequestsOf({ status }: Pod, { name, resources }: Container): UsedRequest[] {
  const { resourceClaimName: claim, requestMappings } = status?.extendedResourceClaimStatus ?? {};
  if (!claim) return [];
  const asksFor = (resource: string) => {
    const amount = resources?.requests?.[resource];
    return (
      amount !== undefined && isDeviceResource(resource) && quantityValue(parseQuantity(String(amount))) > 0
    );
  };
  return (requestMappings ?? [])
    .filter(({ containerName, resourceName }) => containerName === name && asksFor(resourceName))
    .map(({ requestName }) => ({ claim, request: requestName }));
}
