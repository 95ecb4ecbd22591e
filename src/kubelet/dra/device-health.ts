import type { ResourceHealth } from '../../api/core/v1.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Files } from '../../platform/files.ts';
import type { DeviceHealth as ToldHealth } from '../plugins/generated/drahealth/v1alpha1/drahealth_pb.js';

/** How a device is, by its driver's last word. */
export interface DeviceHealth {
  pool: string;
  device: string;
  health: 'Healthy' | 'Unhealthy' | 'Unknown';
  message: string;
  toldAtMs: number;
  /** For so long the word holds. */
  holdsMs: number;
}

const usualHoldMs = 30_000;
/** Upstream's `ResourceHealthMessageMaxLength`, in bytes. */
const longestMessage = 1024;
const nanosInMs = 1_000_000;

/** As upstream's kubelet keeps it in `dra_health_state`; spans are in nanoseconds. */
interface FileHealth {
  PoolName: string;
  DeviceName: string;
  Health: DeviceHealth['health'];
  LastUpdated: string;
  HealthCheckTimeout: number;
  Message: string;
}

type FileContent = Record<string, { Devices: Record<string, FileHealth> | null }>;

const keyOf = ({ pool, device }: { pool: string; device: string }) => `${pool}/${device}`;

/** What drivers say of their devices' health, kept in a file for a kubelet that is started again. */
export class DevicesHealth {
  readonly #options: { path: string; platform: { files: Files; clock: Clock } };
  readonly #drivers = new Map<string, Map<string, DeviceHealth>>();
  #saving: Promise<void> = Promise.resolve();

  constructor(options: { path: string; platform: { files: Files; clock: Clock } }) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const { path, platform } = this.#options;
    if (!(await platform.files.exists(path))) return;
    const content = JSON.parse(await platform.files.readText(path)) as FileContent;
    for (const [driver, { Devices }] of Object.entries(content))
      this.#drivers.set(
        driver,
        new Map(Object.entries(Devices ?? {}).map(([key, device]) => [key, fromFile(device)])),
      );
  }

  /** How a device is now; unknown where its driver has not said so for too long. */
  of(driver: string, at: { pool: string; device: string }): Pick<ResourceHealth, 'health' | 'message'> {
    const found = this.#drivers.get(driver)?.get(keyOf(at));
    if (!found || this.#isStale(found)) return { health: 'Unknown' };
    const { health, message } = found;
    return { health, ...(message && { message }) };
  }

  /** Takes a driver's word; gives the devices that are otherwise than before. One that it does not mention is unknown once its word is too old. */
  tell(driver: string, told: readonly ToldHealth[]): DeviceHealth[] {
    const known = this.#drivers.get(driver) ?? new Map<string, DeviceHealth>();
    this.#drivers.set(driver, known);
    const nowMs = this.#options.platform.clock.now();
    const changed: DeviceHealth[] = [];
    const named = new Set<string>();
    for (const one of told.map((device) => fromDriver(device, nowMs))) {
      const before = known.get(keyOf(one));
      named.add(keyOf(one));
      known.set(keyOf(one), one);
      if (!before || !isSame(before, one)) changed.push(one);
    }
    for (const [key, one] of known) {
      if (named.has(key) || one.health === 'Unknown' || !this.#isStale(one)) continue;
      const unknown: DeviceHealth = { ...one, health: 'Unknown', message: '', toldAtMs: nowMs };
      known.set(key, unknown);
      changed.push(unknown);
    }
    if (changed.length > 0) this.#save();
    return changed;
  }

  /** Nobody speaks for a driver's devices any more. */
  forget(driver: string): void {
    if (this.#drivers.delete(driver)) this.#save();
  }

  /** Resolves once all is written down. */
  settled(): Promise<void> {
    return this.#saving;
  }

  #isStale({ toldAtMs, holdsMs }: DeviceHealth): boolean {
    return this.#options.platform.clock.now() - toldAtMs > holdsMs;
  }

  /** What is lost of it is told again. */
  #save(): void {
    const { path, platform } = this.#options;
    this.#saving = this.#saving.then(async () => {
      const content: FileContent = Object.fromEntries(
        [...this.#drivers].map(([driver, devices]) => [
          driver,
          { Devices: Object.fromEntries([...devices].map(([key, device]) => [key, toFile(device)])) },
        ]),
      );
      await platform.files.writeAtomic(path, JSON.stringify(content), { mode: 0o600 }).catch(() => {});
    });
  }
}

const isSame = (a: DeviceHealth, b: DeviceHealth) =>
  a.health === b.health && a.message === b.message && a.holdsMs === b.holdsMs;

/** By their numbers in the interface; gRPC is not loaded for nodes without drivers. */
const statuses = ['Unknown', 'Healthy', 'Unhealthy'] as const;

function fromDriver(
  { device, health, message, healthCheckTimeoutSeconds }: ToldHealth,
  nowMs: number,
): DeviceHealth {
  return {
    pool: device?.poolName ?? '',
    device: device?.deviceName ?? '',
    health: statuses[health] ?? 'Unknown',
    message: shortened(message),
    toldAtMs: nowMs,
    holdsMs: healthCheckTimeoutSeconds > 0n ? Number(healthCheckTimeoutSeconds) * 1000 : usualHoldMs,
  };
}

/** Never ends within a character, which would be no text. */
function shortened(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= longestMessage) return message;
  let end = longestMessage - 3;
  while (((bytes[end] as number) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString()}...`;
}

const toFile = ({ pool, device, health, message, toldAtMs, holdsMs }: DeviceHealth): FileHealth => ({
  PoolName: pool,
  DeviceName: device,
  Health: health,
  LastUpdated: new Date(toldAtMs).toISOString(),
  HealthCheckTimeout: holdsMs * nanosInMs,
  Message: message,
});

const fromFile = (file: FileHealth): DeviceHealth => ({
  pool: file.PoolName,
  device: file.DeviceName,
  health: file.Health,
  message: file.Message ?? '',
  toldAtMs: Date.parse(file.LastUpdated),
  holdsMs: file.HealthCheckTimeout / nanosInMs || usualHoldMs,
});
