import type { Clock } from '../../platform/clock.ts';
import type { GrpcChannel } from '../../platform/grpc-channel.ts';
import {
  type ContainerAllocateResponse,
  type Device,
  DevicePlugin as Service,
  type DevicePluginOptions,
} from '../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js';
import { pluginChannel } from '../plugins/plugin-channel.ts';

const connectWithin = { timeoutMs: 10_000 };
/** Upstream's `KubeletPreStartContainerRPCTimeoutInSecs`. */
const preStartWithin = { timeoutMs: 30_000 };
/** What makes devices ready may take its time; whoever it is for need not wait for ever, since its signal ends the call. */
const unlimited = { timeoutMs: Number.POSITIVE_INFINITY };

/** A connection to a plugin that has devices of one resource. Calls reject in the plugin's own words. */
export class DevicePlugin {
  readonly resource: string;
  readonly socketPath: string;
  readonly options: DevicePluginOptions;
  readonly #channel: GrpcChannel;

  private constructor(
    at: { resource: string; socketPath: string },
    channel: GrpcChannel,
    options: DevicePluginOptions,
  ) {
    this.resource = at.resource;
    this.socketPath = at.socketPath;
    this.options = options;
    this.#channel = channel;
  }

  /** Connects to a plugin and asks it how it wants to be used. */
  static async connect(resource: string, socketPath: string, clock: Clock): Promise<DevicePlugin> {
    const channel = pluginChannel(socketPath, clock);
    try {
      await channel.connected(connectWithin.timeoutMs).catch((error: Error) => {
        throw new Error(`failed to dial device plugin: ${error.message}`);
      });
      const options = await channel
        .call(Service.method.getDevicePluginOptions, {}, connectWithin)
        .catch((error: Error) => {
          throw new Error(`failed to get device plugin options: ${error.message}`);
        });
      return new DevicePlugin({ resource, socketPath }, channel, options);
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /** Tells all devices, and again when one has changed, until the plugin ends it or is gone. */
  async watch(onDevices: (devices: Device[]) => void, signal: AbortSignal): Promise<void> {
    for await (const { devices } of this.#channel.stream(Service.method.listAndWatch, {}, signal))
      onDevices(devices);
  }

  /** Which of `available` the plugin would give out together; it may say fewer than it is asked for. */
  async preferred(
    wanted: { available: string[]; mustInclude: string[]; size: number },
    signal?: AbortSignal,
  ): Promise<string[]> {
    const { available, mustInclude, size } = wanted;
    const request = {
      availableDeviceIDs: available,
      mustIncludeDeviceIDs: mustInclude,
      allocationSize: size,
    };
    const { containerResponses } = await this.#channel
      .call(
        Service.method.getPreferredAllocation,
        { containerRequests: [request] },
        { ...unlimited, ...(signal && { signal }) },
      )
      .catch((error: Error) => {
        throw new Error(`device plugin GetPreferredAllocation rpc failed with err: ${error.message}`);
      });
    return containerResponses[0]?.deviceIDs ?? [];
  }

  /** Makes devices ready for a container; gives what it is to be started with. */
  async allocate(devices: string[], signal?: AbortSignal): Promise<ContainerAllocateResponse> {
    const request = { containerRequests: [{ devicesIds: devices }] };
    const options = { ...unlimited, ...(signal && { signal }) };
    const { containerResponses } = await this.#channel.call(Service.method.allocate, request, options);
    const [response] = containerResponses;
    if (!response) throw new Error('no containers return in allocation response');
    return response;
  }

  /** Lets the plugin do what has to be done each time before a container starts. */
  async preStart(devices: string[]): Promise<void> {
    await this.#channel
      .call(Service.method.preStartContainer, { devicesIds: devices }, preStartWithin)
      .catch((error: Error) => {
        throw new Error(`device plugin PreStartContainer rpc failed with err: ${error.message}`);
      });
  }

  close(): void {
    this.#channel.close();
  }
}
