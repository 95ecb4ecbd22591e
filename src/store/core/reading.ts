import {
  type Entry,
  type EntryOnDemand,
  type HistoryEntry,
  type ListOptions,
  type ListResult,
  StoreError,
} from '../store.ts';
import { compareKeys } from './keys.ts';
import {
  type Change,
  entryOf,
  type Head,
  type LogEngine,
  type LogState,
  type Position,
  positionOf,
  revisionOf,
} from './log.ts';

/** Refuses a revision that is no longer kept, was never here, or is not written yet. */
export function checkRevision(revision: number, state: LogState): void {
  if (revision < state.compactedRevision) {
    const message = `Revision ${revision} is compacted: the oldest one kept is ${state.compactedRevision}`;
    throw new StoreError('Compacted', message);
  }
  const gap = state.gaps?.find(([after, before]) => after < revision && revision < before);
  if (gap) {
    const message = `Revision ${revision} is of a past that a snapshot of revision ${gap[0]} has replaced`;
    throw new StoreError('Compacted', message);
  }
  checkWritten(revision, state);
}

/** Refuses a revision that is not written yet. */
export function checkWritten(revision: number, state: LogState): void {
  if (revision > state.revision) {
    throw new StoreError(
      'FutureRevision',
      `Revision ${revision} is not written yet: the newest is ${state.revision}`,
    );
  }
}

/** The durable value of a key, now or at a revision. */
export function readKey(engine: LogEngine, key: string, atRevision?: number): Entry | undefined {
  if (atRevision !== undefined) checkRevision(atRevision, engine.state());
  const live = engine.live(key);
  if (atRevision === undefined) return live && entryOf(changeAt(engine, key, live));
  const head = live ?? engine.gone(key);
  return head && versionAt(engine, [key, head], atRevision);
}

/** What stands durably under a key now, its value not read yet. */
export function findKey(engine: LogEngine, key: string): EntryOnDemand | undefined {
  const live = engine.live(key);
  return live && new UnreadEntry(engine, key, live);
}

/** What a head stands for. Throws `Unusable` where that is missing, or is of another key. */
export function changeAt(engine: LogEngine, key: string, head: Head): Change {
  const change = engine.change(head.position);
  if (change?.key === key && change.createRevision === head.createRevision) return change;
  throw missing(key);
}

const missing = (key: string) =>
  new StoreError('Unusable', `The store is damaged: what is stored for ${JSON.stringify(key)} is missing`);

/** The entries below a prefix, in key order. */
export function readList(engine: LogEngine, prefix: string, options: ListOptions): ListResult {
  const state = engine.state();
  const revision = options.atRevision ?? state.revision;
  checkRevision(revision, state);
  const start = options.from !== undefined && compareKeys(options.from, prefix) > 0 ? options.from : prefix;
  const limit = options.limit || Number.POSITIVE_INFINITY;
  const entries: Entry[] = [];
  const { onDemand = false } = options;
  const scan = { start, prefix, revision, newest: revision === state.revision, onDemand };
  for (const entry of entriesFrom(engine, scan)) {
    if (entries.length === limit) return { entries, revision, more: true };
    entries.push(entry);
  }
  return { entries, revision, more: false };
}

/** A key's kept versions, newest first. */
export function readHistory(engine: LogEngine, key: string): HistoryEntry[] {
  const head = engine.live(key) ?? engine.gone(key);
  const found: HistoryEntry[] = [];
  let change: Change | undefined = head && changeAt(engine, key, head);
  while (change) {
    const { position, timeMs, cause } = change;
    found.push({ revision: revisionOf(position), entry: entryOf(change), timeMs, cause });
    change = before(engine, change);
  }
  return found;
}

/** The newest revision that was committed at `timeMs` or before. */
export function readRevisionAt(engine: LogEngine, timeMs: number): number {
  const state = engine.state();
  if (timeMs < state.compactedTimeMs) throw new StoreError('Compacted', 'That moment is no longer kept');
  let known = state.compactedRevision;
  let later = state.revision + 1;
  while (later - known > 1) {
    const middle = Math.floor((known + later) / 2);
    const change = firstFrom(engine, middle);
    if (change && change.timeMs <= timeMs) known = revisionOf(change.position);
    else later = middle;
  }
  return known;
}

/** The seconds that leased keys below a prefix have left. */
export function readLeases(engine: LogEngine, prefix: string, nowMs: number): Map<string, number> {
  const left = new Map<string, number>();
  for (const { expiresMs, position } of engine.leases()) {
    const key = engine.change(position)?.key;
    if (key?.startsWith(prefix)) left.set(key, Math.max(0, expiresMs - nowMs) / 1000);
  }
  return left;
}

function firstFrom(engine: LogEngine, revision: number): Change | undefined {
  for (const change of engine.changesFrom(positionOf(revision))) return change;
  return undefined;
}

function before(engine: LogEngine, change: Change): Change | undefined {
  return change.previous ? engine.change(change.previous) : undefined;
}

function versionAt(
  engine: LogEngine,
  [key, head]: readonly [string, Head],
  revision: number,
): Entry | undefined {
  let change: Change | undefined = changeAt(engine, key, head);
  while (change && revisionOf(change.position) > revision) change = before(engine, change);
  return entryOf(change);
}

interface Scan {
  start: string;
  prefix: string;
  revision: number;
  newest: boolean;
  onDemand: boolean;
}

function* entriesFrom(engine: LogEngine, scan: Scan): Iterable<Entry> {
  const live = engine.liveFrom(scan.start);
  const heads = scan.newest ? live : merge(live, engine.goneFrom(scan.start));
  for (const found of heads) {
    if (!found[0].startsWith(scan.prefix)) return;
    const [key, head] = found;
    // A deletion has made nothing.
    const isRead = !scan.onDemand || head.createRevision === 0 || revisionOf(head.position) > scan.revision;
    const entry = isRead ? versionAt(engine, found, scan.revision) : new UnreadEntry(engine, key, head);
    if (entry) yield entry;
  }
}

/** What a head stands for, not read yet. */
class UnreadEntry implements EntryOnDemand {
  readonly key: string;
  readonly revision: number;
  readonly createRevision: number;
  readonly #engine: LogEngine;
  readonly #position: Position;

  constructor(engine: LogEngine, key: string, { position, createRevision }: Head) {
    this.key = key;
    this.revision = revisionOf(position);
    this.createRevision = createRevision;
    this.#engine = engine;
    this.#position = position;
  }

  get value(): Uint8Array {
    return this.#valueOf(this.#engine.change(this.#position));
  }

  get passing(): Uint8Array {
    return this.#valueOf(this.#engine.peek(this.#position));
  }

  #valueOf(change: Change | undefined): Uint8Array {
    const isSame = change?.key === this.key && change.createRevision === this.createRevision;
    if (isSame && change.value) return change.value;
    if (!change) checkRevision(this.revision, this.#engine.state());
    throw missing(this.key);
  }
}

type Heads = Iterable<readonly [string, Head]>;

/** Both in key order. */
function* merge(a: Heads, b: Heads): Heads {
  const left = a[Symbol.iterator]();
  const right = b[Symbol.iterator]();
  try {
    let x = left.next();
    let y = right.next();
    while (!x.done || !y.done) {
      if (!x.done && (y.done || compareKeys(x.value[0], y.value[0]) < 0)) {
        yield x.value;
        x = left.next();
      } else if (!y.done) {
        yield y.value;
        y = right.next();
      }
    }
  } finally {
    left.return?.();
    right.return?.();
  }
}
