import type { Violation } from './check-ledger.ts';
import { type History, newestAt } from './history.ts';
import type { Entry, Told, Version } from './ledger.ts';

/** What a watcher was told from a list on, over as many servers as it could go on at. */
interface Course {
  watcher: string;
  /** The revision of the list that it began with. */
  from: number;
  base: readonly Version[];
  events: Told[];
}

/** A watcher that lists anew begins a new course; one that goes on where it stood does not. */
function coursesOf(entries: readonly Entry[]): Course[] {
  const current = new Map<string, Course>();
  const all: Course[] = [];
  for (const entry of entries) {
    if (entry.type === 'watch' && entry.base) {
      const course = { watcher: entry.watcher, from: entry.after, base: entry.base, events: [] };
      current.set(entry.watcher, course);
      all.push(course);
    } else if (entry.type === 'event') current.get(entry.watcher)?.events.push(entry.told);
  }
  return all;
}

/** Every watcher is told of everything after the revision it began at, in order, once. */
export function checkWatches(entries: readonly Entry[], history: History): Violation[] {
  const courses = coursesOf(entries);
  return [
    ...courses.flatMap(checkOrder),
    ...courses.flatMap((course) => checkWhole(course, history)),
    ...courses.flatMap((course) => checkAgainstLists(course, entries)),
  ];
}

function checkOrder({ watcher, from, events }: Course): Violation[] {
  let last = from;
  return events.flatMap(({ key, revision }): Violation[] => {
    const before = last;
    last = Math.max(last, revision);
    if (revision > before) return [];
    return [{ kind: 'duplicate', message: `${watcher} was told of ${key} @${revision} after ${before}` }];
  });
}

const endOf = ({ from, events }: Course) =>
  events.reduce((end, { revision }) => Math.max(end, revision), from);

/** Between its list and its last event a watcher missed nothing that anybody else knows of. */
function checkWhole(course: Course, { byKey }: History): Violation[] {
  const end = endOf(course);
  const told = new Set(course.events.map(({ revision }) => revision));
  return [...byKey.values()].flat().flatMap(({ key, revision }): Violation[] => {
    if (revision <= course.from || revision >= end || told.has(revision)) return [];
    return [{ kind: 'gap', message: `${course.watcher} was not told of ${key} @${revision}` }];
  });
}

/** What a watcher knows is what was listed at that revision: no deletion was kept from it either. */
function checkAgainstLists(course: Course, entries: readonly Entry[]): Violation[] {
  const end = endOf(course);
  const byKey = new Map<string, { revision: number; shown: number }[]>();
  const tell = (key: string, change: { revision: number; shown: number }) => {
    const known = byKey.get(key);
    if (known) known.push(change);
    else byKey.set(key, [change]);
  };
  for (const { key, revision } of course.base) tell(key, { revision, shown: revision });
  for (const { key, revision, deleted } of course.events)
    tell(key, { revision, shown: deleted ? 0 : revision });
  const found: Violation[] = [];
  for (const entry of entries) {
    if (entry.type !== 'list' && entry.type !== 'restart') continue;
    if (entry.revision < course.from || entry.revision > end) continue;
    const listed = new Map(entry.versions.map(({ key, revision }) => [key, revision]));
    for (const key of new Set([...byKey.keys(), ...listed.keys()])) {
      const known = newestAt(byKey.get(key) ?? [], entry.revision)?.shown ?? 0;
      const stands = listed.get(key) ?? 0;
      if (known === stands) continue;
      const message = `at ${entry.revision} ${course.watcher} knew ${key} @${known}, and listed was @${stands}`;
      found.push({ kind: 'gap', message });
    }
  }
  return found;
}
