import { join } from 'node:path';
import { isExtendedResourceName } from '../../machinery/resource-claims.ts';
import type { LocalGrpcServer } from '../../platform/grpc-server.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Device, RegisterRequest } from '../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js';
import type { Plugin, PluginHandler } from '../plugins/plugin-registry.ts';
import type { Meter } from '../../platform/metrics/meter.ts';
import { checkpointName } from './checkpoint-name.ts';
import type { DevicePlugin } from './device-plugin.ts';
import { registrations } from './metrics.ts';

/** Of the interface that is spoken here. */
const version = 'v1beta1';

export interface DeviceRegistryOptions {
  /** Where plugins put their sockets, and find the kubelet's; `/var/lib/kubelet/device-plugins` on a plain machine. */
  dir: string;
  platform: Pick<Platform, 'files' | 'clock' | 'log'>;
  meter: Meter;
  /** A plugin has come, and will tell its devices. */
  onFound(plugin: DevicePlugin): void;
  onDevices(resource: string, devices: Device[]): void;
  /** The last plugin of a resource has gone. */
  onLost(resource: string): void;
}

interface Connected {
  plugin: DevicePlugin;
  abort: AbortController;
}

/** Knows the plugins for devices: by their call on the kubelet's socket, or by a socket in the folder of plugins of all types. */
export class DeviceRegistry implements PluginHandler {
  readonly #options: DeviceRegistryOptions;
  /** By resource and socket; the newest comes last. */
  readonly #connected = new Map<string, Map<string, Connected>>();
  #server: LocalGrpcServer | undefined;

  constructor(options: DeviceRegistryOptions) {
    this.#options = options;
  }

  /** The plugin that is to be asked for devices of a resource. */
  plugin(resource: string): DevicePlugin | undefined {
    return [...(this.#connected.get(resource)?.values() ?? [])].at(-1)?.plugin;
  }

  /** Lets plugins make themselves known. Sockets of before are removed: plugins see by that that they have to do it again. */
  async listen(): Promise<void> {
    const { dir, platform } = this.#options;
    const { files } = platform;
    await files.makeDir(dir, { mode: 0o750 });
    for (const name of await files.list(dir)) {
      const path = `${dir}/${name}`;
      if (name !== checkpointName && (await files.stat(path))?.type === 'socket') await files.remove(path);
    }
    const [{ listenGrpc, unaryRoute }, { Registration }] = await Promise.all([
      import('../../platform/grpc-server.ts'),
      import('../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js'),
    ]);
    const register = unaryRoute(Registration.method.register, async (request) => {
      await this.#registered(request);
      return {};
    });
    this.#server = await listenGrpc(`${dir}/kubelet.sock`, [register]);
  }

  async close(): Promise<void> {
    for (const plugins of this.#connected.values()) for (const connected of plugins.values()) end(connected);
    this.#connected.clear();
    await this.#server?.close();
  }

  async register({ name, endpoint, versions }: Plugin): Promise<void> {
    if (!versions.includes(version))
      throw new Error(
        `manager version, ${version}, is not among plugin supported versions [${versions.join(' ')}]`,
      );
    if (!isExtendedResourceName(name))
      throw new Error(`invalid name of device plugin socket: ${invalidName(name)}`);
    await this.#connect(name, endpoint);
  }

  async deregister({ name, endpoint }: Plugin): Promise<void> {
    const connected = this.#connected.get(name)?.get(endpoint);
    if (connected) this.#disconnect(connected);
  }

  async #registered({ version: spoken, resourceName, endpoint }: RegisterRequest): Promise<void> {
    registrations(this.#options.meter).with(resourceName).add();
    if (spoken !== version)
      throw new Error(
        `requested API version ${JSON.stringify(spoken)} is not supported by kubelet. Supported version is ["${version}"]`,
      );
    if (!isExtendedResourceName(resourceName)) throw new Error(invalidName(resourceName));
    await this.#connect(resourceName, join(this.#options.dir, endpoint));
  }

  async #connect(resource: string, socketPath: string): Promise<void> {
    const { platform, onFound } = this.#options;
    const { DevicePlugin } = await import('./device-plugin.ts');
    const plugin = await DevicePlugin.connect(resource, socketPath, platform.clock);
    const plugins = this.#connected.get(resource) ?? new Map<string, Connected>();
    this.#connected.set(resource, plugins);
    const before = plugins.get(socketPath);
    // It has started again, and the end of the old connection is not heard yet.
    if (before) end(before);
    plugins.delete(socketPath);
    const connected = { plugin, abort: new AbortController() };
    plugins.set(socketPath, connected);
    onFound(plugin);
    void this.#follow(connected);
  }

  async #follow(connected: Connected): Promise<void> {
    const { platform, onDevices } = this.#options;
    const { plugin, abort } = connected;
    const tell = (devices: Device[]) => onDevices(plugin.resource, devices);
    const error = await plugin.watch(tell, abort.signal).catch((failure: Error) => failure);
    if (abort.signal.aborted) return;
    platform.log.warn('plugin of devices gone', {
      resource: plugin.resource,
      error: error?.message ?? 'it has ended the stream of its devices',
    });
    this.#disconnect(connected);
  }

  #disconnect(connected: Connected): void {
    const { resource, socketPath } = connected.plugin;
    end(connected);
    const plugins = this.#connected.get(resource);
    if (plugins?.get(socketPath) !== connected) return;
    plugins.delete(socketPath);
    if (plugins.size > 0) return;
    this.#connected.delete(resource);
    this.#options.onLost(resource);
  }
}

const invalidName = (name: string) => `the ResourceName ${JSON.stringify(name)} is invalid`;

function end({ plugin, abort }: Connected): void {
  abort.abort();
  plugin.close();
}
