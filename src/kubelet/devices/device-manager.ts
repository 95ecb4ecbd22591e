import type { Container, Pod, ResourceStatus } from '../../api/core/v1.ts';
import { parseQuantity, quantityValue } from '../../machinery/quantity.ts';
import type { Meter } from '../../platform/metrics/meter.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Device } from '../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js';
import { Turns } from '../plugins/turns.ts';
import { isSidecar } from '../pods/pod-kinds.ts';
import { checkpointName } from './checkpoint-name.ts';
import { type ContainerDevices, containerDevices } from './container-devices.ts';
import { chooseDevices, completeChoice } from './device-choice.ts';
import { DeviceRegistry } from './device-registry.ts';
import { allocationDuration } from './metrics.ts';
import { type GivenDevices, idsOf, PodDevices } from './pod-devices.ts';
import { ResourcePool } from './resource-pool.ts';

export interface DeviceManagerOptions {
  /** Where plugins put their sockets; `/var/lib/kubelet/device-plugins` on a plain machine. */
  dir: string;
  platform: Pick<Platform, 'files' | 'clock' | 'log'>;
  meter: Meter;
  /** The node has other devices than before. */
  onChange(): void;
  /** A pod's devices are in another state than before. */
  onHealth(podUid: string): void;
}

/** Amounts of resources, as the node's status has them. */
export interface DeviceCapacity {
  /** All devices. */
  capacity: Record<string, string>;
  /** Those that pods can have. */
  allocatable: Record<string, string>;
}

interface Asked {
  pod: Pod;
  container: Container;
  resource: string;
  count: number;
}

/** The devices that plugins have on this node, and the containers that have them. */
export class DeviceManager {
  readonly registry: DeviceRegistry;
  readonly #options: DeviceManagerOptions;
  readonly #pools = new Map<string, ResourcePool>();
  /** Resources whose plugin has been gone for too long: the node has none of them, and says so. */
  readonly #over = new Set<string>();
  #given = new PodDevices();
  /** Pods that have devices, but may not be among those that the node has taken in yet. */
  readonly #fresh = new Set<string>();
  #keeps: () => ReadonlySet<string> | undefined = () => undefined;
  /** Devices are given to one pod after the other. */
  readonly #turns = new Turns();
  #saving: Promise<void> = Promise.resolve();

  constructor(options: DeviceManagerOptions) {
    this.#options = options;
    this.registry = new DeviceRegistry({
      dir: options.dir,
      platform: options.platform,
      meter: options.meter,
      onFound: ({ resource, options: { preStartRequired } }) => {
        this.#over.delete(resource);
        this.#poolOf(resource).found({ needsPreStart: preStartRequired });
      },
      onDevices: (resource, devices) => this.#told(resource, devices),
      onLost: (resource) => {
        this.#pools.get(resource)?.lose(this.#nowMs());
        options.onChange();
      },
    });
  }

