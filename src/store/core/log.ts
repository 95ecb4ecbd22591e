import type { Cause, Entry } from '../store.ts';

/**
 * The form that every log-keeping backend shares: a log of changes ordered by revision, and heads that say
 * where in the log a key's newest version stands.
 */

/** Where a change stands in the log: one number that orders by revision, then by place within the commit. */
export type Position = number;

/** How many changes one commit may hold: so many that memory ends first. */
export const changesPerCommit = 2 ** 20;

/** Whole numbers between two revisions. 2^53 / 4096 revisions last seventy years at a thousand a second. */
const placesPerRevision = 4096;

/** Where the first change of a revision stands. */
export function positionOf(revision: number): Position {
  return revision * placesPerRevision;
}

/**
 * Where so many changes of one revision stand: on whole numbers where there are enough, else closer together. Throws
 * a `RangeError` where numbers are not exact enough for that: they are up to revision 2^33.
 */
export function positionsOf(revision: number, count: number): (index: number) => Position {
  let parts = 1;
  while (count > placesPerRevision * parts) parts *= 2;
  if (positionOf(revision + 1) * parts > Number.MAX_SAFE_INTEGER)
    throw new RangeError(`At revision ${revision} a commit has at most ${placesPerRevision} writes`);
  return (index) => positionOf(revision) + index / parts;
}

export function revisionOf(position: Position): number {
  return Math.floor(position / placesPerRevision);
}

/** One version of one key. */
export interface Change {
  position: Position;
  key: string;
  /** Absent where the change deleted the key. */
  value?: Uint8Array;
  /** The revision that made the key; 0 where the change deleted it. */
  createRevision: number;
  /** The key's version before this one, also a deletion; 0 where none was kept. */
  previous: Position;
  /** What the replaced version takes up: freed when this change falls out of the history. */
  replacedBytes: number;
  timeMs: number;
  /** When the key expires; 0: never. */
  expiresMs: number;
  cause?: Cause;
}

/** Where a key's newest version stands, and what the next write of the key must know of it. */
export interface Head {
  position: Position;
  createRevision: number;
  sizeBytes: number;
  expiresMs: number;
}

/** A key that expires: ordered by time. */
export interface Lease {
  expiresMs: number;
  position: Position;
}

/** What belongs to the log as a whole. */
export interface LogState {
  revision: number;
  compactedRevision: number;
  /** The last change of the compacted revision that has been forgotten, where others of it are still to go. */
  compactedTo?: Position;
  /** Wall time of the compacted revision's commit. */
  compactedTimeMs: number;
  /** Wall time of the newest commit. Never goes back, so that a moment has one revision. */
  timeMs: number;
  /** What the versions take up that are not the newest of their key. */
  historyBytes: number;
  /**
   * Revisions that this log jumped over, each pair exclusive at both ends: the log was set back to the first, and
   * what came after it elsewhere is not known here. Nothing can be read or watched from there.
   */
  gaps?: readonly (readonly [after: number, before: number])[];
}

/** Everything that one flush makes durable, or nothing of it. */
export interface Batch {
  state: LogState;
  changes: Change[];
  /** Changes to forget. */
  dropped: Position[];
  /** Heads of keys that stand; undefined: no longer. */
  live: Map<string, Head | undefined>;
  /** Heads of keys whose newest version is a deletion that is still kept; undefined: no longer. */
  gone: Map<string, Head | undefined>;
  leases: Lease[];
  endedLeases: Lease[];
}

/**
 * Where the log is kept. Reads see what is durable, all reads of one turn of the event loop the same state of
 * it. Iterables are read within the turn.
 */
export interface LogEngine {
  readonly name: string;
  state(): LogState;
  live(key: string): Head | undefined;
  gone(key: string): Head | undefined;
  /** Heads in key order, from `key` on. */
  liveFrom(key: string): Iterable<readonly [string, Head]>;
  goneFrom(key: string): Iterable<readonly [string, Head]>;
  change(position: Position): Change | undefined;
  /** Like `change`, with a value that lasts until anything else is read. */
  peek(position: Position): Change | undefined;
  /** Changes in order, from `position` on. */
  changesFrom(position: Position): Iterable<Change>;
  /** The same, with values as those of `peek`. */
  peeksFrom(position: Position): Iterable<Change>;
  /** Leases, the earliest first. */
  leases(): Iterable<Lease>;
  /** Calls `fn` when work that is already due has run, so that writes made together are flushed together. */
  soon(fn: () => void): void;
  /** Why nothing can be written; undefined where nothing is known to be in the way. */
  trouble(): string | undefined;
  /** Resolves when the batch is on disk. One at a time. Rejects with `FlushFailed`, and then nothing of it is. */
  write(batch: Batch): Promise<void>;
  size(): { keys: number; sizeBytes: number };
  close(): Promise<void>;
}

/** An estimate of what a change takes up, the same in every backend. */
export function sizeOf(change: Pick<Change, 'key' | 'value' | 'cause'>): number {
  const { key, value, cause } = change;
  const causeBytes = cause ? cause.actor.length + cause.reason.length + (cause.key?.length ?? 0) + 50 : 0;
  return 64 + key.length + (value?.length ?? 0) + causeBytes;
}

export function headOf(change: Change): Head {
  const { position, createRevision, expiresMs } = change;
  return { position, createRevision, sizeBytes: sizeOf(change), expiresMs };
}

export function entryOf(change: Change | undefined): Entry | undefined {
  if (!change?.value) return undefined;
  const { key, value, position, createRevision } = change;
  return { key, value, revision: revisionOf(position), createRevision };
}

export function emptyBatch(state: LogState): Batch {
  return {
    state: { ...state },
    changes: [],
    dropped: [],
    live: new Map(),
    gone: new Map(),
    leases: [],
    endedLeases: [],
  };
}

/** The state of a store that nobody has written to. Revision 1, as clients take revision 0 for "any". */
export const firstState: LogState = {
  revision: 1,
  compactedRevision: 0,
  compactedTimeMs: 0,
  timeMs: 0,
  historyBytes: 0,
};
