import type { PersistentVolumeClaim, Pod, Service } from '../../api/core/v1.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { type ParsedQuantity, quantityOf } from '../quantity.ts';
import { podSums } from '../pod-sums.ts';
import { one, readSums, type Sums } from '../resource-sums.ts';

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

/** What one object takes of the quotas of its namespace. */
export function usageOf(
  resource: Pick<Resource, 'group' | 'plural'>,
  object: KubernetesObject,
  nowMs: number,
): Sums {
  const usage = new Map<string, ParsedQuantity>([[countName(resource), one]]);
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
const isExtended = (name: string) =>
  name.includes('/') && !name.startsWith('requests.') && !/(^|\.)kubernetes\.io\//.test(name);

function addPod(usage: Map<string, ParsedQuantity>, pod: Pod): Sums {
  usage.set('pods', one);
  for (const [name, quantity] of podSums(pod, 'requests')) {
    if (bareRequests.has(name) || isHugePages(name)) usage.set(name, quantity);
    if (bareRequests.has(name) || isHugePages(name) || isExtended(name))
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

function addClaim(usage: Map<string, ParsedQuantity>, { spec, metadata }: PersistentVolumeClaim): Sums {
  usage.set('persistentvolumeclaims', one);
  const annotated = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'];
  const storageClass = annotated ?? spec.storageClassName;
  const storage = readSums(spec.resources?.requests).get('storage');
  if (storageClass) usage.set(`${storageClass}${classSuffix}persistentvolumeclaims`, one);
  if (!storage) return usage;
  usage.set('requests.storage', storage);
  if (storageClass) usage.set(`${storageClass}${classSuffix}requests.storage`, storage);
  return usage;
}

/** Whether a name in a quota is one that objects of this resource can take from. */
export function limits(resource: Pick<Resource, 'group' | 'plural'>, name: string): boolean {
  if (name === countName(resource)) return true;
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
  return kind === 'requests' && (bareRequests.has(rest) || isHugePages(rest) || isExtended(rest));
}
