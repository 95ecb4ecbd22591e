import { checkWatches } from './check-watches.ts';
import { type History, historyOf, newestAt, type Operation, sightingsIn } from './history.ts';
import type { Deletion, Entry, Told, Version } from './ledger.ts';

export type ViolationKind =
  /** What was acknowledged is not there any more. */
  | 'lost'
  /** What was deleted, or had not been done when that was looked at, is there. */
  | 'resurrected'
  /** Two versions under one revision. */
  | 'reused revision'
  /** Somebody was shown what was not durable yet. */
  | 'shown too early'
  /** A watcher was not told of something. */
  | 'gap'
  /** A watcher was told twice, or not in order. */
  | 'duplicate'
  /** A read that was asked for the newest missed what had been acknowledged before. */
  | 'stale'
  /** What was refused was done. */
  | 'refused but done'
  /** What nobody has written. */
  | 'invented';

export interface Violation {
  kind: ViolationKind;
  message: string;
}

/** Everything in a ledger that cannot be if no acknowledged write is ever lost or undone. Empty: all is well. */
export function checkLedger(entries: readonly Entry[]): Violation[] {
  const history = historyOf(entries);
  return [
    ...checkRevisions(history),
    ...checkTokens(history),
    ...checkGhosts(history),
    ...checkDeletions(history),
    ...checkLists(entries, history),
    ...checkWatches(entries, history),
  ];
}

const text = ({ key, revision, token, deleted }: Told) =>
  deleted ? `deletion of ${key} @${revision}` : `${key}=${token} @${revision}`;

const isSame = (a: Told, b: Told) =>
  a.key === b.key && a.uid === b.uid && a.token === b.token && a.deleted === b.deleted;

/** A revision has one content, whoever saw it and whenever. */
function checkRevisions({ sightings }: History): Violation[] {
  const first = new Map<number, Told>();
  const found: Violation[] = [];
  for (const { told, source } of sightings) {
    const known = first.get(told.revision);
    if (!known) first.set(told.revision, told);
    else if (!isSame(known, told)) {
      found.push({ kind: 'reused revision', message: `${text(known)}, then (${source}) ${text(told)}` });
    }
  }
  return found;
}

/** What is seen was written by somebody, and not by one who was told that it was not done. */
function checkTokens({ sightings, byToken }: History): Violation[] {
  return sightings.flatMap(({ told }): Violation[] => {
    const operation = byToken.get(told.token);
    if (!operation || operation.write.key !== told.key) return [{ kind: 'invented', message: text(told) }];
    return operation.outcome === 'refused' ? [{ kind: 'refused but done', message: text(told) }] : [];
  });
}

/** A write without an answer is done before the next server's first list, or never. */
function checkGhosts({ sightings, byToken, restarts }: History): Violation[] {
  return sightings.flatMap(({ told }): Violation[] => {
    const operation = byToken.get(told.token);
    if (told.deleted || operation?.outcome !== 'unknown') return [];
    const decidedAt = restarts[operation.epoch + 1] ?? Number.POSITIVE_INFINITY;
    if (told.revision <= decidedAt) return [];
    const message = `${text(told)} came after ${decidedAt}, though its server was killed before that`;
    return [{ kind: 'resurrected', message }];
  });
}

/** An object that was deleted never has a newer version. */
function checkDeletions({ sightings }: History): Violation[] {
  const deletedAt = new Map<string, number>();
  for (const { told } of sightings) if (told.deleted) deletedAt.set(told.uid, told.revision);
  return sightings.flatMap(({ told }): Violation[] => {
    const takenAwayAt = deletedAt.get(told.uid);
    if (told.deleted || takenAwayAt === undefined || told.revision < takenAwayAt) return [];
    return [{ kind: 'resurrected', message: `${text(told)} was deleted at ${takenAwayAt}` }];
  });
}

type Listed = Extract<Entry, { type: 'list' | 'restart' }>;

/** Every list is the state at its revision, and a list of the newest misses nothing that was known when it was asked for. */
function checkLists(entries: readonly Entry[], history: History): Violation[] {
  const found: Violation[] = [];
  const newestBy = newestSoFar(entries);
  for (const [at, entry] of entries.entries()) {
    if (entry.type !== 'list' && entry.type !== 'restart') continue;
    found.push(...checkState(entry, history));
    const askedAt = entry.type === 'restart' ? at : entry.askedAt;
    if (askedAt === undefined) continue;
    found.push(...checkAbsence(entry, askedAt, history));
    const newest = newestBy[askedAt] as number;
    if (entry.revision >= newest) continue;
    const message = `the newest list is of ${entry.revision}, though ${newest} had been seen`;
    found.push({ kind: entry.type === 'restart' ? 'lost' : 'stale', message });
  }
  return found;
}

/** For each place in the ledger: the newest revision that anybody had been told of before. */
function newestSoFar(entries: readonly Entry[]): number[] {
  let newest = 0;
  return entries.map((entry) => {
    const before = newest;
    for (const { told } of sightingsIn(entry, 0)) newest = Math.max(newest, told.revision);
    return before;
  });
}

/** For each key, the newest version that is known at the list's revision is the one that it shows. */
function checkState({ revision, versions }: Listed, history: History): Violation[] {
  const listed = new Map(versions.map((version) => [version.key, version]));
  const found: Violation[] = [];
  for (const [key, known] of history.byKey) {
    const expected = newestAt(known, revision);
    const shown = listed.get(key);
    if (!expected || shown?.revision === expected.revision) continue;
    if (!shown && (expected.deleted || mayBeDeleted(expected, history))) continue;
    found.push(missing(expected, { revision, history }));
  }
  return found;
}

/** A list shows nothing whose deletion had been acknowledged when it was asked for. */
function checkAbsence(
  { versions, revision }: Listed,
  askedAt: number,
  { deletionsOf }: History,
): Violation[] {
  const isGone = ({ uid }: Version) =>
    deletionsOf.get(uid)?.some((d) => d.outcome === 'acknowledged' && d.answeredAt < askedAt);
  return versions.filter(isGone).map(({ key }) => ({
    kind: 'resurrected',
    message: `${key} is in the list at ${revision}, though deleted`,
  }));
}

/** A version that should be in a list, and is not. */
function missing(version: Told, { revision, history }: { revision: number; history: History }): Violation {
  const message = `${text(version)} is missing from the list at ${revision}`;
  if (version.deleted) return { kind: 'resurrected', message };
  const operation = history.byToken.get(version.token);
  return { kind: operation?.outcome === 'acknowledged' ? 'lost' : 'shown too early', message };
}

/** Whether some deletion can have taken this version away: not a refused one, nor one of a server that was gone by then. */
function mayBeDeleted({ uid, revision }: Told, { deletionsOf, restarts }: History): boolean {
  const can = ({ outcome, write, epoch }: Operation) => {
    const { expected } = write as Deletion;
    if (outcome === 'refused' || (expected !== undefined && expected !== revision)) return false;
    return outcome === 'acknowledged' || revision <= (restarts[epoch + 1] ?? Number.POSITIVE_INFINITY);
  };
  return (deletionsOf.get(uid) ?? []).some(can);
}
