import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Server, type ServerWritableStream } from '@grpc/grpc-js';
import { grpcPath } from '../../platform/grpc-method.ts';
import { unaryRoute } from '../../platform/grpc-server.ts';
import { type Claim, type DeviceSchema, DRAPlugin as V1 } from '../plugins/generated/dra/v1/dra_pb.js';
import { DRAPlugin as V1beta1 } from '../plugins/generated/dra/v1beta1/dra_pb.js';
import {
  type DeviceHealthSchema,
  DRAResourceHealth,
  NodeWatchResourcesRequestSchema,
  NodeWatchResourcesResponseSchema,
} from '../plugins/generated/drahealth/v1alpha1/drahealth_pb.js';
import { Registration } from '../plugins/generated/pluginregistration/registration_pb.js';
import { serveAt } from './test-serve-at.ts';

export interface TestDraDriverOptions {
  /** For its own socket. */
  dir: string;
  /** The kubelet's folder for sockets. */
  registry: string;
  name?: string;
  /** What tells this instance from others of the driver. */
  instance?: string;
  versions?: string[];
  /** What is ready of a claim; one device `gpu-0` for all requests unless told. */
  devices?: (claim: Claim) => MessageInitShape<typeof DeviceSchema>[];
  /** Tells how its devices are. */
  health?: boolean;
}

type Health = MessageInitShape<typeof DeviceHealthSchema>;
type Listener = ServerWritableStream<unknown, Buffer>;

/** A driver of devices, as vendors put them on nodes. */
export class TestDraDriver {
  /** What it was asked, such as `prepare a,b`, with the names of claims. */
  readonly asked: string[] = [];
  /** The services at which it was asked. */
  readonly services = new Set<string>();
  /** What calls fail with: `prepare` and `unprepare` as a whole, or a claim by its name. */
  readonly failures = new Map<string, string>();
  /** Claims about which it says nothing. */
  readonly skipped = new Set<string>();
  /** What calls wait for. */
  gate: Promise<void> = Promise.resolve();
  readonly registrations: string[] = [];
  readonly #options: TestDraDriverOptions;
  readonly #listeners = new Set<Listener>();
  #servers: Server[] = [];
  #health: Health[] = [];

  private constructor(options: TestDraDriverOptions) {
    this.#options = options;
  }

  static async start(options: TestDraDriverOptions): Promise<TestDraDriver> {
    const driver = new TestDraDriver(options);
    mkdirSync(options.dir, { recursive: true });
    mkdirSync(options.registry, { recursive: true });
    await driver.serve();
    await driver.#register();
    return driver;
  }

  get name(): string {
    return this.#options.name ?? 'test.dra.example';
  }

  get #id(): string {
    return `${this.name}${this.#options.instance ?? ''}`;
  }

  get socket(): string {
    return join(this.#options.dir, `${this.#id}.sock`);
  }

  get #registrar(): string {
    return join(this.#options.registry, `${this.#id}-reg.sock`);
  }

  /** Serves claims; once more after `silence`. */
  async serve(): Promise<void> {
    const server = new Server();
    for (const service of [V1, V1beta1]) {
      const { nodePrepareResources, nodeUnprepareResources } = service.method;
      const errorOf = (claim: Claim) => this.failures.get(claim.name) ?? '';
      unaryRoute(nodePrepareResources, ({ claims }) =>
        this.#answer('prepare', service.typeName, claims, (claim) => ({
          devices: this.#devices(claim),
          error: errorOf(claim),
        })),
      )(server);
      unaryRoute(nodeUnprepareResources, ({ claims }) =>
        this.#answer('unprepare', service.typeName, claims, (claim) => ({ error: errorOf(claim) })),
      )(server);
    }
    if (this.#options.health) this.#serveHealth(server);
    await this.#listen(server, this.socket);
  }

  /** Its process is gone without a word; the socket by which it is known stays. */
  silence(): void {
    this.#servers.shift()?.forceShutdown();
  }

  /** Says how devices are. */
  tell(health: Health[]): void {
    this.#health = health;
    for (const listener of this.#listeners) this.#say(listener);
  }

  /** How many follow the health of its devices. */
  get listeners(): number {
    return this.#listeners.size;
  }

  stop(): void {
    for (const server of this.#servers) server.forceShutdown();
    this.#servers = [];
    for (const socket of [this.socket, this.#registrar]) rmSync(socket, { force: true });
  }

  async #answer<T>(what: string, service: string, claims: Claim[], of: (claim: Claim) => T) {
    this.services.add(service);
    this.asked.push(`${what} ${claims.map(({ name }) => name).join(',')}`);
    await this.gate;
    const failure = this.failures.get(what);
    if (failure !== undefined) throw new Error(failure);
    const told = claims.filter(({ name }) => !this.skipped.has(name));
    return { claims: Object.fromEntries(told.map((claim) => [claim.uid, of(claim)])) };
  }

  #devices(claim: Claim): MessageInitShape<typeof DeviceSchema>[] {
    const { devices } = this.#options;
    const cdiDeviceIds = [`${this.name}/gpu=${claim.name}`];
    return devices?.(claim) ?? [{ poolName: 'n1', deviceName: 'gpu-0', cdiDeviceIds }];
  }

  #serveHealth(server: Server): void {
    server.register(
      grpcPath(DRAResourceHealth.method.nodeWatchResources),
      (call: Listener) => {
        this.#listeners.add(call);
        call.on('cancelled', () => this.#listeners.delete(call));
        this.#say(call);
      },
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => fromBinary(NodeWatchResourcesRequestSchema, bytes),
      'serverStream',
    );
  }

  #say(listener: Listener): void {
    const message = create(NodeWatchResourcesResponseSchema, { devices: this.#health });
    listener.write(Buffer.from(toBinary(NodeWatchResourcesResponseSchema, message)));
  }

  async #register(): Promise<void> {
    const server = new Server();
    const { getInfo, notifyRegistrationStatus } = Registration.method;
    unaryRoute(getInfo, async () => ({
      type: 'DRAPlugin',
      name: this.name,
      endpoint: this.socket,
      supportedVersions: this.#options.versions ?? ['v1.DRAPlugin', 'v1beta1.DRAPlugin'],
    }))(server);
    unaryRoute(notifyRegistrationStatus, async ({ pluginRegistered, error }) => {
      this.registrations.push(pluginRegistered ? 'registered' : error);
      return {};
    })(server);
    await this.#listen(server, this.#registrar);
  }

  #listen(server: Server, path: string): Promise<void> {
    this.#servers.push(server);
    return serveAt(server, path);
  }
}
