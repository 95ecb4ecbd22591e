import { checkWrites } from '../store/core/writes.ts';
import { type ListOptions, type Store, StoreError, type Write } from '../store/store.ts';
import { compacted, futureRevision } from './errors.ts';
import { isWithin, type KeyRange, prefixOf } from './keys.ts';
import { encodeRecord, type Record, recordOf } from './record.ts';

/** What a decision sees: everything that was decided before, durable or not. */
export interface View {
  /** The newest revision. */
  revision: number;
  read(range: KeyRange): Promise<Record[]>;
  /** Throws `Compacted` or `FutureRevision`. */
  readAt(range: KeyRange, revision: number): Promise<Record[]>;
}

type ReadOptions = Pick<ListOptions, 'atRevision' | 'onDemand'>;

/** What is written at one revision, in this order; undefined deletes. */
export type Changes = ReadonlyMap<string, Record | undefined>;

export interface Decision<T> {
  changes: Changes;
  answer: T;
}

/**
 * etcd's revisions over a store that nobody else writes into. Decisions are made one after the other, each knowing
 * all before it; their commits share flushes. Reads see what is durable.
 */
export class Mvcc {
  readonly #store: Store;
  /** Of all that is decided. */
  #revision: number;
  #durable: number;
  /** What is decided and not known to be durable. */
  readonly #pending = new Map<string, { record: Record | undefined }>();
  #lane: Promise<unknown> = Promise.resolve();
  /** Of the last commit that changed something. */
  #last: Promise<unknown> = Promise.resolve();
  /** Called with what a decision changes, at once; and when such changes came to nothing. */
  onChanges: (changes: Changes) => void = () => {};
  onFailure: () => Promise<void> = async () => {};

  /** The oldest revision that clients may read; the store forgets what was before when it gets to it. */
  #compacted: number;

  private constructor(store: Store, state: { revision: number; compactedRevision: number }) {
    this.#store = store;
    this.#revision = state.revision;
    this.#durable = state.revision;
    this.#compacted = state.compactedRevision;
  }

  static async open(store: Store): Promise<Mvcc> {
    return new Mvcc(store, await store.status());
  }

  get compactedRevision(): number {
    return this.#compacted;
  }

  /** Lets nobody read before `revision` any more, at once; resolves when that past is off the disk too. */
  compact(revision: number): Promise<void> {
    if (revision <= this.#compacted) throw compacted();
    if (revision > this.#durable) throw futureRevision();
    this.#compacted = revision;
    return this.#store.compact(revision);
  }

  /** The newest durable revision. */
  get revision(): number {
    return this.#durable;
  }

  /**
   * What is durable, now or at a revision. Records that are read on demand can be compacted by the next turn of the event loop:
   * who asks for them uses them at once.
   */
  async read(range: KeyRange, { atRevision, onDemand }: ReadOptions = {}) {
    if (atRevision !== undefined && atRevision < this.#compacted) throw compacted();
    const { entries, revision } = await listRange(this.#store, range, { atRevision, onDemand });
    return { records: entries, revision };
  }

  /** Resolves when what was decided is on disk, with its revision, or the newest one where nothing changed. */
  async write<T>(decide: (view: View) => Promise<Decision<T>>): Promise<{ answer: T; revision: number }> {
    const turn = this.#lane.then(() => this.#decide(decide));
    this.#lane = turn.catch(() => {});
    const { answer, revision, durable } = await turn;
    await durable;
    return { answer, revision };
  }

  async #decide<T>(decide: (view: View) => Promise<Decision<T>>) {
    const view: View = {
      revision: this.#revision,
      read: (range) => this.#newest(range),
      readAt: async (range, revision) => (await this.read(range, { atRevision: revision })).records,
    };
    const { changes, answer } = await decide(view);
    if (changes.size === 0) return { answer, revision: this.#revision, durable: this.#last };
    const writes = [...changes].map(([key, record]) => writeOf(key, record));
    // What the store would refuse takes no revision: all that comes later would be told a wrong one.
    checkWrites(writes);
    const revision = ++this.#revision;
    const durable = this.#commit(changes, writes, revision);
    this.#last = durable.catch(() => {});
    this.onChanges(changes);
    return { answer, revision, durable };
  }

  async #commit(changes: Changes, writes: readonly Write[], revision: number): Promise<void> {
    const mine = [...changes].map(([key, record]) => [key, { record }] as const);
    const done = this.#store.commit({ writes });
    for (const [key, state] of mine) this.#pending.set(key, state);
    try {
      const actual = await done;
      if (actual !== revision) throw new Error(`the store took revision ${actual}, not ${revision}`);
      this.#durable = Math.max(this.#durable, revision);
      this.#forget(mine);
    } catch (error) {
      this.#forget(mine);
      if (error instanceof StoreError && error.code === 'FlushFailed') await this.onFailure();
      throw error;
    }
  }

  #forget(mine: readonly (readonly [string, object])[]): void {
    for (const [key, state] of mine) if (this.#pending.get(key) === state) this.#pending.delete(key);
  }

  /** Durable records with what is pending put over them; both are looked at in the same turn. */
  async #newest(range: KeyRange): Promise<Record[]> {
    if (range.single) {
      const pending = this.#pending.get(range.from);
      if (pending) return pending.record ? [pending.record] : [];
      const entry = await this.#store.get(range.from);
      return entry ? [recordOf(entry)] : [];
    }
    const listing = listRange(this.#store, range);
    const over = [...this.#pending].filter(([key]) => isWithin(key, range));
    const { entries } = await listing;
    if (over.length === 0) return entries;
    const all = new Map(entries.map((record) => [record.key, record]));
    for (const [key, { record }] of over) {
      if (record) all.set(key, record);
      else all.delete(key);
    }
    return [...all.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}

function writeOf(key: string, record: Record | undefined): Write {
  return record ? { type: 'put', key, value: encodeRecord(record) } : { type: 'delete', key };
}

async function listRange(store: Store, range: KeyRange, options: ReadOptions = {}) {
  const { from, single } = range;
  const limit = single ? 1 : 0;
  const { entries, revision } = await store.list(prefixOf(range), { ...options, from, limit });
  return { entries: entries.filter(({ key }) => isWithin(key, range)).map(recordOf), revision };
}
