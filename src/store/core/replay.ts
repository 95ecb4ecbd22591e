import type { Entry, StoreEvent, WatchBatch } from '../store.ts';
import { type Change, entryOf, type LogEngine, type Position, positionOf, revisionOf } from './log.ts';

/** How many changes a replay looks at before it lets others run. */
const changesPerPart = 500;

/** What an event was before it, read when somebody asks: most who watch know it already. */
class Before {
  readonly #engine: LogEngine;
  readonly #position: Position;
  #entry: Entry | undefined;

  constructor(engine: LogEngine, { previous }: Change) {
    this.#engine = engine;
    this.#position = previous;
  }

  protected read(): Entry | undefined {
    if (this.#position === 0) return undefined;
    this.#entry ??= entryOf(this.#engine.change(this.#position));
    return this.#entry;
  }
}

class PutEvent extends Before {
  readonly type = 'put';
  readonly entry: Entry;

  constructor(engine: LogEngine, change: Change, entry: Entry) {
    super(engine, change);
    this.entry = entry;
  }

  get previous(): Entry | undefined {
    return this.read();
  }
}

class DeleteEvent extends Before {
  readonly type = 'delete';
  readonly key: string;
  readonly revision: number;

  constructor(engine: LogEngine, change: Change) {
    super(engine, change);
    this.key = change.key;
    this.revision = revisionOf(change.position);
  }

  get previous(): Entry {
    return this.read() ?? { key: this.key, value: new Uint8Array(), revision: 0, createRevision: 0 };
  }
}

/** The event that a change is to those who watch its key. */
export function eventOf(engine: LogEngine, change: Change): StoreEvent {
  const entry = entryOf(change);
  return entry ? new PutEvent(engine, change, entry) : new DeleteEvent(engine, change);
}

/** Changes of the same revision together. */
export function* byRevision(changes: Iterable<Change>): Iterable<[Change, ...Change[]]> {
  let group: [Change, ...Change[]] | undefined;
  for (const change of changes) {
    if (group && revisionOf(group[0].position) === revisionOf(change.position)) group.push(change);
    else {
      if (group) yield group;
      group = [change];
    }
  }
  if (group) yield group;
}

/** What was committed below a prefix after `after` and up to `until`, or the first part of it. */
export function readPart(
  engine: LogEngine,
  range: { prefix: string; after: number; until: number },
): { batches: WatchBatch[]; after: number } {
  const batches: WatchBatch[] = [];
  let seen = 0;
  for (const group of byRevision(engine.changesFrom(positionOf(range.after + 1)))) {
    const revision = revisionOf(group[0].position);
    if (revision > range.until) break;
    const touched = group.filter((change) => change.key.startsWith(range.prefix));
    const events = touched.map((change) => eventOf(engine, change));
    if (events.length > 0) batches.push({ revision, events, cause: group[0].cause });
    seen += group.length;
    if (seen >= changesPerPart) return { batches, after: revision };
  }
  return { batches, after: range.until };
}
