import type { Pod, PodResourceClaim, PodResourceClaimStatus } from '../api/core/v1.ts';
import type { Stored } from '../api/resource.ts';
import type { DeviceClass, ResourceClaim } from '../api/resource/v1.ts';
import { qualifiedNameErrors } from './names.ts';

/** So many pods may share a claim (`resource.k8s.io` ResourceClaimReservedForMaxSize). */
const mostUsers = 256;
/** Keeps a claim while devices are allocated to it. */
export const claimFinalizer = 'resource.kubernetes.io/delete-protection';

/** On a claim that the scheduler has made for the extended resources of a pod; `true`. */
export const extendedClaimAnnotation = 'resource.kubernetes.io/extended-resource-claim';
/** Every device class can be asked for as a resource of this name and its own. */
export const classResourcePrefix = 'deviceclass.resource.kubernetes.io/';

/** A resource that devices or administrators add to nodes, such as `example.com/gpu`. */
export function isExtendedResource(name: string): boolean {
  return name.includes('/') && !name.includes('kubernetes.io/') && !name.startsWith('requests.');
}

/** Whether it is the name of such a resource that the API takes: quotas have it with `requests.` before it. */
export const isExtendedResourceName = (name: string): boolean =>
  isExtendedResource(name) && qualifiedNameErrors(`requests.${name}`).length === 0;

/** Whether a device class may stand behind a resource. */
export const isDeviceResource = (name: string): boolean =>
  name.startsWith(classResourcePrefix) || isExtendedResource(name);

/** The names by which pods can ask for devices of a class. */
export const resourcesOfClass = ({ metadata, spec }: DeviceClass): string[] => [
  ...(spec.extendedResourceName ? [spec.extendedResourceName] : []),
  `${classResourcePrefix}${metadata.name}`,
];

/** The class that counts where several stand behind one resource: the newest, so that one can take over from another. */
export function leadingClass<T extends DeviceClass>(classes: readonly T[]): T | undefined {
  const createdAt = ({ metadata }: T) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  const isBefore = (a: T, b: T) =>
    createdAt(a) === createdAt(b)
      ? (a.metadata.name ?? '') < (b.metadata.name ?? '')
      : createdAt(a) > createdAt(b);
  return classes.reduce<T | undefined>((lead, one) => (lead && !isBefore(one, lead) ? lead : one), undefined);
}

type Statuses = readonly PodResourceClaimStatus[];
const statusesByName = new WeakMap<Statuses, ReadonlyMap<string, PodResourceClaimStatus>>();

/** What a pod's status says of one of its entries. Looked up once for each version of the pod: it may have thousands. */
function statusOf({ status }: Pod, { name }: PodResourceClaim): PodResourceClaimStatus | undefined {
  const all = status?.resourceClaimStatuses;
  if (!all) return undefined;
  let byName = statusesByName.get(all);
  if (!byName) {
    byName = new Map(all.map((one) => [one.name, one]));
    statusesByName.set(all, byName);
  }
  return byName.get(name);
}

/** The name of the claim behind an entry of a pod; undefined where it is not made yet, or was found not to be needed. */
export function claimNameOf(pod: Pod, entry: PodResourceClaim): string | undefined {
  return entry.resourceClaimName || statusOf(pod, entry)?.resourceClaimName;
}

/** Whether an entry of a pod was found to need no claim. */
export function needsNoClaim(pod: Pod, entry: PodResourceClaim): boolean {
  const status = statusOf(pod, entry);
  return !entry.resourceClaimName && status !== undefined && !status.resourceClaimName;
}

/** Whether the pod is noted as a user of the claim. */
export const isReservedFor = ({ status }: ResourceClaim, { metadata }: Stored<Pod>): boolean =>
  status?.reservedFor?.some(({ uid }) => uid === metadata.uid) ?? false;

/** Whether a claim has as many users as it may have, and the pod is not one of them. */
export const isFullFor = (claim: ResourceClaim, pod: Stored<Pod>): boolean =>
  !isReservedFor(claim, pod) && (claim.status?.reservedFor?.length ?? 0) >= mostUsers;
