import { array, assert, asyncProperty, constantFrom, nat, oneof, record } from 'fast-check';
import { expect, test } from 'vitest';
import { type Entry, StoreError, type Store, type Write } from './store.ts';
import { bytes, type Harness, Recorder, until } from './test-support.ts';

type Step =
  | {
      type: 'commit';
      writes: { key: string; delete: boolean; expect: 'any' | 'right' | 'wrong' | 'absent' }[];
    }
  | { type: 'read'; back: number; prefix: string; limit: number }
  | { type: 'compact'; back: number }
  | { type: 'fail' };

type World = ReadonlyMap<string, Entry>;

/** The whole store at each revision, kept without thought of time or space. */
class Model {
  /** By revision; holes where a failed flush used it up. */
  readonly worlds = new Map<number, World>();
  newest: number;
  compacted: number;

  constructor(revision: number, compacted: number) {
    this.newest = revision;
    this.compacted = compacted;
    this.worlds.set(revision, new Map());
  }

  get world(): World {
    return this.worlds.get(this.newest) as World;
  }

  at(revision: number): World {
    for (let known = revision; known >= 0; known--) {
      const world = this.worlds.get(known);
      if (world) return world;
    }
    return new Map();
  }

  apply(revision: number, writes: readonly Write[]): void {
    const world = new Map(this.world);
    for (const write of writes) {
      const createRevision = world.get(write.key)?.createRevision ?? revision;
      if (write.type === 'delete') world.delete(write.key);
      else world.set(write.key, { key: write.key, value: write.value, revision, createRevision });
    }
    this.worlds.set(revision, world);
    this.newest = revision;
  }
}

const key = constantFrom('/p/a', '/p/b', '/p/c', '/q/a', '/q/ü');
const write = record({
  key,
  delete: constantFrom(false, false, true),
  expect: constantFrom(
    'any' as const,
    'right' as const,
    'right' as const,
    'wrong' as const,
    'absent' as const,
  ),
});
const step = oneof(
  {
    weight: 6,
    arbitrary: record({ type: constantFrom('commit' as const), writes: array(write, { maxLength: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: record({
      type: constantFrom('read' as const),
      back: nat(12),
      prefix: constantFrom('/', '/p/', '/q/', '/p/b', '/x'),
      limit: nat(4),
    }),
  },
  { weight: 1, arbitrary: record({ type: constantFrom('compact' as const), back: nat(8) }) },
  { weight: 1, arbitrary: record({ type: constantFrom('fail' as const) }) },
);

export function modelContract(makeHarness: () => Promise<Harness>): void {
  test('does what a trivial store does', { timeout: 60_000 }, async () => {
    const steps = array(step, { maxLength: 40 });
    const property = asyncProperty(steps, async (script: Step[]) => {
      const harness = await makeHarness();
      await runScript(harness, script).finally(() => harness.dispose());
    });
    await assert(property, { numRuns: 40 });
  });
}

async function runScript(harness: Harness, script: readonly Step[]): Promise<void> {
  const store = await harness.open();
  const { revision, compactedRevision } = await store.status();
  const model = new Model(revision, compactedRevision);
  const watcher = new Recorder();
  await store.watch('', revision, watcher);
  for (const step of script) {
    if (step.type === 'commit') await commitBoth(store, model, step.writes);
    else if (step.type === 'read') await readBoth(store, model, step);
    else if (step.type === 'compact') await compactBoth(store, model, step.back);
    else harness.faults.failNext();
  }
  expect(replayed(watcher)).toEqual(model.world);
  const late = new Recorder();
  await store.watch('', model.compacted, late);
  await until(
    () => late.batches.length >= watcher.batches.filter((b) => b.revision > model.compacted).length,
  );
  expect(replayed(late, model.at(model.compacted))).toEqual(model.world);
}

async function compactBoth(store: Store, model: Model, back: number): Promise<void> {
  const revision = Math.max(model.newest - back, 0);
  try {
    await store.compact(revision);
    model.compacted = Math.max(model.compacted, revision);
  } catch (error) {
    expect(error).toMatchObject({ code: 'FlushFailed' });
  }
}

/** A world after the events that a watcher got. */
function replayed(watcher: Recorder, start: World = new Map()): World {
  const world = new Map(start);
  for (const event of watcher.batches.flatMap((batch) => batch.events)) {
    if (event.type === 'delete') world.delete(event.key);
    else world.set(event.entry.key, plain(event.entry));
  }
  return world;
}

/** With the value in the form that the model keeps. */
function plain(entry: Entry): Entry {
  return { ...entry, value: Buffer.from(entry.value) };
}

let values = 0;

async function commitBoth(
  store: Store,
  model: Model,
  asked: Extract<Step, { type: 'commit' }>['writes'],
): Promise<void> {
  const once = [...new Map(asked.map((write) => [write.key, write])).values()];
  const writes = once.map((ask): Write => {
    const actual = model.world.get(ask.key)?.revision ?? 0;
    const expected = { any: undefined, right: actual, wrong: actual + 1, absent: 0 }[ask.expect];
    if (ask.delete) return { type: 'delete', key: ask.key, expected };
    return { type: 'put', key: ask.key, value: bytes(`${values++}`), expected };
  });
  const standing = (write: Write) => model.world.get(write.key)?.revision ?? 0;
  const conflict = writes.find((write) => write.expected !== undefined && write.expected !== standing(write));
  const changes = writes.some((write) => write.type === 'put' || standing(write) > 0);
  const outcome = await store.commit({ writes }).catch((error: unknown) => error);
  if (outcome instanceof StoreError && outcome.code === 'FlushFailed') return;
  if (conflict) {
    expect(outcome).toMatchObject({ code: 'Conflict', key: conflict.key, actual: standing(conflict) });
  } else if (changes) {
    expect(outcome).toBeGreaterThan(model.newest);
    model.apply(outcome as number, writes);
  }
}

async function readBoth(store: Store, model: Model, ask: Extract<Step, { type: 'read' }>): Promise<void> {
  const atRevision = Math.max(model.newest - ask.back, 0);
  const options = { atRevision, limit: ask.limit };
  if (atRevision < model.compacted) {
    await expect(store.list(ask.prefix, options)).rejects.toMatchObject({ code: 'Compacted' });
    return;
  }
  const all = [...model.at(atRevision).values()]
    .filter((entry) => entry.key.startsWith(ask.prefix))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const some = ask.limit ? all.slice(0, ask.limit) : all;
  const list = await store.list(ask.prefix, options);
  expect({ ...list, entries: list.entries.map(plain) }).toEqual({
    entries: some,
    revision: atRevision,
    more: some.length < all.length,
  });
  for (const entry of some) {
    expect(plain((await store.get(entry.key, { atRevision })) as Entry)).toEqual(entry);
  }
}
