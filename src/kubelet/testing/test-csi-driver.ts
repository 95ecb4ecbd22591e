import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { Server } from '@grpc/grpc-js';
import {
  Node,
  NodeServiceCapability_RPC_Type as Capability,
  type VolumeCapability,
  VolumeUsage_Unit as Unit,
} from '../plugins/generated/csi/v1/csi_pb.js';
import { GrpcError, unaryRoute } from '../../platform/grpc-server.ts';
import { parseMountInfo } from '../volumes/mounts.ts';
import { Registration } from '../plugins/generated/pluginregistration/registration_pb.js';
import { serveAt } from './test-serve-at.ts';

export interface TestCsiDriverOptions {
  /** For its sockets and the data of its volumes. */
  dir: string;
  /** The kubelet's folder for sockets. */
  registry: string;
  name?: string;
  versions?: string[];
  can?: (keyof typeof Capability)[];
  nodeId?: string;
  maxVolumes?: number;
  topology?: Record<string, string>;
  /** Whether volumes are mounted; else the driver only notes what it is asked. */
  mounts?: boolean;
}

/** A call that a driver was asked to do. */
export interface CsiCall {
  method: string;
  request: Record<string, unknown>;
}

type Answer<I extends DescMessage, O extends DescMessage> = (request: MessageShape<I>) => MessageInitShape<O>;

const isDevice = (capability: VolumeCapability | undefined) => capability?.accessType.case === 'block';

const isMounted = (path: string) =>
  parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')).some((point) => point.path === path);

/** A CSI driver with its registrar, as drivers put them on nodes. */
export class TestCsiDriver {
  readonly calls: CsiCall[] = [];
  /** What the kubelet said of its registration, the last first. */
  readonly registrations: { registered: boolean; error: string }[] = [];
  /** What calls of a method fail with. */
  readonly failures = new Map<string, string>();
  readonly #options: TestCsiDriverOptions;
  readonly #servers: Server[] = [];

  private constructor(options: TestCsiDriverOptions) {
    this.#options = options;
  }

  static async start(options: TestCsiDriverOptions): Promise<TestCsiDriver> {
    const driver = new TestCsiDriver(options);
    const { dir, registry, name = 'test.csi.example' } = options;
    mkdirSync(`${dir}/data`, { recursive: true });
    mkdirSync(registry, { recursive: true });
    const endpoint = join(dir, 'csi.sock');
    const server = new Server();
    driver.#node(server);
    await driver.#listen(server, endpoint);
    const registrar = new Server();
    driver.#serve(registrar, Registration.method.getInfo, () => ({
      type: 'CSIPlugin',
      name,
      endpoint,
      supportedVersions: options.versions ?? ['1.0.0'],
    }));
    driver.#serve(registrar, Registration.method.notifyRegistrationStatus, ({ pluginRegistered, error }) => {
      driver.registrations.unshift({ registered: pluginRegistered, error });
      return {};
    });
    await driver.#listen(registrar, join(registry, `${name}-reg.sock`));
    return driver;
  }

  /** The names of the calls about volumes, in order. */
  get asked(): string[] {
    return this.calls.map(({ method }) => method);
  }

  stop(): void {
    for (const server of this.#servers) server.forceShutdown();
    const { dir, registry, name = 'test.csi.example' } = this.#options;
    for (const path of [join(dir, 'csi.sock'), join(registry, `${name}-reg.sock`)])
      rmSync(path, { force: true });
  }

  #listen(server: Server, path: string): Promise<void> {
    this.#servers.push(server);
    return serveAt(server, path);
  }

  #node(server: Server): void {
    const { can = [], nodeId = 'node-of-driver', maxVolumes = 0, topology } = this.#options;
    const { method } = Node;
    this.#serve(server, method.nodeGetCapabilities, () => ({
      capabilities: can.map(
        (name) => ({ type: { case: 'rpc', value: { type: Capability[name] } } }) as const,
      ),
    }));
    this.#serve(server, method.nodeGetInfo, () => ({
      nodeId,
      maxVolumesPerNode: BigInt(maxVolumes),
      ...(topology && { accessibleTopology: { segments: topology } }),
    }));
    const noted = <I extends DescMessage, O extends DescMessage>(
      described: DescMethodUnary<I, O>,
      work: Answer<I, O>,
    ) =>
      this.#serve(server, described, (request) => {
        this.calls.push({ method: described.name, request: request as unknown as Record<string, unknown> });
        const failure = this.failures.get(described.name);
        if (failure !== undefined) throw new Error(failure);
        return work(request);
      });
    noted(method.nodeStageVolume, ({ volumeId, stagingTargetPath, volumeCapability }) =>
      isDevice(volumeCapability) ? {} : this.#mount(this.#data(volumeId), stagingTargetPath),
    );
    noted(method.nodeUnstageVolume, ({ stagingTargetPath }) => this.#unmount(stagingTargetPath));
    noted(method.nodePublishVolume, ({ volumeId, stagingTargetPath, targetPath, volumeCapability }) =>
      isDevice(volumeCapability)
        ? this.#makeDevice(targetPath)
        : this.#mount(stagingTargetPath || this.#data(volumeId), targetPath),
    );
    noted(method.nodeUnpublishVolume, ({ targetPath }) => this.#unmount(targetPath));
    noted(method.nodeGetVolumeStats, () => ({
      usage: [
        { unit: Unit.BYTES, available: 60n, total: 100n, used: 40n },
        { unit: Unit.INODES, available: 7n, total: 10n, used: 3n },
      ],
    }));
    noted(method.nodeExpandVolume, () => ({}));
  }

  #data(handle: string): string {
    const path = join(this.#options.dir, 'data', handle);
    mkdirSync(path, { recursive: true });
    return path;
  }

  #mount(from: string, to: string) {
    mkdirSync(to, { recursive: true });
    // To be asked again is no error.
    if (this.#options.mounts && !isMounted(to)) execFileSync('mount', ['--bind', from, to]);
    return {};
  }

  /** A device of the kind that loop devices are, or a file in its place. */
  #makeDevice(path: string) {
    if (existsSync(path)) return {};
    if (this.#options.mounts) execFileSync('mknod', [path, 'b', '7', '0']);
    else writeFileSync(path, '');
    return {};
  }

  #unmount(path: string) {
    if (this.#options.mounts && isMounted(path)) execFileSync('umount', [path]);
    // Never what is behind a mount.
    if (existsSync(path) && statSync(path).isDirectory()) rmdirSync(path);
    else rmSync(path, { force: true });
    return {};
  }

  #serve<I extends DescMessage, O extends DescMessage>(
    server: Server,
    method: DescMethodUnary<I, O>,
    answer: Answer<I, O>,
  ): void {
    const route = unaryRoute(method, async (request) => {
      try {
        return answer(request);
      } catch (error) {
        throw new GrpcError('INTERNAL', (error as Error).message);
      }
    });
    route(server);
  }
}
