import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Server, type ServerWritableStream } from '@grpc/grpc-js';
import { systemClock } from '../../platform/clock.ts';
import { grpcPath } from '../../platform/grpc-method.ts';
import { unaryRoute } from '../../platform/grpc-server.ts';
import {
  type ContainerAllocateResponseSchema,
  DevicePlugin,
  type DeviceSchema,
  EmptySchema,
  ListAndWatchResponseSchema,
  Registration as KubeletRegistration,
} from '../plugins/generated/deviceplugin/v1beta1/deviceplugin_pb.js';
import { Registration } from '../plugins/generated/pluginregistration/registration_pb.js';
import { pluginChannel } from '../plugins/plugin-channel.ts';
import { serveAt } from './test-serve-at.ts';

export interface TestDevicePluginOptions {
  /** The kubelet's folder for sockets of such plugins. */
  dir: string;
  resource: string;
  /** Ids of devices that are healthy, or a device as it is told. */
  devices: (string | MessageInitShape<typeof DeviceSchema>)[];
  /** The name of its socket. */
  endpoint?: string;
  version?: string;
  preStart?: boolean;
  /** What it would rather give out. */
  prefers?: (request: { available: string[]; mustInclude: string[]; size: number }) => string[];
  /** What containers are started with that get these devices. */
  response?: (ids: string[]) => MessageInitShape<typeof ContainerAllocateResponseSchema>;
}

type Answer<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
) => MessageInitShape<O> | Promise<MessageInitShape<O>>;
type Listener = ServerWritableStream<MessageShape<typeof EmptySchema>, Buffer>;

/** A plugin with devices, as programs of vendors are. */
export class TestDevicePlugin {
  /** What it was asked: `Allocate a,b`. */
  readonly asked: string[] = [];
  /** What calls of a method fail with. */
  readonly failures = new Map<string, string>();
  /** What calls of `Allocate` wait for. */
  gate: Promise<void> = Promise.resolve();
  /** What the kubelet said of its registration by a socket. */
  readonly registrations: string[] = [];
  readonly #options: TestDevicePluginOptions;
  readonly #servers: Server[] = [];
  readonly #listeners = new Set<Listener>();
  #devices: TestDevicePluginOptions['devices'];

  private constructor(options: TestDevicePluginOptions) {
    this.#options = options;
    this.#devices = options.devices;
  }

  static async start(options: TestDevicePluginOptions): Promise<TestDevicePlugin> {
    const plugin = new TestDevicePlugin(options);
    mkdirSync(options.dir, { recursive: true });
    const server = new Server();
    plugin.#serveDevices(server);
    await plugin.#listen(server, plugin.socket);
    return plugin;
  }

  get socket(): string {
    return join(this.#options.dir, this.#options.endpoint ?? 'test.sock');
  }

  /** Makes itself known on the kubelet's socket; rejects with what it is told. */
  async register(): Promise<void> {
    const { dir, resource, version = 'v1beta1', endpoint = 'test.sock' } = this.#options;
    const channel = pluginChannel(join(dir, 'kubelet.sock'), systemClock);
    const request = { version, endpoint, resourceName: resource };
    try {
      await channel.call(KubeletRegistration.method.register, request, { timeoutMs: 10_000 });
    } finally {
      channel.close();
    }
  }

  /** Makes itself known by a socket in the folder of plugins of all types. */
  async registerBySocket(registry: string, supportedVersions = ['v1beta1']): Promise<void> {
    mkdirSync(registry, { recursive: true });
    const server = new Server();
    this.#serve(server, Registration.method.getInfo, () => ({
      type: 'DevicePlugin',
      name: this.#options.resource,
      endpoint: this.socket,
      supportedVersions,
    }));
    this.#serve(server, Registration.method.notifyRegistrationStatus, ({ pluginRegistered, error }) => {
      this.registrations.push(pluginRegistered ? 'registered' : error);
      return {};
    });
    await this.#listen(server, join(registry, 'device-reg.sock'));
  }

  /** Tells other devices than before. */
  tell(devices: TestDevicePluginOptions['devices']): void {
    this.#devices = devices;
    for (const listener of this.#listeners) listener.write(this.#list());
  }

  stop(): void {
    for (const server of this.#servers) server.forceShutdown();
    rmSync(this.socket, { force: true });
  }

  #listen(server: Server, path: string): Promise<void> {
    this.#servers.push(server);
    return serveAt(server, path);
  }

  #list(): Buffer {
    const devices = this.#devices.map((one) =>
      typeof one === 'string' ? { ID: one, health: 'Healthy' } : one,
    );
    return Buffer.from(toBinary(ListAndWatchResponseSchema, create(ListAndWatchResponseSchema, { devices })));
  }

  #serveDevices(server: Server): void {
    const { method } = DevicePlugin;
    const { preStart = false, prefers, response = () => ({}) } = this.#options;
    this.#serve(server, method.getDevicePluginOptions, () => ({
      preStartRequired: preStart,
      getPreferredAllocationAvailable: prefers !== undefined,
    }));
    this.#serve(server, method.getPreferredAllocation, ({ containerRequests: [request] }) => {
      const { availableDeviceIDs = [], mustIncludeDeviceIDs = [], allocationSize = 0 } = request ?? {};
      this.#note('GetPreferredAllocation', [...availableDeviceIDs, '+', ...mustIncludeDeviceIDs]);
      const asked = {
        available: availableDeviceIDs,
        mustInclude: mustIncludeDeviceIDs,
        size: allocationSize,
      };
      return { containerResponses: [{ deviceIDs: prefers?.(asked) ?? [] }] };
    });
    this.#serve(server, method.allocate, async ({ containerRequests: [request] }) => {
      const ids = request?.devicesIds ?? [];
      this.#note('Allocate', ids);
      await this.gate;
      return { containerResponses: [response(ids)] };
    });
    this.#serve(server, method.preStartContainer, ({ devicesIds }) => {
      this.#note('PreStartContainer', devicesIds);
      return {};
    });
    server.register(
      grpcPath(method.listAndWatch),
      (call: Listener) => {
        this.#listeners.add(call);
        call.on('cancelled', () => this.#listeners.delete(call));
        call.write(this.#list());
      },
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => fromBinary(EmptySchema, bytes),
      'serverStream',
    );
  }

  #note(method: string, ids: string[]): void {
    this.asked.push(`${method} ${ids.join(',')}`);
    const failure = this.failures.get(method);
    if (failure !== undefined) throw new Error(failure);
  }

  #serve<I extends DescMessage, O extends DescMessage>(
    server: Server,
    method: DescMethodUnary<I, O>,
    answer: Answer<I, O>,
  ): void {
    unaryRoute(method, async (request) => answer(request))(server);
  }
}
