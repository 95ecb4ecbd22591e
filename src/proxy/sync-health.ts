import type { Node } from '../api/core/v1.ts';
import type { AddressFamily } from '../machinery/address-family.ts';
import type { Clock } from '../platform/clock.ts';

/** By when a change has to be in force: twice upstream's period of syncs. */
const lateMs = 60_000;
/** Set by the cluster autoscaler before it takes a node away. */
const goingTaint = 'ToBeDeletedByClusterAutoscaler';
/** What Go prints for no moment at all. */
const never = '0001-01-01T00:00:00Z';

/** What the proxy says of itself, as upstream's writes it. */
export interface ProxyHealth {
  lastUpdated: string;
  currentTime: string;
  healthy: boolean;
  /** Of each family whose rules have once been brought up to date. */
  status?: Partial<Record<AddressFamily['name'], { lastUpdated: string; healthy: boolean }>>;
}

/** Whether the rules follow what happens in the cluster: a family that has not begun yet is healthy, one that is late is not. */
export class SyncHealth {
  readonly #clock: Clock;
  /** When the rules of families were last brought up to date, as wall time. */
  readonly #updatedMs = new Map<AddressFamily['name'], number>();
  /** Since when a change waits, on the monotonic clock. */
  readonly #waitsSinceMs = new Map<AddressFamily['name'], number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has changed that the rules of a family do not know yet. */
  queued({ name }: AddressFamily): void {
    if (!this.#waitsSinceMs.has(name)) this.#waitsSinceMs.set(name, this.#clock.monotonic());
  }

  /** The rules of a family are up to date. */
  updated({ name }: AddressFamily): void {
    this.#waitsSinceMs.delete(name);
    this.#updatedMs.set(name, this.#clock.now());
  }

  /** What is told of it now: all is healthy where each family is, and as new as the newest. */
  get report(): ProxyHealth {
    const now = this.#clock.monotonic();
    const families = [...this.#updatedMs].map(([name, updatedMs]) => {
      const since = this.#waitsSinceMs.get(name);
      return { name, updatedMs, healthy: since === undefined || now - since < lateMs };
    });
    const newest = Math.max(...families.map(({ updatedMs }) => updatedMs));
    const status = families.map(
      ({ name, updatedMs, healthy }) => [name, { lastUpdated: written(updatedMs), healthy }] as const,
    );
    return {
      lastUpdated: families.length > 0 ? written(newest) : never,
      currentTime: written(this.#clock.now()),
      healthy: families.every(({ healthy }) => healthy),
      ...(families.length > 0 && { status: Object.fromEntries(status) }),
    };
  }
}

const written = (epochMs: number) => new Date(epochMs).toISOString();

/** Whether load balancers may send new connections to the node: it stays. */
export function isEligible(node: Node | undefined): boolean {
  if (!node || node.metadata.deletionTimestamp) return false;
  return !node.spec?.taints?.some(({ key }) => key === goingTaint);
}
