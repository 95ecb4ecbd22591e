import type { Dialer } from '../../../platform/dial.ts';
import type { Runtime, RuntimeEvent } from '../runtime.ts';
import type { RuntimeStatus, RuntimeVersion } from '../types.ts';
import { AddressPools } from './addresses.ts';
import { SimulatedContainers } from './containers.ts';
import { simulatedDialer } from './dialer.ts';
import { SimulatedImages } from './images.ts';
import { SimulatedSandboxes } from './sandboxes.ts';
import { type SimulatedOptions, SimulatedWorld } from './world.ts';

/**
 * A node without containers: everything takes its time and tells its events, and nothing runs. A pod's annotations say
 * what its containers do (`behaviour.ts`). Cheap enough for thousands of nodes in a process, and reproducible.
 */
export class SimulatedRuntime implements Runtime {
  readonly sandboxes: SimulatedSandboxes;
  readonly containers: SimulatedContainers;
  readonly images: SimulatedImages;
  /** What its kubelet reaches: the simulated pods. */
  readonly dialer: Dialer;
  readonly #world: SimulatedWorld;

  constructor(options: SimulatedOptions) {
    this.#world = new SimulatedWorld(options);
    this.images = new SimulatedImages(this.#world);
    this.sandboxes = new SimulatedSandboxes(this.#world);
    this.containers = new SimulatedContainers(this.#world, this.images);
    this.dialer = simulatedDialer(this.#world);
  }

  async version(): Promise<RuntimeVersion> {
    return { name: 'simulated', version: '1.0.0', apiVersion: 'v1' };
  }

  async status(): Promise<RuntimeStatus> {
    const network = this.#world.addresses !== undefined;
    const [reason, message] = network
      ? ['', '']
      : ['NetworkPluginNotReady', 'the node has no addresses for pods yet'];
    return {
      conditions: [
        { type: 'RuntimeReady', status: true, reason: '', message: '' },
        { type: 'NetworkReady', status: network, reason, message },
      ],
      handlers: [{ name: '', recursiveReadOnlyMounts: true, userNamespaces: true }],
    };
  }

  async setPodCidrs(cidrs: readonly string[]): Promise<void> {
    this.#world.addresses ??= new AddressPools(cidrs);
  }

  watch(listener: (event: RuntimeEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#world.listeners.add(listener);
    signal.addEventListener('abort', () => this.#world.listeners.delete(listener), { once: true });
    listener({ type: 'resync' });
  }

  async close(): Promise<void> {
    for (const c of this.#world.containers.values()) c.exitTimer?.cancel();
    this.#world.listeners.clear();
  }
}
