import type { Clock } from '../../platform/clock.ts';
import type { Endpoints } from './endpoints.ts';
import { Lease } from './generated/etcd/rpc_pb.js';

interface Shared {
  id: Promise<bigint>;
  /** On the monotonic clock: until then further keys may be put on the lease. */
  untilMs: number;
  keys: number;
}

/** How much longer than asked a key may live, so that many keys share one lease: seconds, and part of the time. */
const slackSeconds = 60;
const slackPart = 0.05;
const keysPerLease = 1000;

/** Leases of etcd, shared by keys that end at about the same time: a lease each would be too many for etcd. */
export class Leases {
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #byTtl = new Map<number, Shared>();

  constructor(options: { endpoints: Endpoints; clock: Clock }) {
    this.#endpoints = options.endpoints;
    this.#clock = options.clock;
  }

  /** A lease that lasts at least `seconds` from now, and little longer. */
  async lease(seconds: number): Promise<bigint> {
    const ttl = Math.ceil(seconds);
    const slack = Math.min(slackSeconds, Math.floor(ttl * slackPart));
    const shared = this.#byTtl.get(ttl);
    if (shared && shared.keys < keysPerLease && this.#clock.monotonic() <= shared.untilMs) {
      shared.keys++;
      return shared.id;
    }
    const made = {
      id: this.#grant(ttl + slack),
      untilMs: this.#clock.monotonic() + slack * 1000,
      keys: 1,
    };
    this.#byTtl.set(ttl, made);
    // One that could not be had is not kept.
    made.id.catch(() => this.#byTtl.get(ttl) === made && this.#byTtl.delete(ttl));
    return made.id;
  }

  /** The seconds that keys have left, by the leases that they have. */
  async left(leases: ReadonlyMap<string, bigint>): Promise<Map<string, number>> {
    const seconds = new Map<bigint, number>();
    for (const id of new Set(leases.values())) {
      const { TTL } = await this.#endpoints.call(Lease.method.leaseTimeToLive, { ID: id });
      seconds.set(id, Math.max(0, Number(TTL)));
    }
    return new Map([...leases].map(([key, id]) => [key, seconds.get(id) ?? 0]));
  }

  /** etcd no longer knows a lease: new ones are taken from now on. */
  forget(): void {
    this.#byTtl.clear();
  }

  async #grant(ttlSeconds: number): Promise<bigint> {
    const answer = await this.#endpoints.call(Lease.method.leaseGrant, { TTL: BigInt(ttlSeconds) });
    return answer.ID;
  }
}
