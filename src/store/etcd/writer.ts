import type { Clock } from '../../platform/clock.ts';
import { type Commit, StoreError, type Write } from '../store.ts';
import { isRefusal, storeErrorOf } from './call-error.ts';
import { encodeCause } from './cause-record.ts';
import type { Endpoints } from './endpoints.ts';
import { KV, type TxnResponse } from './generated/etcd/rpc_pb.js';
import { causeKey, fenceRoot, type Keyspace } from './keyspace.ts';
import { Gate } from './gate.ts';
import type { Leases } from './leases.ts';
import type { Reader } from './reader.ts';
import { outcomeOf, type TransactionPlan, transactionOf } from './transaction.ts';

/** More at once take no less time in all, but each of them longer: too long for its deadline. */
const mostInFlight = 256;

/** Makes commits of writes, each at most once. */
export class Writer {
  readonly #endpoints: Endpoints;
  readonly #keyspace: Keyspace;
  readonly #reader: Reader;
  readonly #leases: Leases;
  readonly #clock: Clock;
  readonly #id: string;
  readonly #gate = new Gate(mostInFlight);
  #next = 0;
  #fence = 0n;

  constructor(options: {
    endpoints: Endpoints;
    keyspace: Keyspace;
    reader: Reader;
    leases: Leases;
    /** Says when commits are made. */
    clock: Clock;
    /** Unique among all clients of etcd. */
    id: string;
  }) {
    this.#endpoints = options.endpoints;
    this.#keyspace = options.keyspace;
    this.#reader = options.reader;
    this.#leases = options.leases;
    this.#clock = options.clock;
    this.#id = options.id;
  }

  /** The revision of the commit, or the newest one where it changes nothing. */
  async commit(commit: Commit): Promise<number> {
    for (;;) {
      const writes = await this.#withEffect(commit.writes);
      if (!writes) return this.#reader.revision();
      const plan = await this.#plan(writes, commit.cause);
      const outcome = outcomeOf(plan, await this.#send(plan));
      if (outcome.type === 'committed') return outcome.revision;
      if (outcome.type === 'fenced') this.#fence = outcome.version;
      else if (writes === commit.writes) throw outcome.error;
    }
  }

  /**
   * The writes, where it is sure that they change something if they can be made at all. Otherwise, what is there to
   * delete is looked up and expected to stay; undefined where that is nothing.
   */
  async #withEffect(writes: readonly Write[]): Promise<readonly Write[] | undefined> {
    if (writes.some((write) => write.type === 'put' || (write.expected ?? 0) > 0)) return writes;
    const found = await Promise.all(writes.map((write) => this.#reader.get(write.key)));
    const present = writes.filter((_, i) => found[i] !== undefined);
    for (const [i, write] of writes.entries()) {
      const actual = found[i]?.revision ?? 0;
      if (write.expected !== undefined && actual !== 0)
        throw new StoreError('Conflict', `${write.key} is at revision ${actual}, expected it not to exist`, {
          key: write.key,
          actual,
        });
    }
    if (present.length === 0) return undefined;
    return writes.map((write, i) => ({ ...write, expected: found[i]?.revision ?? 0 }));
  }

  async #plan(writes: readonly Write[], cause: Commit['cause']): Promise<TransactionPlan> {
    const seconds = writes.flatMap((write) => (write.type === 'put' && write.leaseSeconds) || []);
    const leases = new Map<number, bigint>();
    for (const each of new Set(seconds)) leases.set(each, await this.#leases.lease(each));
    const id = `${this.#id}-${this.#next++}`;
    const record = { timeMs: Math.floor(this.#clock.now()), id, ...(cause && { cause }) };
    return {
      writes,
      wire: (key) => this.#keyspace.wire(key),
      cause: { key: this.#keyspace.wire(causeKey), value: encodeCause(record) },
      fence: { key: this.#keyspace.wire(fenceRoot + this.#id), version: this.#fence },
      leaseOf: (each) => leases.get(each) ?? 0n,
    };
  }

  async #send(plan: TransactionPlan): Promise<TxnResponse> {
    await this.#gate.enter();
    try {
      return await this.#sendNow(plan);
    } finally {
      this.#gate.leave();
    }
  }

  async #sendNow(plan: TransactionPlan): Promise<TxnResponse> {
    const connection = await this.#endpoints.connected();
    try {
      return await connection.call(KV.method.txn, transactionOf(plan), this.#endpoints.limits.attemptMs);
    } catch (error) {
      if (isRefusal(error)) throw storeErrorOf(error);
      this.#endpoints.failed(connection);
      throw new StoreError('Unknown', `${(error as Error).message} (the write may have been made)`, {
        cause: error,
      });
    }
  }
}
