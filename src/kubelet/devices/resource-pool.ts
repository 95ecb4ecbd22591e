import type { Device } from '../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js';
import { noNumaNode } from './pod-devices.ts';

/** Upstream's `endpointStopGracePeriod`: so long the devices of a plugin that is gone are still counted, though none can be had. */
const lostGraceMs = 5 * 60_000;

const isHealthy = ({ health }: Device) => health === 'Healthy';

/** The devices that a node has of one resource. */
export class ResourcePool {
  #devices = new Map<string, Device>();
  /** Whether its plugin has told the devices since it came. */
  #isTold = false;
  #lostAtMs: number | undefined;
  #needsPreStart = false;

  /** Of a resource whose plugin has not come yet, with the moment since which it is waited for; of one that is there without. */
  constructor(lostAtMs?: number) {
    this.#lostAtMs = lostAtMs;
  }

  /** Its plugin is there, and will tell the devices. It may want to be told of each container before it starts. */
  found({ needsPreStart }: { needsPreStart: boolean }): void {
    this.#lostAtMs = undefined;
    this.#needsPreStart = needsPreStart;
  }

  /** Whether its plugin, the last one where it is gone, has to be told of each container before it starts. */
  get needsPreStart(): boolean {
    return this.#needsPreStart;
  }

  /** These are the devices now. Gives those that are new or have changed their health. */
  tell(devices: readonly Device[]): string[] {
    const before = this.#devices;
    this.#devices = new Map(devices.map((device) => [device.ID, device]));
    this.#isTold = true;
    return devices.flatMap((device) => (before.get(device.ID)?.health === device.health ? [] : [device.ID]));
  }

  /** Its plugin is gone. */
  lose(nowMs: number): void {
    this.#isTold = false;
    this.#lostAtMs = nowMs;
  }

  /** Whether its plugin has been gone for too long to be waited for. */
  isOver(nowMs: number): boolean {
    return this.#lostAtMs !== undefined && nowMs - this.#lostAtMs > lostGraceMs;
  }

  get count(): number {
    return this.#devices.size;
  }

  /** Ids of devices that can be had. */
  healthy(): Set<string> {
    const all = this.#isTold ? [...this.#devices.values()] : [];
    return new Set(all.flatMap((device) => (isHealthy(device) ? [device.ID] : [])));
  }

  /** Whether a device is well as far as is known. */
  isWell(id: string): boolean {
    const device = this.#devices.get(id);
    return !device || isHealthy(device);
  }

  /** The ids by the NUMA nodes that they belong to. */
  byNuma(ids: Iterable<string>): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const id of ids) {
      const nodes = this.#devices.get(id)?.topology?.nodes ?? [];
      const keys = nodes.length > 0 ? nodes.map((node) => String(node.ID)) : [noNumaNode];
      for (const key of keys) {
        const others = found[key] ?? [];
        others.push(id);
        found[key] = others;
      }
    }
    return found;
  }
}
