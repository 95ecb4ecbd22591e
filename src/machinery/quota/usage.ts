import type { PersistentVolumeClaim, Pod, Service } from '../../api/core/v1.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import type { DeviceRequest, ExactDeviceRequest, ResourceClaim } from '../../api/resource/v1.ts';
import {
  compareQuantities,
  type ParsedQuantity,
  quantityOf,
  subtractQuantities,
  wholeQuantity,
} from '../quantity.ts';
import { podSums } from '../pod-sums.ts';
import { classResourcePrefix, extendedClaimAnnotation, isDeviceResource } from '../resource-claims.ts';
import { one, readSums, type Sums, zero } from '../resource-sums.ts';
import { storageClassOf } from '../volume-match.ts';

/** Core resources that quotas also know by their bare names. */
const bareNames = new Set([
  'pods',
  'services',
  'persistentvolumeclaims',
  'configmaps',
  'secrets',
  'replicationcontrollers',
  'resourcequotas',
]);

/** The name under which a quota counts the objects of a resource. */
export function countName({ group, plural }: Pick<Resource, 'group' | 'plural'>): string {
  return `count/${group ? `${plural}.${group}` : plural}`;
}

/** What must be known beside an object. */
export interface QuotaContext {
  nowMs: number;
  /** The extended resource that a device class stands behind. */
  resourceOf(deviceClass: string): string | undefined;
  /** The pod of a namespace by its name. */
  pod(namespace: string, name: string): Pod | undefined;
  /** The claims of a namespace. */
  claims(namespace: string): Iterable<ResourceClaim>;
}

/** What one object takes of the quotas of its namespace. */
export function usageOf(
  resource: Pick<Resource, 'group' | 'plural'>,
  object: KubernetesObject,
  context: QuotaContext,
): Sums {
  const { nowMs } = context;
  const usage = new Map<string, ParsedQuantity>([[countName(resource), one]]);
  if (isDeviceClaims(resource)) return addDevices(usage, object as ResourceClaim, context);
  if (resource.group !== '' || !bareNames.has(resource.plural)) return usage;
  switch (resource.plural) {
    case 'pods':
      return hasEnded(object as Pod, nowMs) ? usage : addPod(usage, object as Pod);
    case 'services':
      return addService(usage, object as Service);
    case 'persistentvolumeclaims':
      return addClaim(usage, object as PersistentVolumeClaim);
    default:
      return usage.set(resource.plural, one);
  }
}

/** Whether a pod has run its course, and holds nothing any more. */
function hasEnded({ status, metadata }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds === undefined) return false;
  return Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000 < nowMs;
}

/** Requests that a quota also knows without `requests.` in front. */
const bareRequests = new Set(['cpu', 'memory', 'ephemeral-storage']);
const bounded = new Set(['cpu', 'memory', 'ephemeral-storage']);

const isHugePages = (name: string) => name.startsWith('hugepages-');

function addPod(usage: Map<string, ParsedQuantity>, pod: Pod): Sums {
  usage.set('pods', one);
  for (const [name, quantity] of podSums(pod, 'requests')) {
    if (bareRequests.has(name) || isHugePages(name)) usage.set(name, quantity);
    if (bareRequests.has(name) || isHugePages(name) || isDeviceResource(name))
      usage.set(`requests.${name}`, quantity);
  }
  for (const [name, quantity] of podSums(pod, 'limits')) {
    if (bounded.has(name)) usage.set(`limits.${name}`, quantity);
  }
  return usage;
}

function addService(usage: Map<string, ParsedQuantity>, { spec }: Service): Sums {
  usage.set('services', one);
  const isBalanced = spec.type === 'LoadBalancer';
  if (isBalanced) usage.set('services.loadbalancers', one);
  const ports = spec.ports ?? [];
  const allocated =
    isBalanced && spec.allocateLoadBalancerNodePorts === false ? ports.filter((p) => p.nodePort) : ports;
  if (isBalanced || spec.type === 'NodePort') usage.set('services.nodeports', quantityOf(allocated.length));
  return usage;
}

const classSuffix = '.storageclass.storage.k8s.io/';

/** What a claim asks for, or what it is being given where that is more; in whole bytes, as quotas count them. */
function storageOf({ spec, status }: PersistentVolumeClaim): ParsedQuantity | undefined {
  const asked = readSums(spec.resources?.requests).get('storage');
  const given = readSums(status?.allocatedResources).get('storage');
  const most = asked && given && compareQuantities(given, asked) > 0 ? given : asked;
  return most && wholeQuantity(most);
}

function addClaim(usage: Map<string, ParsedQuantity>, claim: PersistentVolumeClaim): Sums {
  usage.set('persistentvolumeclaims', one);
  const storageClass = storageClassOf(claim);
  const storage = storageOf(claim);
  if (storageClass) usage.set(`${storageClass}${classSuffix}persistentvolumeclaims`, one);
  if (!storage) return usage;
  usage.set('requests.storage', storage);
  if (storageClass) usage.set(`${storageClass}${classSuffix}requests.storage`, storage);
  return usage;
}

