/** Bytes under keys with revisions. The contract of every backend; `contract.ts` tests it. */

/** Which object made a component write, and why. Kept beside the revision that the write made. */
export interface Cause {
  /** The component or user that wrote, such as `deployment-controller`. */
  actor: string;
  /** Store key of the object that made the actor act, where there is one. */
  key?: string;
  /** The revision of that object that the actor had seen. */
  revision?: number;
  /** One sentence: why. */
  reason: string;
}

/**
 * What stands under a key at a revision. Values are shared: never write into them. Keys order by their UTF-8
 * bytes; a key has 1 to 1024 of them, none of them zero.
 */
export interface Entry {
  key: string;
  value: Uint8Array;
  /** The revision that wrote this value. */
  revision: number;
  /** The revision that first wrote the key since it last was absent. */
  createRevision: number;
}

/**
 * An entry whose value is read anew whenever somebody asks for it. Where it is no longer the newest of its key and has been compacted, or
 * the store is closed, that throws.
 */
export interface EntryOnDemand extends Entry {
  /** The value, to be looked at before anything else is read from the store. */
  readonly passing: Uint8Array;
}

export const isOnDemand = (value: object): value is EntryOnDemand => 'passing' in value;

/**
 * One part of a commit. `expected` is the revision the key must have now (0: must be absent; undefined: any).
 * A key that was put with `leaseSeconds` is deleted by the store that long after, unless it is written again.
 * Deleting what is absent changes nothing.
 */
export type Write =
  | { type: 'put'; key: string; value: Uint8Array; expected?: number; leaseSeconds?: number }
  | { type: 'delete'; key: string; expected?: number };

export interface Commit {
  writes: readonly Write[];
  cause?: Cause;
}

/** What stood there before may be read only when it is first asked for: later than the turn in which the event is told, it may be forgotten. */
export type StoreEvent =
  | { type: 'put'; entry: Entry; previous?: Entry }
  | { type: 'delete'; key: string; revision: number; previous: Entry };

/** All that one commit (one revision) changed below the watched prefix. */
export interface WatchBatch {
  revision: number;
  events: readonly StoreEvent[];
  cause?: Cause;
}

export interface Watcher {
  /**
   * Called in revision order, once per durable commit that touches the prefix; for what is past already, perhaps
   * before `watch` has resolved. Must not throw.
   */
  onBatch(batch: WatchBatch): void;
  /**
   * Everything up to this revision has been delivered, though the last of it may lie elsewhere than below the prefix.
   * Called once a watch has caught up with the present; and from then on by stores that others write into as well.
   */
  onProgress?(revision: number): void;
  /** The watch ended by itself: compacted past its start, or the store closed. */
  onEnd(error: StoreError): void;
}

export interface WatchHandle {
  stop(): void;
}

export interface ListOptions {
  /** Read as of this revision; the newest durable one unless given. */
  atRevision?: number;
  /** At most this many entries; 0: no limit. */
  limit?: number;
  /** Start at this key (included) instead of at the prefix. */
  from?: string;
  /** The entries may be `EntryOnDemand`s, whose values have not been read yet. */
  onDemand?: boolean;
}

export interface ListResult {
  entries: Entry[];
  /** The revision the list is true at. */
  revision: number;
  /** Whether more entries follow the last one. */
  more: boolean;
}

export interface StoreStatus {
  backend: string;
  /** The newest durable revision. */
  revision: number;
  /** The oldest revision that can still be read. */
  compactedRevision: number;
  keys: number;
  sizeBytes: number;
}

/** One line of a key's past. */
export interface HistoryEntry {
  revision: number;
  /** Absent where the revision deleted the key. */
  entry?: Entry;
  /** Wall time of the commit, milliseconds since the epoch. */
  timeMs: number;
  cause?: Cause;
}

/**
 * One revision counter for the whole store. A commit that resolved is on disk; before that nobody can read or
 * watch it. A commit is checked against the newest version of its keys, also one whose flush is under way
 * (`newest`), so writers pipeline; if a flush fails, all that built on it fails with it (`FlushFailed`).
 */
export interface Store {
  /** The durable value of a key, now or at an old revision. */
  get(key: string, options?: { atRevision?: number }): Promise<Entry | undefined>;
  /**
   * The newest value of a key, also one that is not durable yet: what the next commit is checked against. With `onDemand` perhaps an
   * `EntryOnDemand`, for those who mostly have the value already.
   */
  newest(key: string, options?: { onDemand?: boolean }): Promise<Entry | undefined>;
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /**
   * Applies all writes at one new revision or none; rejects with `Conflict` where an expectation fails, once what
   * it conflicts with is durable. Each key is written at most once. Every backend takes 127 writes, which is what fits
   * into a transaction of etcd unless that is set up for more; none takes more than a million, and what does not fit rejects
   * with a `RangeError`. A commit that changes nothing takes no revision and resolves with the newest one.
   */
  commit(commit: Commit): Promise<number>;
  /** Delivers every commit after `fromRevision`, exclusive. Rejects with `Compacted` where that is too old. */
  watch(prefix: string, fromRevision: number, watcher: Watcher): Promise<WatchHandle>;
  /** A key's kept past, newest first. */
  history(key: string): Promise<HistoryEntry[]>;
  /** The newest revision committed at this wall time or before. Rejects with `Compacted` where that is too old. */
  revisionAt(timeMs: number): Promise<number>;
  /** Forgets what is only needed to read revisions before `revision`. Live values always stay. */
  compact(revision: number): Promise<void>;
  /** The seconds that keys below a prefix have left until the store deletes them; keys without a lease are left out. */
  leases(prefix: string): Promise<Map<string, number>>;
  status(): Promise<StoreStatus>;
  /** Rejects where the store does not answer, or is known to take no writes though what it holds can be read. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  /** A write's `expected` does not hold. `key` and `actual` say where. */
  | 'Conflict'
  /** The revision asked for is no longer kept. */
  | 'Compacted'
  /** The revision asked for has not been written yet. */
  | 'FutureRevision'
  /** The write, or one it built on, could not be made durable. Nothing of it can be read. */
  | 'FlushFailed'
  /** The store is closed. */
  | 'Closed'
  /** No server of the store answers in time. A write that ends so was not made. */
  | 'Unavailable'
  /** The store says no, and why: it is full, or the write too large, or this client may not. */
  | 'Refused'
  /** Nobody can tell whether the write was made. */
  | 'Unknown'
  /** The file is of a newer format, damaged, read-only, or held by another process. */
  | 'Unusable';

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** The key in question, for `Conflict`. */
  readonly key?: string;
  /** What stands there now (0: nothing), for `Conflict`. */
  readonly actual?: number;

  constructor(
    code: StoreErrorCode,
    message: string,
    details: { key?: string; actual?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'StoreError';
    this.code = code;
    this.key = details.key;
    this.actual = details.actual;
  }
}
