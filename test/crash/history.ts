import type { Deletion, Entry, Put, Told, Version } from './ledger.ts';

export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** A write with what became of it. */
export interface Operation {
  op: number;
  write: Put | Deletion;
  outcome: Outcome;
  /** How many servers had been killed when it was sent. */
  epoch: number;
  /** Place of its answer in the ledger; the end where there is none. */
  answeredAt: number;
  version?: Version;
}

/** How somebody came to know of a version. */
export type Source = 'ack' | 'event' | 'read' | 'list';

export interface Sighting {
  source: Source;
  told: Told;
  /** Place in the ledger. */
  at: number;
}

/** The ledger, put in order: what each operation became, and all that is known of each revision and each key. */
export interface History {
  operations: Operation[];
  byToken: Map<string, Operation>;
  deletionsOf: Map<string, Operation[]>;
  sightings: Sighting[];
  /** What is known to have been written, by key, in the order of revisions. */
  byKey: Map<string, Told[]>;
  /** For each server after the first: the revision at which its state was read, before anything else. */
  restarts: number[];
}

const asPut = (version: Version): Told => ({ ...version, deleted: false });

export function sightingsIn(entry: Entry, at: number): Sighting[] {
  switch (entry.type) {
    case 'ack':
      return entry.version ? [{ source: 'ack', told: asPut(entry.version), at }] : [];
    case 'read':
      return [{ source: 'read', told: asPut(entry.version), at }];
    case 'event':
      return [{ source: 'event', told: entry.told, at }];
    case 'list':
    case 'restart':
      return entry.versions.map((version) => ({ source: 'list', told: asPut(version), at }));
    case 'watch':
      return (entry.base ?? []).map((version) => ({ source: 'list', told: asPut(version), at }));
    default:
      return [];
  }
}

function operationsOf(entries: readonly Entry[]): { operations: Operation[]; restarts: number[] } {
  const operations: Operation[] = [];
  const restarts: number[] = [];
  let epoch = 0;
  for (const [at, entry] of entries.entries()) {
    if (entry.type === 'crash') epoch++;
    if (entry.type === 'restart') restarts[epoch] = entry.revision;
    if (entry.type === 'invoke') {
      const { op, write } = entry;
      operations[op] = { op, write, outcome: 'unknown', epoch, answeredAt: entries.length };
    }
    if (entry.type !== 'ack' && entry.type !== 'refused') continue;
    const operation = operations[entry.op] as Operation;
    operation.outcome = entry.type === 'ack' ? 'acknowledged' : 'refused';
    operation.answeredAt = at;
    if (entry.type === 'ack') operation.version = entry.version;
  }
  return { operations, restarts };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const found = map.get(key);
  if (found) found.push(value);
  else map.set(key, [value]);
}

export function historyOf(entries: readonly Entry[]): History {
  const { operations, restarts } = operationsOf(entries);
  const sightings = entries.flatMap(sightingsIn);
  const byRevision = new Map(sightings.map(({ told }) => [told.revision, told]));
  const byKey = new Map<string, Told[]>();
  for (const revision of [...byRevision.keys()].sort((a, b) => a - b)) {
    const told = byRevision.get(revision) as Told;
    push(byKey, told.key, told);
  }
  const byToken = new Map<string, Operation>();
  const deletionsOf = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (operation.write.verb === 'delete') push(deletionsOf, operation.write.uid, operation);
    else byToken.set(operation.write.token, operation);
  }
  return { operations, byToken, deletionsOf, sightings, byKey, restarts };
}

/** The newest entry at `revision` or before, of what is in the order of revisions. */
export function newestAt<T extends { revision: number }>(
  sorted: readonly T[],
  revision: number,
): T | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as T).revision <= revision) low = middle + 1;
    else high = middle;
  }
  return sorted[low - 1];
}
