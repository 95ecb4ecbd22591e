import { dirname } from 'node:path';
import type { Pod } from '../../api/core/v1.ts';
import type { LocalGrpcServer } from '../../platform/grpc-server.ts';
import type { Platform } from '../../platform/platform.ts';
import { TokenBucket } from '../../platform/token-bucket.ts';
import type { DraManager } from '../dra/dra-manager.ts';
import type { DeviceManager } from './device-manager.ts';
import { toldDevices, toldPod } from './pod-resources.ts';

export interface PodResourcesServerOptions {
  /** `/var/lib/kubelet/pod-resources/kubelet.sock` on a plain machine. */
  socketPath: string;
  platform: Pick<Platform, 'files' | 'clock'>;
  devices: DeviceManager;
  claims: Pick<DraManager, 'claimed'>;
  /** Pods that have not ended. */
  active(): Pod[];
  /** All pods that are known, ended ones too. */
  all(): Pod[];
}

/** Upstream's: so many calls a second are answered, and so many at once. */
const callsPerSecond = 100;
const callsAtOnce = 10;

/** Tells agents of this node which pods have which devices. */
export class PodResourcesServer {
  readonly #options: PodResourcesServerOptions;
  readonly #calls = new TokenBucket({ perSecond: callsPerSecond, burst: callsAtOnce });
  #server: LocalGrpcServer | undefined;

  constructor(options: PodResourcesServerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { socketPath, platform, devices, claims, active, all } = this.#options;
    const view = { devices, claims };
    await platform.files.makeDir(dirname(socketPath), { mode: 0o750 });
    const [{ GrpcError, listenGrpc, unaryRoute }, { PodResourcesLister }, { PodResourcesLister: Before }] =
      await Promise.all([
        import('../../platform/grpc-server.ts'),
        import('../plugins/generated/podresources/v1/podresources_pb.js'),
        import('../plugins/generated/podresources/v1alpha1/podresources_pb.js'),
      ]);
    const limited =
      <I, O>(answer: (request: I) => O) =>
      async (request: I): Promise<O> => {
        if (this.#calls.tryTake(platform.clock.monotonic())) return answer(request);
        throw new GrpcError('RESOURCE_EXHAUSTED', 'rejected by rate limit');
      };
    const list = limited(() => ({ podResources: active().map((pod) => toldPod(pod, view)) }));
    const { method } = PodResourcesLister;
    this.#server = await listenGrpc(socketPath, [
      unaryRoute(Before.method.list, list),
      unaryRoute(method.list, list),
      unaryRoute(
        method.getAllocatableResources,
        limited(() => ({ devices: toldDevices(devices.allocatable()) })),
      ),
      unaryRoute(
        method.get,
        limited(({ podName, podNamespace }) => {
          const pod = all().find(
            ({ metadata }) => metadata.name === podName && metadata.namespace === podNamespace,
          );
          if (!pod) throw new Error(`pod ${podName} in namespace ${podNamespace} not found`);
          return { podResources: toldPod(pod, view) };
        }),
      ),
    ]);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
  }
}
