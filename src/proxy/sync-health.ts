import type { Node } from '../api/core/v1.ts';
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
  status?: { IPv4: { lastUpdated: string; healthy: boolean } };
}

/** Whether the rules follow what happens in the cluster: a proxy that has not begun yet is healthy, one that is late is not. */
export class SyncHealth {
  readonly #clock: Clock;
  /** When the rules were last brought up to date, as wall time. */
  #updatedMs: number | undefined;
  /** Since when a change waits, on the monotonic clock. */
  #waitsSinceMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something has changed that the rules do not know yet. */
  queued(): void {
    this.#waitsSinceMs ??= this.#clock.monotonic();
  }

  /** The rules are up to date. */
  updated(): void {
    this.#waitsSinceMs = undefined;
    this.#updatedMs = this.#clock.now();
  }

  /** What is told of it now. */
  get report(): ProxyHealth {
    const since = this.#waitsSinceMs;
    const hasBegun = this.#updatedMs !== undefined;
    const healthy = !hasBegun || since === undefined || this.#clock.monotonic() - since < lateMs;
    const lastUpdated = hasBegun ? written(this.#updatedMs) : never;
    return {
      lastUpdated,
      currentTime: written(this.#clock.now()),
      healthy,
      ...(hasBegun && { status: { IPv4: { lastUpdated, healthy } } }),
    };
  }
}

const written = (epochMs: number | undefined) => new Date(epochMs ?? 0).toISOString();

/** Whether load balancers may send new connections to the node: it stays. */
export function isEligible(node: Node | undefined): boolean {
  if (!node || node.metadata.deletionTimestamp) return false;
  return !node.spec?.taints?.some(({ key }) => key === goingTaint);
}
