import { type Change, describeOperation, type Operation, type Version } from './operation.ts';

/**
 * Everything in a history that does not fit the order of revisions. Stronger than linearizability, and as fast as
 * sorting: writes happened in the order of their revisions, each within its call; a read shows what was newest
 * at some revision within its call, or a state that is not older than it asked for. `log` is what the store says each revision did.
 */
export function checkByRevision(history: readonly Operation[], log: readonly Change[]): string[] {
  const past = new Past(log);
  const { claims, found } = claim(history, past);
  return [
    ...found,
    ...checkExpectations(claims, past),
    ...checkUnclaimed(claims, past),
    ...checkTime(history, claims, past),
  ];
}

/** Revisions, both included. */
interface Span {
  from: number;
  to: number;
}

/** The log, by key and by what is found in it. */
class Past {
  readonly log: readonly Change[];
  readonly written = new Map<string, Change>();
  readonly deleted = new Map<string, Change>();
  readonly byKey = new Map<string, Change[]>();

  constructor(log: readonly Change[]) {
    this.log = [...log].sort((a, b) => a.revision - b.revision);
    for (const change of this.log) {
      (change.deleted ? this.deleted : this.written).set(change.token, change);
      const changes = this.byKey.get(change.key);
      if (changes) changes.push(change);
      else this.byKey.set(change.key, [change]);
    }
  }

  /** The newest change of a key at a revision or before. */
  at(key: string, revision: number): Change | undefined {
    return (this.byKey.get(key) ?? []).findLast((change) => change.revision <= revision);
  }

  /** The spans of revisions in which a key held something for which `holds` (undefined: nothing). */
  spans(key: string, holds: (state: Change | undefined) => boolean): Span[] {
    const states = [undefined, ...(this.byKey.get(key) ?? [])];
    const from = (i: number) => states[i]?.revision ?? 0;
    const to = (i: number) => (i + 1 < states.length ? from(i + 1) - 1 : Number.POSITIVE_INFINITY);
    return states.flatMap((state, i) =>
      holds(state?.deleted ? undefined : state) ? [{ from: from(i), to: to(i) }] : [],
    );
  }
}

/** Which change is whose. */
type Claims = Map<Operation, Change>;

function claim(history: readonly Operation[], past: Past): { claims: Claims; found: string[] } {
  const claims: Claims = new Map();
  const owners = new Map<Change, Operation>();
  const found: string[] = [];
  // First those that are sure of it: a deletion may have been asked for more than once.
  const isOpen = ({ result }: Operation) => Number(result.type === 'unknown');
  for (const operation of [...history].sort((a, b) => isOpen(a) - isOpen(b) || a.invoked - b.invoked)) {
    const { call, result } = operation;
    const change = changeOf(call, past);
    const what = describeOperation(operation);
    if (result.type === 'done' && !change) found.push(`not in the log: ${what}`);
    if (!change) continue;
    const other = owners.get(change);
    if (result.type === 'done') {
      if (other) found.push(`two winners: ${describeOperation(other)}, and ${what}`);
      if (result.version && result.version.revision !== change.revision)
        found.push(`the log has it at ${change.revision}: ${what}`);
    } else if (result.type !== 'unknown') {
      if (!change.deleted) found.push(`refused, but done: ${what}`);
      continue;
    } else if (other) continue;
    owners.set(change, operation);
    claims.set(operation, change);
  }
  return { claims, found };
}

function changeOf(call: Operation['call'], past: Past): Change | undefined {
  if (call.verb === 'delete') return past.deleted.get(call.expected.token);
  return call.verb === 'create' || call.verb === 'update' ? past.written.get(call.token) : undefined;
}

/** A write goes where what it expected stood. */
function checkExpectations(claims: Claims, past: Past): string[] {
  return [...claims].flatMap(([operation, { key, revision }]) => {
    const { call } = operation;
    const before = past.at(key, revision - 1);
    const stood = before && !before.deleted ? before.revision : 0;
    const expected = 'expected' in call ? call.expected.revision : 0;
    return stood === expected
      ? []
      : [`lost update: @${stood} stood there before ${describeOperation(operation)}`];
  });
}

/** What nobody asked for. */
function checkUnclaimed(claims: Claims, { log }: Past): string[] {
  const claimed = new Set(claims.values());
  return log
    .filter((change) => !claimed.has(change))
    .map(
      ({ key, token, revision, deleted }) =>
        `nobody ${deleted ? 'deleted' : 'wrote'} ${key}=${token} @${revision}`,
    );
}

/** The spans of revisions at one of which an operation must have happened; undefined: it need not have. */
function spansOf(operation: Operation, claims: Claims, past: Past): Span[] | undefined {
  const { call, result } = operation;
  const change = claims.get(operation);
  if (change) return [{ from: change.revision, to: change.revision }];
  if (result.type === 'listed')
    return isTrue(result, past) ? [{ from: result.revision, to: result.revision }] : [];
  if (call.verb === 'list') return undefined;
  if (result.type === 'read') return past.spans(call.key, (state) => isThat(state, result.version));
  if (result.type === 'missing') return past.spans(call.key, (state) => state === undefined);
  if (result.type !== 'conflict') return undefined;
  const expected = 'expected' in call ? call.expected.revision : 0;
  return past.spans(call.key, (state) => state !== undefined && state.revision !== expected);
}

const isThat = (state: Change | undefined, { token, revision }: Version) =>
  state?.token === token && state.revision === revision;

/** Whether a list is what the log has at its revision. */
function isTrue({ revision, versions }: { revision: number; versions: Version[] }, past: Past): boolean {
  const shown = new Map(versions.map((version) => [version.key, version]));
  return [...new Set([...past.byKey.keys(), ...shown.keys()])].every((key) => {
    const stood = past.at(key, revision);
    const version = shown.get(key);
    return version ? !stood?.deleted && isThat(stood, version) : !stood || stood.deleted;
  });
}

/**
 * Gives each operation the smallest revision it can have happened at, in the order of their calls: no smaller than those
 * of all that had been answered before.
 */
function checkTime(history: readonly Operation[], claims: Claims, past: Past): string[] {
  const found: string[] = [];
  const answers: { returned: number; at: number }[] = [];
  let least = 0;
  for (const operation of [...history].sort((a, b) => a.invoked - b.invoked)) {
    for (let i = answers.length - 1; i >= 0; i--) {
      const { returned, at } = answers[i] as { returned: number; at: number };
      if (returned >= operation.invoked) continue;
      least = Math.max(least, at);
      answers.splice(i, 1);
    }
    const { call } = operation;
    const newest = 'notOlderThan' in call ? (call.notOlderThan ?? least) : least;
    // A write comes after what was answered before it, not at the same revision.
    const from = claims.has(operation) ? least + 1 : newest;
    const spans = spansOf(operation, claims, past);
    const span = spans?.find(({ to }) => to >= from);
    if (span) answers.push({ returned: operation.returned, at: Math.max(span.from, from) });
    else if (spans) found.push(`not at any revision from ${from} on: ${describeOperation(operation)}`);
  }
  return found;
}
