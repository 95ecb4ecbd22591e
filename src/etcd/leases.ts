import type { Clock, Timer } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { Store, Write } from '../store/store.ts';
import { leaseExists, leaseNotFound, leaseTooLong } from './errors.ts';
import type { Changes, Mvcc } from './mvcc.ts';

/** etcd's own bounds, in seconds. */
const longestTtl = 9_000_000_000n;
const shortestTtl = 2n;
const prefix = 'lease/';
const all = { from: '' };

interface Lease {
  id: bigint;
  /** Seconds. */
  ttl: bigint;
  /** On the clock's monotonic scale. */
  endsMs: number;
  timer: Timer;
  keys: Set<string>;
}

interface Options {
  mvcc: Mvcc;
  /** Keeps the leases themselves, apart from the keys: a lease that is granted takes no revision. */
  store: Store;
  clock: Clock;
  random: Random;
}

/** Leases and the keys that hang on them. After a start each lease has its whole time again, as in etcd. */
export class Leases {
  readonly #mvcc: Mvcc;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #leases = new Map<bigint, Lease>();
  readonly #leaseOf = new Map<string, Lease>();
  #stopped = false;

  private constructor({ mvcc, store, clock, random }: Options) {
    this.#mvcc = mvcc;
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  static async open(options: Options): Promise<Leases> {
    const leases = new Leases(options);
    for (const [id, ttl] of await grantedIn(options.store)) leases.#add(id, ttl);
    await leases.#attachAll();
    options.mvcc.onChanges = (changes) => leases.#attach(changes);
    options.mvcc.onFailure = () => leases.#attachAll();
    return leases;
  }

  has(id: bigint): boolean {
    return this.#leases.has(id);
  }

  /** The seconds that each was granted. */
  granted(): [bigint, bigint][] {
    return [...this.#leases.values()].map(({ id, ttl }) => [id, ttl]);
  }

  /** All of them, the one that ends first before the others. */
  ids(): bigint[] {
    return [...this.#leases.values()].sort((a, b) => a.endsMs - b.endsMs).map(({ id }) => id);
  }

  /** Grants a lease, with an id of its own where `id` is 0. */
  async grant(id: bigint, ttl: bigint): Promise<{ id: bigint; ttl: bigint }> {
    if (ttl > longestTtl) throw leaseTooLong();
    const chosen = id || this.#newId();
    if (this.#leases.has(chosen)) throw leaseExists();
    const lease = this.#add(chosen, ttl < shortestTtl ? shortestTtl : ttl);
    try {
      await this.#store.commit({ writes: [leaseWrite(chosen, lease.ttl)] });
    } catch (error) {
      this.#drop(lease);
      throw error;
    }
    return { id: chosen, ttl: lease.ttl };
  }

  /** Gives a lease its whole time again: the seconds, or 0 where there is no such lease. */
  renew(id: bigint): bigint {
    const lease = this.#leases.get(id);
    if (!lease) return 0n;
    this.#arm(lease);
    return lease.ttl;
  }

  /** What is left of a lease, and the store's keys on it, in order. */
  look(id: bigint): { ttl: bigint; grantedTtl: bigint; keys: string[] } | undefined {
    const lease = this.#leases.get(id);
    if (!lease) return undefined;
    const leftMs = Math.max(0, lease.endsMs - this.#clock.monotonic());
    return { ttl: BigInt(Math.floor(leftMs / 1000)), grantedTtl: lease.ttl, keys: [...lease.keys].sort() };
  }

  /** Ends a lease and deletes its keys, at one revision. Where that fails the lease has its whole time again. */
  async revoke(id: bigint): Promise<number> {
    const lease = this.#leases.get(id);
    if (!lease) throw leaseNotFound();
    try {
      const { revision } = await this.#mvcc.write(async () => this.#revocation(lease));
      await this.#store.commit({ writes: [{ type: 'delete', key: keyOf(id) }] });
      return revision;
    } catch (error) {
      await this.#bringBack(lease);
      throw error;
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#leases.values()) timer.cancel();
  }

  #revocation(lease: Lease): { changes: Changes; answer: undefined } {
    const keys = [...lease.keys].sort();
    this.#drop(lease);
    return { changes: new Map(keys.map((key) => [key, undefined])), answer: undefined };
  }

  #add(id: bigint, ttl: bigint): Lease {
    const lease: Lease = { id, ttl, endsMs: 0, timer: { cancel() {} }, keys: new Set() };
    this.#leases.set(id, lease);
    this.#arm(lease);
    return lease;
  }

  #drop(lease: Lease): void {
    lease.timer.cancel();
    this.#leases.delete(lease.id);
  }

  async #bringBack(lease: Lease): Promise<void> {
    if (this.#stopped || this.#leases.has(lease.id)) return;
    this.#leases.set(lease.id, lease);
    this.#arm(lease);
    await this.#attachAll();
  }

  #arm(lease: Lease): void {
    const spanMs = Number(lease.ttl) * 1000;
    lease.timer.cancel();
    lease.endsMs = this.#clock.monotonic() + spanMs;
    lease.timer = this.#clock.after(spanMs, () => void this.#expire(lease));
  }

  /** A revocation that fails is tried again when the lease's time has passed once more. */
  async #expire(lease: Lease): Promise<void> {
    if (this.#stopped || this.#leases.get(lease.id) !== lease) return;
    await this.revoke(lease.id).catch(() => {});
  }

  #attach(changes: Changes): void {
    for (const [key, record] of changes) {
      this.#leaseOf.get(key)?.keys.delete(key);
      this.#leaseOf.delete(key);
      const lease = record?.lease ? this.#leases.get(record.lease) : undefined;
      if (!lease) continue;
      lease.keys.add(key);
      this.#leaseOf.set(key, lease);
    }
  }

  /** What hangs on which lease, as it is on disk. */
  async #attachAll(): Promise<void> {
    const { records } = await this.#mvcc.read(all);
    this.#leaseOf.clear();
    for (const lease of this.#leases.values()) lease.keys.clear();
    this.#attach(new Map(records.map((record) => [record.key, record])));
  }

  #newId(): bigint {
    const id = Buffer.from(this.#random.bytes(8)).readBigUInt64BE() & 0x7fff_ffff_ffff_ffffn;
    return id === 0n || this.#leases.has(id) ? this.#newId() : id;
  }
}

/** The ids and seconds of the leases that a store keeps. */
export async function grantedIn(store: Store): Promise<[bigint, bigint][]> {
  const { entries } = await store.list(prefix);
  return entries.map(({ key, value }) => [
    BigInt(key.slice(prefix.length)),
    BigInt(Buffer.from(value).toString()),
  ]);
}

/** Keeps a lease that was granted so many seconds. */
export function leaseWrite(id: bigint, ttl: bigint): Write {
  return { type: 'put', key: keyOf(id), value: Buffer.from(String(ttl)) };
}

const keyOf = (id: bigint) => `${prefix}${id}`;
