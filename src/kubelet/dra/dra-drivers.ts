import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Meter } from '../../platform/metrics/meter.ts';
import type { DeviceHealth } from '../plugins/generated/drahealth/v1alpha1/drahealth_pb.js';
import { PluginError } from '../plugins/plugin-channel.ts';
import type { Plugin, PluginHandler } from '../plugins/plugin-registry.ts';
import type { DraDriver } from './dra-driver.ts';
import { chooseService } from './dra-service.ts';

/** What has come to its end is watched again after this time. */
const healthPauseMs = 5000;

export interface DraDriversOptions {
  platform: { clock: Clock; log: Log };
  meter: Meter;
  /** A driver can be reached, or no instance of it can. */
  onReach(driver: string, isReached: boolean): void;
  /** A driver has said how devices are. */
  onHealth(driver: string, devices: DeviceHealth[]): void;
  /** A driver says nothing of its devices any more. */
  onSilence(driver: string): void;
}

interface Registered {
  plugin: Plugin;
  driver: DraDriver;
  abort: AbortController;
}

/** The drivers of devices on this node. There may be several of a name, as while one takes over from another. */
export class DraDrivers implements PluginHandler {
  readonly #options: DraDriversOptions;
  /** By the name of the driver; the newest comes last. */
  readonly #registered = new Map<string, Registered[]>();

  constructor(options: DraDriversOptions) {
    this.#options = options;
  }

  /** The instance that is to be asked: the newest that is connected, or else the newest. Throws where there is none. */
  get(name: string): DraDriver {
    const all = this.#registered.get(name) ?? [];
    const found = all.findLast(({ driver }) => driver.isConnected) ?? all.at(-1);
    if (found) return found.driver;
    throw new Error(name === '' ? 'DRA driver name is empty' : `DRA driver ${name} is not registered`);
  }

  async register(plugin: Plugin): Promise<void> {
    const { name, endpoint } = plugin;
    const service = chooseService(plugin);
    if (this.#registered.get(name)?.some((one) => one.plugin.endpoint === endpoint))
      throw new Error(`endpoint ${endpoint} already registered for DRA driver plugin ${name}`);
    const { DraDriver } = await import('./dra-driver.ts');
    const { platform, meter } = this.#options;
    const driver = new DraDriver({ name, endpoint, service }, { clock: platform.clock, meter });
    const registered = { plugin, driver, abort: new AbortController() };
    this.#registered.set(name, [...(this.#registered.get(name) ?? []), registered]);
    this.#look(name);
    driver.follow(() => this.#look(name));
    void this.#followHealth(registered);
  }

  async deregister(plugin: Plugin): Promise<void> {
    const { name } = plugin;
    const [left, gone] = [[] as Registered[], [] as Registered[]];
    for (const one of this.#registered.get(name) ?? []) (one.plugin === plugin ? gone : left).push(one);
    if (left.length > 0) this.#registered.set(name, left);
    else this.#registered.delete(name);
    for (const one of gone) end(one);
    if (gone.length === 0) return;
    if (left.length === 0) this.#options.onSilence(name);
    this.#look(name);
  }

  close(): void {
    const all = [...this.#registered.values()].flat();
    this.#registered.clear();
    for (const one of all) end(one);
  }

  #look(name: string): void {
    const isReached = this.#registered.get(name)?.some(({ driver }) => driver.isConnected) ?? false;
    this.#options.onReach(name, isReached);
  }

  /** A driver need not tell how its devices are. */
  async #followHealth({ driver, abort: { signal } }: Registered): Promise<void> {
    const { platform, onHealth, onSilence } = this.#options;
    while (!signal.aborted) {
      const error = await driver
        .watchHealth((devices) => onHealth(driver.name, devices), signal)
        .catch((failure: Error) => failure);
      if (signal.aborted) return;
      // Another may speak for the devices already, and does not say everything again.
      if (this.#registered.get(driver.name)?.length === 1) onSilence(driver.name);
      if (error instanceof PluginError && error.code === 'Unimplemented') return;
      platform.log.debug('health of devices not followed', { driver: driver.name, error: error?.message });
      await platform.clock.sleep(healthPauseMs, signal).catch(() => {});
    }
  }
}

function end({ driver, abort }: Registered): void {
  abort.abort();
  driver.close();
}
