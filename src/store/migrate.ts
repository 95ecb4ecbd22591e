import { createHash } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { compareKeys } from './core/keys.ts';
import type { Entry, Store } from './store.ts';

/** Stands in a target from the first object to the last; whoever finds it finds a store that is not whole. */
export const migrationKey = '/k8ts.io/migration';

const pageSize = 500;
const keysPerRound = 128;

export interface MigrationOptions {
  source: Store;
  target: Store;
  clock: Clock;
  /** How many commits may be under way: more than one only where the target takes them in the order of the calls. */
  inFlight: number;
  /** Told now and then how many keys of how many are there. */
  onProgress(done: number, total: number): void;
  signal: AbortSignal;
}

export interface MigrationReport {
  keys: number;
  /** How many of them the target had already, from an earlier attempt. */
  present: number;
  /** SHA-256 over every key and value, the same for both stores. */
  digest: string;
  sourceRevision: number;
  targetRevision: number;
}

/** The target holds something that no migration has put there, or the two stores differ afterwards. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Puts every key of one store into another, in the order in which they were last written, each with what its
 * lease has left, and then compares all of both. Nothing else may write to either meanwhile. What was begun and not
 * finished is gone on with when it is called again. The past stays behind.
 */
export async function migrate(options: MigrationOptions): Promise<MigrationReport> {
  const { source, target } = options;
  const { backend, revision: sourceRevision } = await source.status();
  const begun = await begin(target, backend);
  const order = await keysInOrder(source);
  if (begun) await removeOthers(target, new Set(order));
  const deadlines = await deadlinesOf(options);
  let present = 0;
  for (let done = 0; done < order.length; done += keysPerRound) {
    options.signal.throwIfAborted();
    options.onProgress(done, order.length);
    const keys = order.slice(done, done + keysPerRound);
    present += await copy(options, { keys, deadlines, backend, begun });
  }
  options.onProgress(order.length, order.length);
  const compared = await compare(options, deadlines);
  await target.commit({ writes: [{ type: 'delete', key: migrationKey }] });
  const { revision: targetRevision } = await target.status();
  return { ...compared, present, sourceRevision, targetRevision };
}

/** Marks the target; gives whether an earlier attempt has begun. */
async function begin(target: Store, backend: string): Promise<boolean> {
  if (await target.get(migrationKey)) return true;
  const { entries } = await target.list('', { limit: 1 });
  if (entries[0]) throw new MigrationError(`the target is not empty: it has ${entries[0].key}`);
  const value = Buffer.from(JSON.stringify({ from: backend }));
  await target.commit({ writes: [{ type: 'put', key: migrationKey, value, expected: 0 }] });
  return false;
}

/** All keys, in the order of the revisions that wrote them last. */
async function keysInOrder(source: Store): Promise<string[]> {
  const all: { key: string; revision: number }[] = [];
  for await (const { key, revision } of entriesOf(source)) all.push({ key, revision });
  return all.sort((a, b) => a.revision - b.revision).map(({ key }) => key);
}

async function* entriesOf(store: Store): AsyncGenerator<Entry> {
  const { revision: atRevision } = await store.status();
  for (let from = ''; ; ) {
    const { entries, more } = await store.list('', { atRevision, limit: pageSize, from });
    yield* entries.filter((entry) => entry.key !== migrationKey);
    const last = entries.at(-1);
    if (!more || !last) return;
    from = `${last.key}\0`;
  }
}

/** What an earlier attempt has put there, and the source has no longer. */
async function removeOthers(target: Store, wanted: ReadonlySet<string>): Promise<void> {
  for await (const { key } of entriesOf(target)) {
    if (!wanted.has(key)) await target.commit({ writes: [{ type: 'delete', key }] });
  }
}

/** When leases end, on the monotonic clock. */
async function deadlinesOf({ source, clock }: MigrationOptions): Promise<Map<string, number>> {
  const left = await source.leases('');
  const nowMs = clock.monotonic();
  return new Map([...left].map(([key, seconds]) => [key, nowMs + seconds * 1000]));
}

interface Round {
  keys: readonly string[];
  deadlines: ReadonlyMap<string, number>;
  backend: string;
  /** Whether the target may have some of them. */
  begun: boolean;
}

/** Gives how many of the keys were there already. */
async function copy(options: MigrationOptions, { keys, deadlines, backend, begun }: Round): Promise<number> {
  const { source, target, clock } = options;
  const found = await Promise.all(keys.map((key) => source.get(key)));
  const there = begun ? await Promise.all(keys.map((key) => target.get(key))) : [];
  let present = 0;
  let pending: Promise<unknown>[] = [];
  for (const [i, entry] of found.entries()) {
    if (!entry) continue;
    if (isSame(entry, there[i])) {
      present++;
      continue;
    }
    const deadlineMs = deadlines.get(entry.key);
    const leaseSeconds = deadlineMs === undefined ? undefined : (deadlineMs - clock.monotonic()) / 1000;
    if (leaseSeconds !== undefined && leaseSeconds <= 0) continue;
    const { key, value, revision } = entry;
    const cause = { actor: 'k8ts migrate', key, revision, reason: `Moved here from ${backend}.` };
    const expected = there[i]?.revision ?? 0;
    pending.push(target.commit({ writes: [{ type: 'put', key, value, expected, leaseSeconds }], cause }));
    if (pending.length < options.inFlight) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
  return present;
}

const isSame = (a: Entry, b: Entry | undefined) => b !== undefined && Buffer.compare(a.value, b.value) === 0;

/** Reads all of both stores, side by side. Keys whose lease has ended may be in one and not in the other. */
async function compare(options: MigrationOptions, deadlines: ReadonlyMap<string, number>) {
  const [left, right] = [entriesOf(options.source), entriesOf(options.target)];
  const hash = createHash('sha256');
  const differing: string[] = [];
  let keys = 0;
  let [a, b] = [await left.next(), await right.next()];
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : compareKeys(a.value.key, b.value.key);
    const key = (order <= 0 ? (a.value as Entry) : (b.value as Entry)).key;
    if (order === 0 && isSame(a.value as Entry, b.value as Entry)) {
      hash
        .update(key)
        .update('\0')
        .update((a.value as Entry).value)
        .update('\0');
      keys++;
    } else if (order === 0 || !deadlines.has(key)) differing.push(key);
    if (order <= 0) a = await left.next();
    if (order >= 0) b = await right.next();
  }
  if (differing.length > 0) throw differ(differing);
  return { keys, digest: hash.digest('hex') };
}

function differ(keys: readonly string[]): MigrationError {
  const some = keys.slice(0, 3).join(', ');
  return new MigrationError(
    `the stores differ in ${keys.length} keys (${some}): something has written to one of them meanwhile`,
  );
}
