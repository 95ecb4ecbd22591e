import { isExtendedResourceName } from '../../../../machinery/resource-claims.ts';

const containerResources = new Set(['cpu', 'memory', 'ephemeral-storage']);

const objectCounts = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];

const quotaResources = new Set([
  ...containerResources,
  'storage',
  'requests.cpu',
  'requests.memory',
  'requests.storage',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  ...objectCounts,
]);

export const isHugePages = (name: string) => name.startsWith('hugepages-');
const isRequestedHugePages = (name: string) => name.startsWith('requests.hugepages-');

/** One of the names without a domain that mean something to Kubernetes itself. */
export function isStandardResource(name: string): boolean {
  return quotaResources.has(name) || isHugePages(name) || isRequestedHugePages(name);
}

/** A name without a domain that a container can ask for. */
export function isContainerResource(name: string): boolean {
  return containerResources.has(name) || isHugePages(name);
}

/** A name without a domain that a quota can count. */
export function isQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isHugePages(name) || isRequestedHugePages(name);
}

/** A name of Kubernetes itself. */
export function isNativeResource(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** A name of somebody's own, such as that of a device. */
export const isExtendedResource = isExtendedResourceName;

/** Whether requests may add up to more than there is. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

/** What is counted in whole numbers. */
export function isWholeNumbered(name: string): boolean {
  return objectCounts.includes(name) || isExtendedResource(name);
}
