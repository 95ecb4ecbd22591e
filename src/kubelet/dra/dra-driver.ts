import type { Clock } from '../../platform/clock.ts';
import type { GrpcChannel } from '../../platform/grpc-channel.ts';
import { grpcPath } from '../../platform/grpc-method.ts';
import type { Meter } from '../../platform/metrics/meter.ts';
import { DRAPlugin as V1 } from '../plugins/generated/dra/v1/dra_pb.js';
import { DRAPlugin as V1beta1 } from '../plugins/generated/dra/v1beta1/dra_pb.js';
import {
  type DeviceHealth,
  DRAResourceHealth,
} from '../plugins/generated/drahealth/v1alpha1/drahealth_pb.js';
import { PluginError, pluginChannel } from '../plugins/plugin-channel.ts';
import type { PreparedDevice } from './claim-state.ts';
import type { DraService } from './dra-service.ts';
import { callsDuration } from './metrics.ts';

/** Upstream's `defaultClientCallTimeout`. */
const timeoutMs = 45_000;

const services = { 'v1.DRAPlugin': V1, 'v1beta1.DRAPlugin': V1beta1 } as const satisfies Record<
  DraService,
  typeof V1 | typeof V1beta1
>;

/** A claim as drivers are told of it. */
export interface ToldClaim {
  namespace: string;
  name: string;
  uid: string;
}

type Results<T> = Readonly<Record<string, T>>;

/** One instance of a driver on this node, behind its socket. Calls may be made again with the same outcome. */
export class DraDriver {
  readonly name: string;
  readonly endpoint: string;
  readonly #service: (typeof services)[DraService];
  readonly #channel: GrpcChannel;
  readonly #options: { clock: Clock; meter: Meter };
  #isConnected = false;

  constructor(
    { name, endpoint, service }: { name: string; endpoint: string; service: DraService },
    options: { clock: Clock; meter: Meter },
  ) {
    this.name = name;
    this.endpoint = endpoint;
    this.#service = services[service];
    this.#channel = pluginChannel(endpoint, options.clock);
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Keeps the connection, and tells when it is made or lost. */
  follow(onChange: () => void): void {
    this.#channel.keepUp((isConnected) => {
      this.#isConnected = isConnected;
      onChange();
    });
  }

  /** Has claims made ready; gives what of each is ready then, by its uid. Rejects where one of them is not. */
  async prepare(
    claims: readonly ToldClaim[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, PreparedDevice[]>> {
    const { nodePrepareResources } = this.#service.method;
    const response = await this.#measured('NodePrepareResources', grpcPath(nodePrepareResources), () =>
      this.#channel.call(
        nodePrepareResources,
        { claims: [...claims] },
        { timeoutMs, ...(signal && { signal }) },
      ),
    );
    checkResults('NodePrepareResources', claims, response.claims);
    return new Map(
      Object.entries(response.claims).map(([uid, { devices }]) => [
        uid,
        devices.map(({ poolName, deviceName, shareId, requestNames, cdiDeviceIds }) => ({
          pool: poolName,
          device: deviceName,
          shareId,
          requests: requestNames,
          cdiDevices: cdiDeviceIds,
        })),
      ]),
    );
  }

  /** Has that taken back. */
  async unprepare(claims: readonly ToldClaim[], signal?: AbortSignal): Promise<void> {
    const { nodeUnprepareResources } = this.#service.method;
    const response = await this.#measured('NodeUnprepareResources', grpcPath(nodeUnprepareResources), () =>
      this.#channel.call(
        nodeUnprepareResources,
        { claims: [...claims] },
        { timeoutMs, ...(signal && { signal }) },
      ),
    );
    checkResults('NodeUnprepareResources', claims, response.claims);
  }

  /** Tells how devices are, and again when one has changed, until the driver ends it or is gone. */
  async watchHealth(onHealth: (devices: DeviceHealth[]) => void, signal: AbortSignal): Promise<void> {
    const { nodeWatchResources } = DRAResourceHealth.method;
    for await (const { devices } of this.#channel.stream(nodeWatchResources, {}, signal)) onHealth(devices);
  }

  close(): void {
    this.#channel.close();
  }

  async #measured<T>(method: string, path: string, call: () => Promise<T>): Promise<T> {
    const { clock, meter } = this.#options;
    const startMs = clock.monotonic();
    const note = (code: string) =>
      callsDuration(meter)
        .with(this.name, path, code)
        .observe((clock.monotonic() - startMs) / 1000);
    try {
      const answer = await call();
      note('OK');
      return answer;
    } catch (error) {
      note(error instanceof PluginError ? error.code : 'Unknown');
      throw new Error(`${method}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Each claim has to have its result, and that has to be no error. */
function checkResults(
  method: string,
  claims: readonly ToldClaim[],
  results: Results<{ error: string }>,
): void {
  for (const [uid, { error }] of Object.entries(results)) {
    const claim = claims.find((one) => one.uid === uid);
    if (!claim) throw new Error(`${method} returned result for unknown claim UID ${uid}`);
    if (error) throw new Error(`${method} failed for ResourceClaim ${claim.name}: ${error}`);
  }
  const skipped = claims.length - Object.keys(results).length;
  if (skipped !== 0) throw new Error(`${method} skipped ${skipped} ResourceClaims`);
}
