import type { Container, ContainerExtendedResourceRequest, Pod } from '../../../api/core/v1.ts';
import { deviceclasses, resourceclaims } from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import type { DeviceClass, DeviceRequest, ResourceClaim } from '../../../api/resource/v1.ts';
import { quantityValue } from '../../../machinery/quantity.ts';
import {
  extendedClaimAnnotation,
  isDeviceResource,
  leadingClass,
  resourcesOfClass,
} from '../../../machinery/resource-claims.ts';
import type { PodInfo } from '../../cache/node-info.ts';
import type { Handle } from '../../framework/handle.ts';
import { own } from '../../../machinery/own.ts';

/** The device class behind a resource, where there is one. */
export type ClassBehind = (resource: string) => Stored<DeviceClass> | undefined;

export function classBehind(handle: Handle): ClassBehind {
  const find = handle.finder(deviceclasses, { name: 'classes by resource', values: resourcesOfClass });
  return (resource) => leadingClass(find(resource));
}

/** Finds the claim that was made for the extended resources of a pod. */
export function extendedClaimOf(handle: Handle): (pod: Stored<Pod>) => Stored<ResourceClaim> | undefined {
  const find = handle.finder(resourceclaims, { name: 'extended claims by pod', values: ownersOf });
  return ({ metadata }) => find(metadata.uid)[0];
}

function ownersOf({ metadata }: ResourceClaim): string[] {
  if (metadata.annotations?.[extendedClaimAnnotation] !== 'true') return [];
  return (metadata.ownerReferences ?? []).filter((owner) => owner.controller).map(({ uid }) => uid);
}

/** What a pod asks for that devices could serve, by name. */
export function deviceResourcesOf({ requests }: PodInfo): string[] {
  if (requests.others.size === 0) return [];
  return [...requests.others]
    .filter(([name, amount]) => amount > 0 && isDeviceResource(name))
    .map(([name]) => name);
}

/** What the claim for extended resources asks for, and which container each of its requests is for. */
export interface ExtendedNeed {
  requests: DeviceRequest[];
  mappings: ContainerExtendedResourceRequest[];
}

interface Place {
  container: Container;
  /** Among the init containers and then the others. */
  index: number;
}

const countOf = (request: DeviceRequest | undefined) => Number(request?.exactly?.count ?? 0);
const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The requests for some of a pod's resources; each stands for a container and one of the resources it asks for. */
export function extendedNeed(pod: Pod, resources: readonly string[], behind: ClassBehind): ExtendedNeed {
  const { initContainers = [], containers } = pod.spec;
  const places = [...initContainers, ...containers].map((container, index) => ({ container, index }));
  const isShort = ({ container, index }: Place) =>
    index < initContainers.length && container.restartPolicy !== 'Always';
  const long = places.filter((place) => !isShort(place));
  const short = places.filter(isShort);
  const needs = [...resources].sort(byText).flatMap((resource) => {
    const deviceClass = behind(resource);
    if (!deviceClass) return [];
    return [needOf({ resource, className: deviceClass.metadata.name, long, short })];
  });
  const requests = needs.flatMap((need) => need.requests).sort((a, b) => byText(a.name, b.name));
  return { requests, mappings: needs.flatMap((need) => need.mappings) };
}

interface Wish {
  resource: string;
  className: string;
  /** Containers that run side by side. */
  long: readonly Place[];
  /** Containers that are over before the others start. */
  short: readonly Place[];
}

/** Containers that are over soon use what those have that come after them, and share what goes beyond that. */
function needOf({ resource, className, long, short }: Wish): ExtendedNeed {
  const lasting = new Map<number, DeviceRequest>();
  const mappings: ContainerExtendedResourceRequest[] = [];
  for (const place of long) {
    const count = amountIn(place, resource);
    if (count === 0) continue;
    const request = requestFor(place, { resource, className, count });
    lasting.set(place.index, request);
    mappings.push(mapping(place, resource, request.name));
  }
  let largest: DeviceRequest | undefined;
  const borrowed: { place: Place; name: string }[] = [];
  for (const place of short) {
    let left = amountIn(place, resource);
    for (const [index, request] of lasting) {
      if (left <= 0) break;
      if (index < place.index) continue;
      borrowed.push({ place, name: request.name });
      left -= countOf(request);
    }
    if (left <= 0) continue;
    borrowed.push({ place, name: '' });
    if (left > countOf(largest)) largest = requestFor(place, { resource, className, count: left });
  }
  for (const { place, name } of borrowed)
    mappings.push(mapping(place, resource, name || (largest?.name ?? '')));
  return { requests: [...(largest ? [largest] : []), ...lasting.values()], mappings };
}

const amountIn = ({ container }: Place, resource: string) =>
  quantityValue(own(container.resources?.requests, resource) ?? '0');

const mapping = ({ container }: Place, resourceName: string, requestName: string) => ({
  containerName: container.name,
  resourceName,
  requestName,
});

/** Its name says which container it is for, and which of all that the container requests. */
function requestFor(
  { container, index }: Place,
  { resource, className, count }: { resource: string; className: string; count: number },
): DeviceRequest {
  const number = Object.keys(container.resources?.requests ?? {})
    .sort(byText)
    .indexOf(resource);
  const exactly = { deviceClassName: className, allocationMode: 'ExactCount', count };
  return { name: `container-${index}-request-${number}`, exactly };
}
