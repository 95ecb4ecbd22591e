import type { StoreEvent, WatchBatch } from '../store.ts';
import { type Change, entryOf, type LogEngine, positionOf, revisionOf } from './log.ts';

/** How many changes a replay looks at before it lets others run. */
const changesPerPart = 500;

/** The event that a change is to those who watch its key. */
export function eventOf(engine: LogEngine, change: Change): StoreEvent {
  const previous = change.previous ? entryOf(engine.change(change.previous)) : undefined;
  const entry = entryOf(change);
  if (entry) return { type: 'put', entry, previous };
  const { key, position, createRevision } = change;
  const nothing = { key, value: new Uint8Array(), revision: 0, createRevision };
  return { type: 'delete', key, revision: revisionOf(position), previous: previous ?? nothing };
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
