import type { Log } from '../../platform/log.ts';
import { StoreError } from '../store.ts';
import type { CauseRecord } from './cause-record.ts';
import type { Endpoints } from './endpoints.ts';
import { Compare_CompareTarget, KV, type TxnResponse } from './generated/etcd/rpc_pb.js';
import { fenceRoot, type Keyspace } from './keyspace.ts';
import type { Leases } from './leases.ts';
import type { TransactionOutcome, TransactionPlan } from './transaction.ts';

/** Nothing is under way for so long: then etcd may forget the fence of a client that is gone. */
const lifeSeconds = 3600;

/**
 * Finds out what became of a write whose answer was lost. Each transaction of this client holds only while a key of
 * the client's own, the fence, has been written as often as the client knew. Writing it once more keeps out
 * whatever is still on its way; the write then has been made before that revision, which the watch of
 * everything tells, or never will be.
 */
export class Fence {
  readonly key: Uint8Array;
  readonly #id: string;
  readonly #endpoints: Endpoints;
  readonly #leases: Leases;
  readonly #log: Log;
  readonly #reached: (revision: number) => Promise<boolean>;
  /** The revision of each transaction under way, as soon as it has been seen. */
  readonly #made = new Map<string, number | 'unseen' | 'missed'>();
  #version = 0n;
  #next = 0;

  constructor(options: {
    endpoints: Endpoints;
    keyspace: Keyspace;
    leases: Leases;
    log: Log;
    /** Unique among all clients of etcd. */
    id: string;
    /** Whether everything up to a revision has been told to `saw` and `missed`, after waiting for it. */
    reached(revision: number): Promise<boolean>;
  }) {
    this.key = options.keyspace.wire(fenceRoot + options.id);
    this.#id = options.id;
    this.#endpoints = options.endpoints;
    this.#leases = options.leases;
    this.#log = options.log;
    this.#reached = options.reached;
  }

  /** How often the fence has been written, as far as is known. */
  get version(): bigint {
    return this.#version;
  }

  isAt(version: bigint): void {
    this.#version = version;
  }

  /** A name for a transaction of this client. */
  nextId(): string {
    return `${this.#id}-${this.#next++}`;
  }

  /** The transaction is about to be sent: from now on it is noted when it is seen. */
  expect(id: string): void {
    this.#made.set(id, 'unseen');
  }

  forget(id: string): void {
    this.#made.delete(id);
  }

  /** A commit is seen in etcd. */
  saw({ id }: CauseRecord, revision: number): void {
    if (this.#made.has(id)) this.#made.set(id, revision);
  }

  /** Commits went by unseen: what was under way may have been among them. */
  missed(): void {
    for (const [id, made] of this.#made) if (made === 'unseen') this.#made.set(id, 'missed');
  }

  /** What became of a transaction whose call ended with `error`. Rejects with `Unknown` where that cannot be found out. */
  async resolve(plan: TransactionPlan, error: unknown): Promise<TransactionOutcome> {
    this.#log.info('the answer to a write was lost; finding out what became of it', { error });
    const revision = await this.#raise(plan.fence.version).catch((failure: unknown) => {
      throw unknown(error, failure);
    });
    if (!(await this.#reached(revision))) throw unknown(error);
    const made = this.#made.get(plan.id);
    if (made === 'missed') throw unknown(error);
    if (typeof made === 'number') return { type: 'committed', revision: made };
    return { type: 'fenced', version: this.#version };
  }

  /** Takes the fence away, where it stands. */
  async remove(): Promise<void> {
    if (this.#version === 0n) return;
    await this.#endpoints.call(KV.method.deleteRange, { key: this.key });
  }

  /** Keeps out what was sent while the fence was at `version`. Resolves with a revision at which it is. */
  async #raise(version: bigint): Promise<number> {
    const { key } = this;
    const lease = await this.#leases.lease(lifeSeconds);
    const answer = await this.#endpoints.call(KV.method.txn, {
      compare: [
        { key, target: Compare_CompareTarget.VERSION, targetUnion: { case: 'version', value: version } },
      ],
      success: [{ request: { case: 'requestPut', value: { key, lease } } }],
      failure: [{ request: { case: 'requestRange', value: { key, keysOnly: true } } }],
    });
    this.#version = answer.succeeded ? version + 1n : versionIn(answer);
    return Number(answer.header?.revision);
  }
}

function versionIn({ responses: [found] }: TxnResponse): bigint {
  return (found?.response.case === 'responseRange' && found.response.value.kvs[0]?.version) || 0n;
}

function unknown(error: unknown, failure: unknown = error): StoreError {
  const text = (each: unknown) => (each instanceof Error ? each.message : String(each));
  const message = `${text(error)}; the write may have been made, which cannot be found out now`;
  return new StoreError('Unknown', message, { cause: failure });
}
