import type { ContainerAllocateResponse } from '../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js';

/** Stands for no NUMA node in particular. */
export const noNumaNode = '-1';

/** Devices of one resource that a container has. */
export interface GivenDevices {
  /** Their ids by NUMA node; one that belongs to several stands under each. */
  byNuma: Readonly<Record<string, readonly string[]>>;
  /** What the plugin wants the container to be started with. */
  response: ContainerAllocateResponse;
}

/** Devices of one resource of one container. */
export interface DeviceEntry extends GivenDevices {
  podUid: string;
  container: string;
  resource: string;
}

export const idsOf = ({ byNuma }: Pick<GivenDevices, 'byNuma'>): Set<string> =>
  new Set(Object.values(byNuma).flat());

type ByResource = Map<string, GivenDevices>;

/** Who has which devices of the node. */
export class PodDevices {
  readonly #pods = new Map<string, Map<string, ByResource>>();

  constructor(entries: readonly DeviceEntry[] = []) {
    for (const entry of entries) this.give(entry);
  }

  give({ podUid, container, resource, byNuma, response }: DeviceEntry): void {
    const pod = this.#pods.get(podUid) ?? new Map<string, ByResource>();
    this.#pods.set(podUid, pod);
    const resources = pod.get(container) ?? new Map<string, GivenDevices>();
    pod.set(container, resources);
    resources.set(resource, { byNuma, response });
  }

  /** Devices of a container by resource. */
  of(podUid: string, container: string): ReadonlyMap<string, GivenDevices> {
    return this.#pods.get(podUid)?.get(container) ?? new Map();
  }

  has(podUid: string): boolean {
    return this.#pods.has(podUid);
  }

  pods(): string[] {
    return [...this.#pods.keys()];
  }

  /** Whether there was anything to take. */
  take(podUid: string): boolean {
    return this.#pods.delete(podUid);
  }

  entries(): DeviceEntry[] {
    return [...this.#pods].flatMap(([podUid, containers]) =>
      [...containers].flatMap(([container, resources]) =>
        [...resources].map(([resource, given]) => ({ podUid, container, resource, ...given })),
      ),
    );
  }

  /** The devices of a resource that some container has. */
  inUse(resource: string): Set<string> {
    return new Set(this.entries().flatMap((entry) => (entry.resource === resource ? [...idsOf(entry)] : [])));
  }

  /** How many devices of each resource containers have. */
  counts(): Map<string, number> {
    const resources = new Set(this.entries().map(({ resource }) => resource));
    return new Map([...resources].map((resource) => [resource, this.inUse(resource).size]));
  }

  /** The pods that have a device. */
  ownersOf(resource: string, id: string): string[] {
    const owns = (entry: DeviceEntry) => entry.resource === resource && idsOf(entry).has(id);
    return [...new Set(this.entries().flatMap((entry) => (owns(entry) ? [entry.podUid] : [])))];
  }
}
