import { type Entry, type ListOptions, type ListResult, StoreError } from '../store.ts';
import type { Endpoints } from './endpoints.ts';
import type { KeyValue } from './generated/etcd/kv_pb.js';
import { KV, type RangeResponse } from './generated/etcd/rpc_pb.js';
import { causeKey, isKey, type Keyspace } from './keyspace.ts';
import { entryOf } from './watch-events.ts';

/** How many entries are asked for at once. */
const pageSize = 1000;

interface RangeOptions {
  atRevision?: number;
  limit?: number;
  countOnly?: boolean;
  keysOnly?: boolean;
}

/** Reads of what is or was, all of them linearizable: true at some moment between question and answer. */
export class Reader {
  readonly #endpoints: Endpoints;
  readonly #keyspace: Keyspace;
  /** The oldest revision that can be read, as far as is known. */
  #compacted = 0;

  constructor(options: { endpoints: Endpoints; keyspace: Keyspace }) {
    this.#endpoints = options.endpoints;
    this.#keyspace = options.keyspace;
  }

  /** The newest revision of etcd. */
  async revision(): Promise<number> {
    return revisionOf(await this.#range({ key: this.#keyspace.wire(causeKey) }, { countOnly: true }));
  }

  async get(key: string, atRevision?: number): Promise<Entry | undefined> {
    if (!isKey(key)) return undefined;
    if (atRevision !== undefined && atRevision < 1) return this.#beforeAll(undefined);
    const { kvs } = await this.#range({ key: this.#keyspace.wire(key) }, { atRevision });
    return kvs[0] && entryOf(kvs[0], key);
  }

  /** Rejects with `Compacted` or `FutureRevision` where a revision cannot be read. */
  async check(revision: number): Promise<void> {
    if (revision < 1) return this.#beforeAll(undefined);
    await this.#range({ key: this.#keyspace.wire(causeKey) }, { atRevision: revision, countOnly: true });
  }

  async list(prefix: string, options: ListOptions): Promise<ListResult> {
    if (options.atRevision !== undefined && options.atRevision < 1)
      return this.#beforeAll({ entries: [], revision: options.atRevision, more: false });
    const limit = options.limit || Number.POSITIVE_INFINITY;
    const entries: Entry[] = [];
    let revision = options.atRevision;
    for (const range of this.#keyspace.ranges(prefix, options.from)) {
      let more = true;
      for (let key = range.key; more; ) {
        // One entry more than wanted tells whether there are more.
        const page = await this.#range(
          { ...range, key },
          { atRevision: revision, limit: Math.min(pageSize, limit - entries.length + 1) },
        );
        revision ??= revisionOf(page);
        for (const kv of page.kvs) {
          if (entries.length === limit) return { entries, revision, more: true };
          entries.push(entryOf(kv, this.#keyspace.key(kv.key) as string));
        }
        more = page.more;
        key = after(page.kvs.at(-1));
      }
    }
    return { entries, revision: revision as number, more: false };
  }

  /** The keys below a prefix that have a lease, with its id. */
  async leased(prefix: string): Promise<Map<string, bigint>> {
    const found = new Map<string, bigint>();
    for (const range of this.#keyspace.ranges(prefix)) {
      let more = true;
      for (let key = range.key; more; ) {
        const page = await this.#range({ ...range, key }, { limit: pageSize, keysOnly: true });
        for (const kv of page.kvs)
          if (kv.lease !== 0n) found.set(this.#keyspace.key(kv.key) as string, kv.lease);
        more = page.more;
        key = after(page.kvs.at(-1));
      }
    }
    return found;
  }

  async count(): Promise<number> {
    const ranges = this.#keyspace.ranges('');
    const answers = await Promise.all(ranges.map((range) => this.#range(range, { countOnly: true })));
    return answers.reduce((sum, answer) => sum + Number(answer.count), 0);
  }

  /** Notes that etcd has forgotten what came before `revision`. */
  compacted(revision: number): void {
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /** The oldest revision that can be read (0: all of them): found by trying, since etcd does not tell. */
  async compactedRevision(newest: number): Promise<number> {
    // More may be noted while etcd is asked: what is asked about is what is known to be gone.
    const known = this.#compacted;
    let gone = Math.max(known, 1);
    if (await this.#isKept(gone)) return known;
    let kept = newest;
    while (kept - gone > 1) {
      const middle = Math.floor((gone + kept) / 2);
      if (await this.#isKept(middle)) kept = middle;
      else gone = middle;
    }
    this.compacted(kept);
    return this.#compacted;
  }

  async #isKept(revision: number): Promise<boolean> {
    try {
      await this.check(revision);
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'Compacted') return false;
      throw error;
    }
  }

  /** Before the first revision there was nothing, if that is still known. */
  #beforeAll<T>(nothing: T): T {
    if (this.#compacted > 0)
      throw new StoreError('Compacted', `The oldest revision kept is ${this.#compacted}`);
    return nothing;
  }

  #range(range: { key: Uint8Array; rangeEnd?: Uint8Array }, options: RangeOptions): Promise<RangeResponse> {
    const { atRevision = 0, limit = 0, countOnly = false, keysOnly = false } = options;
    return this.#endpoints.call(KV.method.range, {
      ...range,
      revision: BigInt(atRevision),
      limit: BigInt(Number.isFinite(limit) ? limit : 0),
      countOnly,
      keysOnly,
    });
  }
}

const revisionOf = (answer: RangeResponse) => Number(answer.header?.revision);

/** The first key after this one. */
function after(kv: KeyValue | undefined): Uint8Array {
  return kv ? Buffer.concat([kv.key, Buffer.of(0)]) : Buffer.of(0);
}
