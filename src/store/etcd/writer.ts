import type { Clock } from '../../platform/clock.ts';
import { type Commit, StoreError, type Write } from '../store.ts';
import { isFull, isLeaseGone, isRefusal, storeErrorOf } from './call-error.ts';
import { encodeCause } from './cause-record.ts';
import type { Connection } from './connection.ts';
import type { Endpoints } from './endpoints.ts';
import type { Fence } from './fence.ts';
import { Gate } from './gate.ts';
import { KV } from './generated/etcd/rpc_pb.js';
import { causeKey, type Keyspace } from './keyspace.ts';
import type { Leases } from './leases.ts';
import type { Reader } from './reader.ts';
import { outcomeOf, type TransactionOutcome, type TransactionPlan, transactionOf } from './transaction.ts';

/** More at once take no less time in all, but each of them longer: too long for its deadline. */
const mostInFlight = 128;

export interface WriterOptions {
  endpoints: Endpoints;
  keyspace: Keyspace;
  reader: Reader;
  leases: Leases;
  fence: Fence;
  /** Says when commits are made. */
  clock: Clock;
}

/** Makes commits of writes, each at most once, whatever happens to the connection meanwhile. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #gate = new Gate(mostInFlight);

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** The revision of the commit, or the newest one where it changes nothing. */
  async commit(commit: Commit): Promise<number> {
    await this.#gate.enter();
    try {
      return await this.#commit(commit);
    } finally {
      this.#gate.leave();
    }
  }

  async #commit(commit: Commit): Promise<number> {
    const deadline = this.#options.endpoints.deadline();
    for (;;) {
      const writes = await this.#withEffect(commit.writes);
      if (!writes) return this.#options.reader.revision();
      const plan = await this.#plan(writes, commit.cause);
      const outcome = await this.#carryOut(plan, deadline);
      if (outcome.type === 'committed') return outcome.revision;
      if (outcome.type === 'fenced') this.#options.fence.isAt(outcome.version);
      else if (outcome.type === 'conflict' && writes === commit.writes) throw outcome.error;
    }
  }

  /**
   * The writes, where it is sure that they change something if they can be made at all. Otherwise, what is there to
   * delete is looked up and expected to stay; undefined where that is nothing.
   */
  async #withEffect(writes: readonly Write[]): Promise<readonly Write[] | undefined> {
    if (writes.some((write) => write.type === 'put' || (write.expected ?? 0) > 0)) return writes;
    const found = await Promise.all(writes.map((write) => this.#options.reader.get(write.key)));
    if (found.every((entry) => entry === undefined)) return undefined;
    // With an expectation that fails, etcd says so.
    if (writes.some((write) => write.expected !== undefined)) return writes;
    return writes.map((write, i) => ({ ...write, expected: found[i]?.revision ?? 0 }));
  }

  async #plan(writes: readonly Write[], cause: Commit['cause']): Promise<TransactionPlan> {
    const { keyspace, leases, fence, clock } = this.#options;
    const seconds = writes.flatMap((write) => (write.type === 'put' && write.leaseSeconds) || []);
    const ids = new Map<number, bigint>();
    for (const each of new Set(seconds)) ids.set(each, await leases.lease(each));
    const id = fence.nextId();
    const record = { timeMs: Math.floor(clock.now()), id, ...(cause && { cause }) };
    return {
      id,
      writes,
      wire: (key) => keyspace.wire(key),
      cause: { key: keyspace.wire(causeKey), value: encodeCause(record) },
      fence: { key: fence.key, version: fence.version },
      leaseOf: (each) => ids.get(each) ?? 0n,
    };
  }

  async #carryOut(plan: TransactionPlan, deadline: number): Promise<TransactionOutcome> {
    const { fence, endpoints } = this.#options;
    fence.expect(plan.id);
    try {
      const connection = await endpoints.connected(deadline);
      return await this.#send(plan, connection);
    } finally {
      fence.forget(plan.id);
    }
  }

  async #send(plan: TransactionPlan, connection: Connection): Promise<TransactionOutcome> {
    const { endpoints, fence, leases } = this.#options;
    try {
      const request = transactionOf(plan);
      return outcomeOf(plan, await connection.call(KV.method.txn, request, endpoints.limits.writeMs));
    } catch (error) {
      if (isFull(error) && plan.writes.every((write) => write.type === 'delete'))
        return await this.#freeSpace(plan);
      if (isLeaseGone(error)) {
        leases.forget();
        return { type: 'undone' };
      }
      if (isRefusal(error)) throw storeErrorOf(error);
      endpoints.failed(connection);
      return await fence.resolve(plan, error);
    }
  }

  /** An etcd that is full takes no cause, but still lets things be deleted. */
  async #freeSpace(plan: TransactionPlan): Promise<TransactionOutcome> {
    const { endpoints } = this.#options;
    const request = transactionOf({ ...plan, cause: undefined });
    const connection = await endpoints.connected();
    try {
      return outcomeOf(plan, await connection.call(KV.method.txn, request, endpoints.limits.writeMs));
    } catch (error) {
      if (isRefusal(error)) throw storeErrorOf(error);
      throw new StoreError('Unknown', `${(error as Error).message}; the deletion may have been made`, {
        cause: error,
      });
    }
  }
}