const isDeviceClaims = ({ group, plural }: Pick<Resource, 'group' | 'plural'>) =>
  group === 'resource.k8s.io' && plural === 'resourceclaims';
const devicesSuffix = '.deviceclass.resource.k8s.io/devices';
const requestPrefix = 'requests.';
/** A claim can have so many devices: where it wants all there are, these are counted. */
const mostDevices = 32;

type Wish = Pick<ExactDeviceRequest, 'deviceClassName' | 'allocationMode' | 'count'>;

const devicesIn = ({ allocationMode, count }: Wish) =>
  allocationMode === 'All' ? mostDevices : Number(count ?? 1);

/** Of several wishes, what each class could come to. */
function devicesByClass({ exactly, firstAvailable = [] }: DeviceRequest): Map<string, number> {
  const most = new Map<string, number>();
  for (const wish of exactly ? [exactly] : firstAvailable)
    most.set(wish.deviceClassName, Math.max(most.get(wish.deviceClassName) ?? 0, devicesIn(wish)));
  return most;
}

/** Devices count by their class, and under the names of resources; what the pod was charged with for these is not charged again. */
function addDevices(usage: Map<string, ParsedQuantity>, claim: ResourceClaim, context: QuotaContext): Sums {
  const devices = new Map<string, number>();
  for (const request of claim.spec.devices?.requests ?? [])
    for (const [name, count] of devicesByClass(request)) devices.set(name, (devices.get(name) ?? 0) + count);
  const pod = servedBy(claim, context);
  const charged: Sums = pod ? podSums(pod, 'requests') : new Map();
  for (const [name, count] of devices) {
    usage.set(`${name}${devicesSuffix}`, quantityOf(count));
    const resource = context.resourceOf(name);
    for (const known of [`${classResourcePrefix}${name}`, ...(resource ? [resource] : [])]) {
      const rest = subtractQuantities(quantityOf(count), charged.get(known) ?? zero);
      if (compareQuantities(rest, zero) > 0) usage.set(`${requestPrefix}${known}`, rest);
    }
  }
  return usage;
}

/** The pod that a claim says it was made for, where it is for extended resources. */
function owningPod({ metadata }: ResourceClaim) {
  if (metadata.annotations?.[extendedClaimAnnotation] !== 'true') return undefined;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return owner?.kind === 'Pod' && owner.apiVersion === 'v1' ? owner : undefined;
}

/** The pod whose extended resources a claim was made for: there is one such claim, or anybody could make more that cost nothing. */
function servedBy(claim: ResourceClaim, context: QuotaContext): Pod | undefined {
  const owner = owningPod(claim);
  if (!owner) return undefined;
  const { namespace = '', name } = claim.metadata;
  const pod = context.pod(namespace, owner.name);
  if (pod?.metadata.uid !== owner.uid || hasEnded(pod, context.nowMs)) return undefined;
  const noted = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  if (noted !== undefined) return noted === name ? pod : undefined;
  for (const other of context.claims(namespace))
    if (owningPod(other)?.uid === owner.uid && isBefore(other, claim)) return undefined;
  return pod;
}

/** Of claims for the same pod, the first one counts; one that is not there yet is the last. */
function isBefore({ metadata: a }: ResourceClaim, { metadata: b }: ResourceClaim): boolean {
  if (a.uid !== undefined && a.uid === b.uid) return false;
  if (!b.creationTimestamp || a.creationTimestamp !== b.creationTimestamp)
    return !b.creationTimestamp || (a.creationTimestamp ?? '') < b.creationTimestamp;
  return (a.name ?? '') < (b.name ?? '');
}

const isDeviceLimit = (name: string) =>
  name.endsWith(devicesSuffix) ||
  (name.startsWith(requestPrefix) && isDeviceResource(name.slice(requestPrefix.length)));

/** Whether a name in a quota is one that objects of this resource can take from. */
export function limits(resource: Pick<Resource, 'group' | 'plural'>, name: string): boolean {
  if (name === countName(resource)) return true;
  if (isDeviceClaims(resource)) return isDeviceLimit(name);
  if (resource.group !== '') return false;
  switch (resource.plural) {
    case 'pods':
      return isPodLimit(name);
    case 'services':
      return name === 'services' || name === 'services.nodeports' || name === 'services.loadbalancers';
    case 'persistentvolumeclaims':
      return name === 'persistentvolumeclaims' || name === 'requests.storage' || name.includes(classSuffix);
    default:
      return bareNames.has(resource.plural) && name === resource.plural;
  }
}

function isPodLimit(name: string): boolean {
  if (name === 'pods' || bareRequests.has(name) || isHugePages(name)) return true;
  const [, kind, rest = ''] = /^(requests|limits)\.(.*)$/.exec(name) ?? [];
  if (kind === 'limits') return bounded.has(rest);
  return kind === 'requests' && (bareRequests.has(rest) || isHugePages(rest) || isDeviceResource(rest));
}
