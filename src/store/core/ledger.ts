import { Recent } from '../../platform/recent.ts';
import { type Cause, StoreError, type Write } from '../store.ts';
import {
  type Batch,
  type Change,
  emptyBatch,
  type Head,
  headOf,
  type LogEngine,
  type LogState,
  type Position,
  positionsOf,
  revisionOf,
} from './log.ts';
import { changeAt } from './reading.ts';
import { checkWrites } from './writes.ts';

/** How many heads the ledger knows without the engine, at least. */
const rememberedHeads = 8192;

/** The newest version of a key. A deletion is a version too, while it is kept. */
interface Version {
  head: Head;
  deleted: boolean;
}

/** What a compaction step takes out of the log. */
export interface CompactionStep {
  compactedRevision: number;
  /** Where it ends within that revision. */
  compactedTo: Position | undefined;
  compactedTimeMs: number;
  dropped: Position[];
  /** Deletions among what is dropped. */
  deletions: { key: string; position: Position }[];
  freedBytes: number;
}

/**
 * Decides what a commit becomes: checks it against the newest version of each key, durable or not, gives it its
 * revision, and collects what the next flush has to write. Does no I/O but reading the engine.
 */
export class Ledger {
  readonly #engine: LogEngine;
  /** The newest version of each key that is not durable yet: of what no flush has taken, and of what the last has. */
  #waiting = new Map<string, Change>();
  #taken = new Map<string, Change>();
  /**
   * Of keys that were written last, as they are durable: who has written a key mostly asks for it again. Readers go to
   * the engine, which shows all keys as of one moment.
   */
  readonly #heads = new Recent<string, Head>(rememberedHeads);
  /** With all that is pending. */
  #state: LogState;
  #open: Batch;
  #dirty = false;

  constructor(engine: LogEngine) {
    this.#engine = engine;
    this.#state = { ...engine.state() };
    this.#open = emptyBatch(this.#state);
  }

  /** The state after all that is pending. */
  get state(): Readonly<LogState> {
    return this.#state;
  }

  /** Whether there is something to flush that no flush has taken yet. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** The newest version of a key, a deletion included, if it is not durable yet. */
  pending(key: string): Change | undefined {
    return this.#waiting.get(key) ?? this.#taken.get(key);
  }

  /** The newest version of a key, a deletion included. */
  newest(key: string): Change | undefined {
    const pending = this.pending(key);
    if (pending) return pending;
    const head = this.#live(key);
    return head && changeAt(this.#engine, key, head);
  }

  /** Records a commit; throws `Conflict`, having changed nothing, where an expectation fails. */
  commit(commit: { writes: readonly Write[]; cause?: Cause; nowMs: number }): number {
    checkWrites(commit.writes);
    const versions = commit.writes.map((write) => this.#expect(write));
    const revision = this.#state.revision + 1;
    const nowMs = Math.floor(commit.nowMs);
    const timeMs = Math.max(nowMs, this.#state.timeMs);
    const place = positionsOf(revision, commit.writes.length);
    let index = 0;
    for (const [i, write] of commit.writes.entries()) {
      const before = versions[i];
      if (write.type === 'delete' && (!before || before.deleted)) continue;
      const position = place(index++);
      const { cause } = commit;
      this.#record(changeOf({ write, before, position, timeMs, nowMs, cause }), before);
    }
    if (index === 0) return this.#state.revision;
    this.#state.revision = revision;
    this.#state.timeMs = timeMs;
    return revision;
  }

  /** Records that the log forgets some of its past. */
  compact(step: CompactionStep): void {
    for (const position of step.dropped) this.#open.dropped.push(position);
    for (const { key, position } of step.deletions) {
      if (this.#version(key)?.head.position === position) this.#open.gone.set(key, undefined);
    }
    this.#state.compactedRevision = step.compactedRevision;
    this.#state.compactedTo = step.compactedTo;
    this.#state.compactedTimeMs = step.compactedTimeMs;
    this.#state.historyBytes -= step.freedBytes;
    this.#dirty = true;
  }

  /** Hands over what is to be flushed, once the last such batch is settled. What comes after goes into the next one. */
  take(): Batch {
    const batch = { ...this.#open, state: { ...this.#state } };
    this.#open = emptyBatch(this.#state);
    this.#dirty = false;
    this.#taken = this.#waiting;
    this.#waiting = new Map();
    return batch;
  }

  /** The batch is durable: the engine answers for its keys from now on. */
  settle(batch: Batch): void {
    for (const [key, head] of batch.live) {
      if (head) this.#heads.set(key, head);
      else this.#heads.delete(key);
    }
    this.#taken = new Map();
  }

  /** A flush failed: what it carried never was, nor what was checked against it. Its revisions stay used up. */
  fail(): void {
    const { revision, timeMs } = this.#state;
    this.#waiting = new Map();
    this.#taken = new Map();
    this.#heads.clear();
    this.#state = { ...this.#engine.state(), revision, timeMs };
    this.#open = emptyBatch(this.#state);
    this.#dirty = false;
  }

  #live(key: string): Head | undefined {
    return this.#heads.get(key) ?? this.#engine.live(key);
  }

  #version(key: string): Version | undefined {
    const pending = this.pending(key);
    if (pending) return { head: headOf(pending), deleted: pending.value === undefined };
    const live = this.#live(key);
    if (live) return { head: live, deleted: false };
    const gone = this.#engine.gone(key);
    return gone && { head: gone, deleted: true };
  }

  #expect(write: Write): Version | undefined {
    const version = this.#version(write.key);
    if (write.expected === undefined) return version;
    const actual = version && !version.deleted ? revisionOf(version.head.position) : 0;
    if (actual === write.expected) return version;
    const stands = actual === 0 ? 'does not exist' : `is at revision ${actual}`;
    const wanted = write.expected === 0 ? 'expected it not to' : `not ${write.expected}`;
    throw new StoreError('Conflict', `${write.key} ${stands}, ${wanted}`, { key: write.key, actual });
  }

  #record(change: Change, before: Version | undefined): void {
    const batch = this.#open;
    const { key, position, expiresMs } = change;
    const head = headOf(change);
    const deleted = change.value === undefined;
    batch.changes.push(change);
    batch.live.set(key, deleted ? undefined : head);
    if (deleted || before?.deleted) batch.gone.set(key, deleted ? head : undefined);
    if (expiresMs) batch.leases.push({ expiresMs, position });
    if (before?.head.expiresMs) batch.endedLeases.push(before.head);
    this.#state.historyBytes += change.replacedBytes + (deleted ? head.sizeBytes : 0);
    this.#waiting.set(key, change);
    this.#dirty = true;
  }
}

function changeOf(from: {
  write: Write;
  before: Version | undefined;
  position: Position;
  timeMs: number;
  /** Earlier than `timeMs` where the clock was set back. */
  nowMs: number;
  cause: Cause | undefined;
}): Change {
  const { write, before, position, timeMs, nowMs, cause } = from;
  const replaced = before?.deleted ? undefined : before?.head;
  const put = write.type === 'put' ? write : undefined;
  return {
    position,
    key: write.key,
    value: put?.value,
    createRevision: put ? (replaced?.createRevision ?? revisionOf(position)) : 0,
    previous: before?.head.position ?? 0,
    replacedBytes: replaced?.sizeBytes ?? 0,
    timeMs,
    expiresMs: put?.leaseSeconds ? nowMs + Math.ceil(put.leaseSeconds * 1000) : 0,
    cause,
  };
}
