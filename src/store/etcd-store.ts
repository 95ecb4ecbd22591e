import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import { checkWrites } from './core/writes.ts';
import { Compactor } from './etcd/compactor.ts';
import type { EtcdTls } from './etcd/connection.ts';
import { type CallLimits, Endpoints } from './etcd/endpoints.ts';
import { Fence } from './etcd/fence.ts';
import { Follower } from './etcd/follower.ts';
import { Maintenance } from './etcd/generated/etcd/rpc_pb.js';
import { Past } from './etcd/past.ts';
import { Keyspace } from './etcd/keyspace.ts';
import { Leases } from './etcd/leases.ts';
import { Reader } from './etcd/reader.ts';
import { Writer } from './etcd/writer.ts';
import {
  type Commit,
  type Entry,
  type HistoryEntry,
  type ListOptions,
  type ListResult,
  type Store,
  StoreError,
  type StoreStatus,
  type Watcher,
  type WatchHandle,
} from './store.ts';

export interface EtcdStoreOptions {
  /** URLs of servers of one cluster: `http://host:port` or `https://host:port`. */
  endpoints: readonly string[];
  tls?: EtcdTls;
  /** Follows what is shown and believed while that changes, until the signal is aborted. */
  followTls?(use: (tls: EtcdTls) => void, signal: AbortSignal): void;
  /** What every key in etcd begins with; nothing unless given, so that keys are those that upstream uses. */
  prefix?: string;
  /** Says when commits are made, and how old they are. */
  clock: Clock;
  /** The clock of deadlines and pauses, where it is another than `clock`. */
  callClock?: Clock;
  random: Random;
  log: Log;
  /** How long the past is kept; 24 hours unless given. */
  historyMs?: number;
  limits?: Partial<CallLimits>;
}

const defaultLimits: CallLimits = { readMs: 1500, writeMs: 3000, totalMs: 10_000 };

/** How long a commit waits for watchers that are behind, before it is acknowledged without them. */
const deliveryMs = 3000;

/**
 * A store in an etcd cluster (3.4 or newer), which other servers may use as well. Rejects with `Unavailable` where no
 * server can be reached in time, saying what each of them answered.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { clock, random, log } = options;
  const callClock = options.callClock ?? clock;
  const limits = { ...defaultLimits, ...options.limits };
  const { endpoints: urls, tls = {} } = options;
  const endpoints = new Endpoints({ endpoints: urls, tls, clock: callClock, limits });
  const keyspace = new Keyspace(options.prefix ?? '');
  const reader = new Reader({ endpoints, keyspace });
  try {
    const revision = await reader.revision();
    const leases = new Leases({ endpoints, clock: callClock });
    const fence = new Fence({
      endpoints,
      keyspace,
      leases,
      log,
      id: random.uuid(),
      reached: (upTo) => follower.reached(upTo, limits.totalMs),
    });
    const follower = new Follower({
      endpoints,
      keyspace,
      clock: callClock,
      log,
      revision,
      onRecord: (record, at) => fence.saw(record, at),
      onGap: () => fence.missed(),
    });
    const writer = new Writer({ endpoints, keyspace, reader, leases, fence, clock });
    const past = new Past({ endpoints, keyspace, reader, clock: callClock, log });
    const historyMs = options.historyMs ?? 24 * 3_600_000;
    const compactor = new Compactor({ endpoints, keyspace, reader, past, clock, log, historyMs });
    compactor.start();
    const closing = new AbortController();
    options.followTls?.((renewed) => endpoints.setTls(renewed), closing.signal);
    const onClose = () => closing.abort();
    return new EtcdStore({ endpoints, reader, leases, writer, fence, follower, past, compactor, onClose });
  } catch (error) {
    endpoints.close();
    throw error;
  }
}

interface Parts {
  endpoints: Endpoints;
  reader: Reader;
  leases: Leases;
  writer: Writer;
  fence: Fence;
  follower: Follower;
  past: Past;
  compactor: Compactor;
  onClose(): void;
}

class EtcdStore implements Store {
  readonly #parts: Parts;
  readonly #pending = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async get(key: string, options?: { atRevision?: number }): Promise<Entry | undefined> {
    this.#checkOpen();
    return this.#parts.reader.get(key, options?.atRevision);
  }

  /** Here nothing is ahead of what is durable. */
  newest(key: string): Promise<Entry | undefined> {
    return this.get(key);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#checkOpen();
    return this.#parts.reader.list(prefix, options);
  }

  async commit(commit: Commit): Promise<number> {
    this.#checkOpen();
    checkWrites(commit.writes);
    const committing = this.#commit(commit);
    this.#pending.add(committing);
    return committing.finally(() => this.#pending.delete(committing));
  }

  async watch(prefix: string, fromRevision: number, watcher: Watcher): Promise<WatchHandle> {
    this.#checkOpen();
    await this.#parts.reader.check(fromRevision);
    this.#checkOpen();
    return this.#parts.follower.watch(prefix, fromRevision, watcher);
  }

  async history(key: string): Promise<HistoryEntry[]> {
    this.#checkOpen();
    return this.#parts.past.history(key);
  }

  async revisionAt(timeMs: number): Promise<number> {
    this.#checkOpen();
    return this.#parts.past.revisionAt(timeMs);
  }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    await this.#parts.compactor.compact(revision);
  }

  async leases(prefix: string): Promise<Map<string, number>> {
    this.#checkOpen();
    const { leases, reader } = this.#parts;
    return leases.left(await reader.leased(prefix));
  }

  async check(): Promise<void> {
    // Any read does; the status of a large store takes longer.
    await this.get('/registry/health');
  }

  async status(): Promise<StoreStatus> {
    this.#checkOpen();
    const { endpoints, reader } = this.#parts;
    const [status, keys, revision] = await Promise.all([
      endpoints.call(Maintenance.method.status, {}),
      reader.count(),
      reader.revision(),
    ]);
    const compactedRevision = await reader.compactedRevision(revision);
    return { backend: 'etcd', revision, compactedRevision, keys, sizeBytes: Number(status.dbSize) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #commit(commit: Commit): Promise<number> {
    const revision = await this.#parts.writer.commit(commit);
    await this.#parts.follower.reached(revision, deliveryMs);
    return revision;
  }

  async #close(): Promise<void> {
    const { endpoints, fence, follower, past, compactor, onClose } = this.#parts;
    onClose();
    await Promise.allSettled([...this.#pending, compactor.stop()]);
    // Goes by itself after a while.
    await fence.remove().catch(() => {});
    past.close();
    follower.close(closed());
    endpoints.close();
  }

  #checkOpen(): void {
    if (this.#closing) throw closed();
  }
}

function closed(): StoreError {
  return new StoreError('Closed', 'The store is closed');
}
