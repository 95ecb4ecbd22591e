import { createHash } from 'node:crypto';
import type { Lease } from '../../api/coordination/v1.ts';
import { leases } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { causedBy, type Transport } from '../../client/transport.ts';
import { formatMicroTime } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { writeOnce } from './keeper.ts';
import { putObject } from './put-object.ts';

export interface IdentityLeaseOptions {
  platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  reader: ObjectReader;
  transport: Transport;
  /** Name of this machine. */
  hostName: string;
  /** Where the server is found (`10.0.0.1:6443`), where others may be on its store. */
  address?: string;
}

const namespace = 'kube-system';
const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
const label = 'apiserver.kubernetes.io/identity';
const component = 'kube-apiserver';
/** Upstream's times. */
const leaseDurationSeconds = 3600;
const renewMs = 10_000;
const collectMs = 3_600_000;
const cause = { reason: 'the server says that it runs' };

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** RFC 4648, in small letters and without padding. */
function encodeBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => base32[Number.parseInt(group.padEnd(5, '0'), 2)])
    .join('');
}

/**
 * The name of a server, the same after each start: made by upstream's rule (SHA-256 of parts, each after its length in two
 * bytes), but that the address is a part too where several servers of one store may run on one machine.
 */
export function serverId(hostName: string, address?: string): string {
  const parts = [hostName, component, address ?? []].flat().flatMap((part) => {
    const bytes = Buffer.from(part);
    return [Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes];
  });
  const hash = createHash('sha256').update(Buffer.concat(parts)).digest();
  return `apiserver-${encodeBase32(hash.subarray(0, 16))}`;
}

/** Whether nobody has renewed a lease for as long as it lasts. */
export function isExpired({ spec }: Lease, nowMs: number): boolean {
  const { renewTime, leaseDurationSeconds: seconds } = spec;
  return renewTime === undefined || seconds === undefined || Date.parse(renewTime) + seconds * 1000 < nowMs;
}

/**
 * The lease in `kube-system` by which everybody sees that a server runs. It outlives the server by an hour; what is older
 * is collected by those that run.
 */
export class IdentityLease {
  readonly #options: IdentityLeaseOptions;
  readonly #name: string;
  readonly #holder: string;
  readonly #abort = new AbortController();

  constructor(options: IdentityLeaseOptions) {
    this.#options = options;
    this.#name = serverId(options.hostName, options.address);
    this.#holder = `${this.#name}_${options.platform.random.uuid()}`;
  }

  /** Resolves when the lease stands. */
  async start(): Promise<void> {
    await this.#renew();
    await this.#collect();
    void this.#every(renewMs, () => this.#renew());
    void this.#every(collectMs, () => this.#collect());
  }

  stop(): void {
    this.#abort.abort();
  }

  async #every(periodMs: number, action: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options.platform;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await clock.sleep(periodMs, signal).catch(() => {});
      if (signal.aborted) return;
      await action().catch((error) => {
        if (!signal.aborted) log.warn('the lease of this server cannot be kept', { error });
      });
    }
  }

  async #renew(): Promise<void> {
    const { platform, hostName } = this.#options;
    const renewTime = formatMicroTime(platform.clock.now());
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        namespace,
        name: this.#name,
        labels: { [label]: component, 'kubernetes.io/hostname': hostName },
      },
      spec: { holderIdentity: this.#holder, leaseDurationSeconds, renewTime },
    };
    await putObject(this.#options.transport, { path, body: lease, cause });
  }

  async #collect(): Promise<void> {
    const { reader, platform } = this.#options;
    const isServer = ({ metadata }: Stored<Lease>) => metadata.labels?.[label] === component;
    for (const lease of reader.list(leases, namespace)) {
      if (!isServer(lease) || !isExpired(lease, platform.clock.now())) continue;
      const { uid, resourceVersion } = lease.metadata;
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } };
      await writeOnce(this.#options.transport, {
        method: 'DELETE',
        path: `${path}/${lease.metadata.name}`,
        body,
        cause: causedBy(lease, 'no server has renewed it for as long as it lasts'),
      });
    }
  }
}