  /** Finds what was given out before, and lets plugins make themselves known. */
  async start(): Promise<void> {
    const { platform } = this.#options;
    await this.#load().catch((error: Error) =>
      platform.log.warn('what devices pods have is not known any more', { error: error.message }),
    );
    await this.registry.listen();
  }

  async stop(): Promise<void> {
    await this.registry.close();
    await this.#saving;
  }

  /** Pods that are not among these, by their uids, have come to their end, and what they have is free; undefined while that is not known. */
  follow(keeps: () => ReadonlySet<string> | undefined): void {
    this.#keeps = keeps;
  }

  /** What the node has. A plugin that has gone is waited for a while, in which its devices are there, but cannot be had. */
  capacity(): DeviceCapacity {
    const nowMs = this.#nowMs();
    const capacity: Record<string, string> = {};
    const allocatable: Record<string, string> = {};
    for (const [resource, pool] of this.#pools) {
      if (pool.isOver(nowMs)) {
        this.#pools.delete(resource);
        this.#over.add(resource);
        this.#saveSoon();
        continue;
      }
      capacity[resource] = String(pool.count);
      allocatable[resource] = String(pool.healthy().size);
    }
    for (const resource of this.#over) {
      capacity[resource] = '0';
      allocatable[resource] = '0';
    }
    return { capacity, allocatable };
  }

  /** What a container has, by resource and NUMA node. */
  given(podUid: string, container: string): [string, GivenDevices['byNuma']][] {
    return [...this.#given.of(podUid, container)].map(([resource, { byNuma }]) => [resource, byNuma]);
  }

  /** Devices that pods can have, or have, by resource and NUMA node. */
  allocatable(): [string, GivenDevices['byNuma']][] {
    return [...this.#pools].map(([resource, pool]) => [resource, pool.byNuma(pool.healthy())]);
  }

  /** Whether a pod asks for what plugins have. */
  concerns(pod: Pod): boolean {
    return inOrder(pod).some((container) => this.#askedBy(pod, container).length > 0);
  }

  /** How many devices of each resource pods have: the node has no fewer, whatever its plugins say by now. */
  counts(): ReadonlyMap<string, number> {
    return this.#given.counts();
  }

  /** Gives a pod the devices that it asks for; it keeps what it has. Rejects with why it cannot have them, and then it has none. */
  allocate(pod: Pod, signal?: AbortSignal): Promise<void> {
    const uid = pod.metadata.uid as string;
    return this.#inTurn(async () => {
      this.#fresh.add(uid);
      try {
        const reusable = new Map<string, Set<string>>();
        for (const container of inOrder(pod)) await this.#giveAll(pod, container, { reusable, signal });
        await this.#save();
      } catch (error) {
        this.release(uid);
        throw error;
      }
    });
  }

  /** The pod is not to have any devices. */
  release(podUid: string): void {
    this.#fresh.delete(podUid);
    if (this.#given.take(podUid)) this.#saveSoon();
  }

  /** What a container is to be started with now; its plugins are told that it starts, where they want to know. */
  async forContainer(pod: Pod, container: Container): Promise<ContainerDevices> {
    const uid = pod.metadata.uid as string;
    // What starts has been taken in.
    this.#fresh.delete(uid);
    const asked = this.#askedBy(pod, container).filter(({ count }) => count > 0);
    for (const { resource } of asked) await this.#preStart(uid, container.name, resource);
    if (asked.some(({ resource }) => !this.#given.of(uid, container.name).has(resource)))
      // What was given to it is not known any more.
      await this.#inTurn(async () => {
        await this.#giveAll(pod, container, { reusable: new Map() });
        await this.#save();
      });
    return containerDevices(this.#given.of(uid, container.name).values());
  }

  /** How the devices of a container are. */
  health(podUid: string, container: string): ResourceStatus[] {
    return [...this.#given.of(podUid, container)].map(([name, given]) => ({
      name,
      resources: [...idsOf(given)].sort().map((resourceID) => ({
        resourceID,
        health: (this.#pools.get(name)?.isWell(resourceID) ?? true) ? 'Healthy' : 'Unhealthy',
      })),
    }));
  }

  #nowMs(): number {
    return this.#options.platform.clock.monotonic();
  }

  #poolOf(resource: string): ResourcePool {
    const pool = this.#pools.get(resource) ?? new ResourcePool();
    this.#pools.set(resource, pool);
    return pool;
  }

  #told(resource: string, devices: Device[]): void {
    const changed = this.#poolOf(resource).tell(devices);
    for (const id of changed)
      for (const uid of this.#given.ownersOf(resource, id)) this.#options.onHealth(uid);
    this.#saveSoon();
    this.#options.onChange();
  }

  /** What a container asks for of resources that plugins have, or had when it was given some. */
  #askedBy(pod: Pod, container: Container): Asked[] {
    const given = this.#given.counts();
    return Object.entries(container.resources?.limits ?? {}).flatMap(([resource, amount]) => {
      const isKnown = this.#pools.has(resource) || given.has(resource);
      if (!isKnown || isClaimed(pod, container, resource)) return [];
      return [{ pod, container, resource, count: quantityValue(parseQuantity(String(amount))) }];
    });
  }

  /** Gives a container what it asks for. Devices of init containers that end are `reusable` for those after them. */
  async #giveAll(
    pod: Pod,
    container: Container,
    { reusable, signal }: { reusable: Map<string, Set<string>>; signal?: AbortSignal | undefined },
  ): Promise<void> {
    const uid = pod.metadata.uid as string;
    const ends = pod.spec.initContainers?.some((c) => c.name === container.name) && !isSidecar(container);
    const asked = this.#askedBy(pod, container);
    if (asked.length > 0) this.#freeUnused();
    for (const one of asked) {
      await this.#give(one, reusable.get(one.resource) ?? new Set(), signal);
    }
    for (const [resource, given] of this.#given.of(uid, container.name)) {
      const ids = reusable.get(resource) ?? new Set<string>();
      for (const id of idsOf(given)) {
        if (ends) ids.add(id);
        else ids.delete(id);
      }
      reusable.set(resource, ids);
    }
  }

  async #give(
    { pod, container, resource, count }: Asked,
    reusable: ReadonlySet<string>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const podUid = pod.metadata.uid as string;
    const given = this.#given.of(podUid, container.name).get(resource);
    const held = given && idsOf(given);
    if (held && held.size !== count)
      throw new Error(
        `pod ${JSON.stringify(podUid)} container ${JSON.stringify(container.name)} changed request for resource ${JSON.stringify(resource)} from ${held.size} to ${count}`,
      );
    const healthy = this.#pools.get(resource)?.healthy();
    const inUse = this.#given.inUse(resource);
    const choice = chooseDevices({ resource, count, held, reusable, healthy, inUse });
    if (!choice) return;
    const plugin = this.registry.plugin(resource);
    if (!plugin) throw new Error(`unknown Device Plugin ${resource}`);
    const { taken, more, available } = choice;
    const prefers = more > 0 && plugin.options.getPreferredAllocationAvailable;
    const wanted = { available: [...available, ...taken], mustInclude: taken, size: count };
    const ids = completeChoice(choice, prefers ? await plugin.preferred(wanted, signal) : []);
    const startMs = this.#nowMs();
    const response = await plugin.allocate(ids, signal).finally(() =>
      allocationDuration(this.#options.meter)
        .with(resource)
        .observe((this.#nowMs() - startMs) / 1000),
    );
    const byNuma = this.#poolOf(resource).byNuma(ids);
    this.#given.give({ podUid, container: container.name, resource, byNuma, response });
  }

  async #preStart(podUid: string, container: string, resource: string): Promise<void> {
    if (!this.#pools.get(resource)?.needsPreStart) return;
    const given = this.#given.of(podUid, container).get(resource);
    if (!given)
      throw new Error(
        `no devices found allocated in local cache for pod ${podUid}, container ${container}, resource ${resource}`,
      );
    const plugin = this.registry.plugin(resource);
    if (!plugin)
      throw new Error(
        `device plugin PreStartContainer rpc failed with err: endpoint ${resource} has been stopped`,
      );
    await plugin.preStart([...idsOf(given)]);
  }

  /** Pods that are over need nothing any more. */
  #freeUnused(): void {
    const keeps = this.#keeps();
    if (!keeps) return;
    for (const uid of this.#given.pods()) {
      if (keeps.has(uid)) this.#fresh.delete(uid);
      else if (!this.#fresh.has(uid)) this.#given.take(uid);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    return this.#turns.inTurn('', work);
  }

  async #load(): Promise<void> {
    const { readCheckpoint } = await import('./checkpoint.ts');
    const found = await readCheckpoint(this.#options.platform.files, this.#path);
    if (!found) return;
    this.#given = new PodDevices(found.entries);
    for (const resource of Object.keys(found.registered))
      this.#pools.set(resource, new ResourcePool(this.#nowMs()));
  }

  get #path(): string {
    return `${this.#options.dir}/${checkpointName}`;
  }

  #save(): Promise<void> {
    const { platform } = this.#options;
    const save = async () => {
      const { writeCheckpoint } = await import('./checkpoint.ts');
      const registered = Object.fromEntries(
        [...this.#pools].map(([name, pool]) => [name, [...pool.healthy()]]),
      );
      await writeCheckpoint(platform.files, this.#path, { entries: this.#given.entries(), registered });
    };
    const saved = this.#saving.then(save);
    this.#saving = saved.catch(() => {});
    return saved.catch((error: Error) => {
      throw new Error(`failed to write checkpoint file ${JSON.stringify(checkpointName)}: ${error.message}`);
    });
  }

  #saveSoon(): void {
    this.#save().catch((error: Error) =>
      this.#options.platform.log.warn('devices of pods not written down', { error: error.message }),
    );
  }
}

/** Init containers come first, since what they have can serve others after them. */
const inOrder = ({ spec }: Pod): Container[] => [...(spec.initContainers ?? []), ...spec.containers];

/** Whether a claim that the scheduler has made serves what the container asks for. */
function isClaimed({ status }: Pod, { name }: Container, resource: string): boolean {
  return (
    status?.extendedResourceClaimStatus?.requestMappings?.some(
      (one) => one.containerName === name && one.resourceName === resource,
    ) ?? false
  );
}
