import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemFiles } from '../../platform/files.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { CopyableStore } from '../core/copying.ts';
import { positionOf } from '../core/log.ts';
import { encodeChange } from '../embedded/codec.ts';
import { openEmbeddedStore } from '../embedded-store.ts';
import { createMemoryStore } from '../memory-store.ts';
import { bytes, del, put, Recorder, settle, text, until } from '../test-support.ts';
import { encodeFrame, endMark, headBytes, magic } from './format.ts';
import { type CheckedSnapshot, withSnapshot } from './read.ts';
import { restoreStore } from './restore.ts';
import { saveSnapshot } from './save.ts';
import { type SnapshotOptions, writeSnapshot } from './write.ts';

let dir: string;
let file: string;
let clock: VirtualClock;
let store: CopyableStore;
const stores: CopyableStore[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8ts-snapshot-'));
  file = join(dir, 'a.snapshot');
  clock = new VirtualClock();
  store = createMemoryStore({ clock });
  stores.push(store);
});
afterEach(async () => {
  for (const each of stores.splice(0)) await each.close();
  await rm(dir, { recursive: true });
});

const save = (options: Partial<SnapshotOptions> = {}, from = store) =>
  saveSnapshot(file, systemFiles, {
    write: (send) => writeSnapshot(from, { writer: 'test', takenMs: clock.now(), ...options }, send),
    whenWhole: async (snapshot) => snapshot,
  });

const read = <T>(use: (snapshot: CheckedSnapshot) => Promise<T>) => withSnapshot(file, systemFiles, use);

async function restore(bumpRevision = 1000): Promise<CopyableStore> {
  const path = join(dir, `restored-${stores.length}`);
  await read((snapshot) =>
    restoreStore(snapshot, { path, files: systemFiles, nowMs: clock.now(), bumpRevision }),
  );
  const restored = await openEmbeddedStore({ path, clock, files: systemFiles });
  stores.push(restored);
  return restored;
}

const leased = (key: string, leaseSeconds: number) => ({
  writes: [{ type: 'put' as const, key, value: bytes('1'), leaseSeconds }],
});

describe('a restored store', () => {
  test('has all of a commit that is larger than a revision has whole places for', async () => {
    const keys = Array.from({ length: 5000 }, (_, i) => `/many/${String(i).padStart(4, '0')}`);
    await store.commit({ writes: keys.map((key) => ({ type: 'put', key, value: bytes(key) })) });
    const revision = await store.commit(put('/one', '1'));
    await save();
    const restored = await restore(0);
    const watcher = new Recorder();
    await restored.watch('/', 1, watcher);
    await until(() => watcher.batches.length === 2);
    expect(watcher.lines().slice(0, 5000)).toEqual(keys.map((key) => `put ${key}=${key} @${revision - 1}`));
    expect((await restored.list('/many/')).entries.map(({ key }) => key)).toEqual(keys);
  });

  test('has every object with its revisions, its past, its times and its causes', async () => {
    await store.commit(put('/registry/a/1', 'one'));
    await store.commit({ ...put('/registry/a/2', 'two'), cause: { actor: 'me', reason: 'Because.' } });
    await clock.advance(5000);
    await store.commit(put('/registry/a/1', 'one, again'));
    await store.commit(del('/registry/a/2'));
    await store.commit(put('/registry/a/2', ''));
    await store.commit(put('/registry/b/gone', 'x'));
    await store.commit(del('/registry/b/gone'));
    await save();
    const restored = await restore();
    const { revision } = await store.status();
    expect((await restored.list('/')).entries).toEqual((await store.list('/')).entries);
    for (let atRevision = 1; atRevision <= revision; atRevision++) {
      const [now, then] = [await restored.list('/', { atRevision }), await store.list('/', { atRevision })];
      expect(now).toEqual(then);
    }
    for (const key of ['/registry/a/1', '/registry/a/2', '/registry/b/gone']) {
      expect(await restored.history(key)).toEqual(await store.history(key));
    }
    expect(await restored.status()).toMatchObject({ keys: 2, revision: revision + 1000 });
  });

  test('goes on above every revision that the old one may have given, and tells who comes from there', async () => {
    const known = await store.commit(put('/a', '1'));
    await save();
    const unknown = await store.commit(put('/a', 'never to be seen again'));
    const restored = await restore();
    for (const lost of [unknown, known + 999]) {
      await expect(restored.watch('/', lost, new Recorder())).rejects.toMatchObject({ code: 'Compacted' });
      await expect(restored.list('/', { atRevision: lost })).rejects.toMatchObject({ code: 'Compacted' });
      await expect(restored.get('/a', { atRevision: lost })).rejects.toMatchObject({ code: 'Compacted' });
    }
    const watcher = new Recorder();
    await restored.watch('/', known, watcher);
    const next = await restored.commit(put('/a', '2', known));
    expect(next).toBe(known + 1001);
    expect(watcher.lines()).toEqual([`put /a=2 @${next}`]);
    expect(text(await restored.get('/a', { atRevision: known + 1000 }))).toBe('1');
    await restored.compact(unknown);
    await expect(restored.get('/a', { atRevision: unknown + 1 })).rejects.toMatchObject({
      code: 'Compacted',
    });
    expect(text(await restored.get('/a', { atRevision: known + 1000 }))).toBe('1');
  });

  test('remembers every jump, over further snapshots too', async () => {
    await store.commit(put('/a', '1'));
    await save();
    const once = await restore();
    await save({}, once);
    const twice = await restore();
    const { revision } = await twice.status();
    expect(revision).toBe(2002);
    for (const lost of [3, 1001, 1003, 2001]) {
      await expect(twice.list('/', { atRevision: lost })).rejects.toMatchObject({ code: 'Compacted' });
    }
    for (const kept of [2, 1002, 2002])
      expect((await twice.list('/', { atRevision: kept })).entries).toHaveLength(1);
  });

  test('gives leases the time that they had left', async () => {
    await store.commit(leased('/soon', 10));
    await store.commit(leased('/late', 100));
    await clock.advance(5000);
    await save();
    await clock.advance(3_600_000);
    const restored = await restore();
    await clock.advance(4000);
    await settle();
    expect((await restored.list('/')).entries).toHaveLength(2);
    await clock.advance(1000);
    await until(async () => (await restored.get('/soon')) === undefined);
    expect(text(await restored.get('/late'))).toBe('1');
    await clock.advance(90_000);
    await until(async () => (await restored.status()).keys === 0);
  });

  test('without history has what stands, and no more', async () => {
    await store.commit(put('/a', '1'));
    await store.commit(put('/a', '2'));
    await store.commit(put('/b', '1'));
    const last = await store.commit(del('/b'));
    await save({ withoutHistory: true });
    const restored = await restore();
    expect((await restored.list('/')).entries).toEqual((await store.list('/')).entries);
    expect(await restored.history('/a')).toHaveLength(1);
    await expect(restored.list('/', { atRevision: last - 1 })).rejects.toMatchObject({ code: 'Compacted' });
    const again = await restored.commit(put('/a', '3'));
    await restored.compact(again);
    expect((await restored.list('/')).entries.map(text)).toEqual(['3']);
  });

  test('refuses a counter beyond what can be counted', async () => {
    await save();
    await expect(restore(Number.MAX_SAFE_INTEGER / 8192)).rejects.toThrow('that is too high');
  });
});

test('a snapshot is of one revision, whatever is written and compacted meanwhile', async () => {
  const keys = Array.from({ length: 400 }, (_, i) => `/k/${String(i).padStart(3, '0')}`);
  for (const key of keys) void store.commit(put(key, 'before'));
  const last = await store.commit(del('/k/000'));
  const busy = { still: true };
  let pieces = 0;
  const write = async () => {
    for (let i = 0; busy.still; i++) {
      await store.commit(
        i % 3 === 0 ? del(keys[i % 400] as string) : put(keys[i % 400] as string, `after ${i}`),
      );
      await settle();
    }
  };
  const writing = write();
  const compacting = store.commit(put('/new', '1')).then((revision) => store.compact(revision));
  await compacting;
  const { revision, compactedRevision } = await store.status();
  expect(revision).toBeGreaterThan(last);
  const before = await store.list('/');
  let later: Promise<void> | undefined;
  await saveSnapshot(file, systemFiles, {
    write: (send) =>
      writeSnapshot(store, { writer: 'test', takenMs: 0 }, async (piece) => {
        pieces++;
        later ??= store.status().then((status) => store.compact(status.revision));
        await settle();
        await send(piece);
      }),
    whenWhole: async ({ header }) => {
      expect(header.state).toMatchObject({ compactedRevision });
      expect(header.state.revision).toBeGreaterThanOrEqual(before.revision);
    },
  });
  busy.still = false;
  await writing;
  expect(pieces).toBeGreaterThan(3);
  const restored = await restore(0);
  const { revision: taken } = await restored.status();
  await later;
  expect((await store.status()).compactedRevision).toBeGreaterThanOrEqual(taken);
  const all = (await restored.list('/')).entries;
  await read(async ({ header }) => expect(header.state.revision).toBe(taken));
  expect(Math.max(...all.map((entry) => entry.revision))).toBeLessThanOrEqual(taken);
  expect(all.length).toBeGreaterThan(200);
  const kept = await read(async (snapshot) => {
    const changes = [];
    for await (const part of snapshot.parts()) changes.push(...part);
    return changes;
  });
  const newest = new Map(kept.map(({ change }) => [change.key, change]));
  const live = [...newest.values()].filter((change) => change.value).map((change) => change.key);
  expect(all.map((entry) => entry.key)).toEqual(live.sort());
});

/** A snapshot that is whole, of changes that nobody made. */
async function craft(changes: { position: number; previous?: number }[], revision: number): Promise<void> {
  const state = { revision, compactedRevision: 0, compactedTimeMs: 0, timeMs: 0, historyBytes: 0 };
  const frames = changes.map(({ position, previous = 0 }) => {
    const change = {
      key: '/a',
      value: bytes('x'),
      createRevision: 1,
      replacedBytes: 0,
      timeMs: 1,
      expiresMs: 0,
    };
    const head = Buffer.alloc(9);
    head.writeDoubleBE(position, 1);
    return encodeFrame('c', head, encodeChange({ ...change, position, previous }));
  });
  const header = { writer: 'test', backend: 'memory', takenMs: 0, state };
  const start = [magic, Buffer.of(0, 1), encodeFrame('h', Buffer.from(JSON.stringify(header)))];
  const body = Buffer.concat([...start, ...frames, endMark]);
  await writeFile(file, Buffer.concat([body, createHash('sha256').update(body).digest()]));
}

describe('what is no past of a store is not restored', () => {
  test.each([
    [
      'is its own predecessor',
      [{ position: positionOf(2), previous: positionOf(2) }],
      'revision 2 is broken',
    ],
    [
      'comes after a later one',
      [{ position: positionOf(3) }, { position: positionOf(2) }],
      'not in their order',
    ],
    ['comes twice', [{ position: positionOf(2) }, { position: positionOf(2) }], 'not in their order'],
    ['was made after all', [{ position: positionOf(4) }], 'not in their order'],
    ['has no place', [{ position: Number.NaN }], 'is broken'],
  ])('a change that %s', async (_what, changes, why) => {
    await craft(changes, 3);
    await expect(restore()).rejects.toThrow(why);
  });

  test('unlike one that is', async () => {
    await craft([{ position: positionOf(2) }, { position: positionOf(3), previous: positionOf(2) }], 3);
    expect((await (await restore()).status()).revision).toBe(1003);
  });
});

describe('what is no whole snapshot is refused', () => {
  const refused = (why: string) => expect(read(async () => {})).rejects.toThrow(why);

  test('some other file, an empty one, none', async () => {
    await refused('ENOENT');
    for (const other of ['', 'x', 'k8ts-snow'.repeat(100)]) {
      await writeFile(file, other);
      await refused('it is not a snapshot of k8ts');
    }
  });

  test('cut off anywhere', async () => {
    for (let i = 0; i < 50; i++) await store.commit(put(`/a/${i}`, 'x'.repeat(i)));
    await save();
    const whole = await readFile(file);
    for (let length = 1; length < whole.length; length += 97) {
      await writeFile(file, whole.subarray(0, length));
      await refused('it is cut off');
    }
  });

  test('changed anywhere', async () => {
    await store.commit(put('/a', 'some value'));
    await save();
    const whole = await readFile(file);
    for (let at = headBytes; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 1;
      await writeFile(file, changed);
      await refused(at >= whole.length - 40 && at < whole.length - 32 ? 'cut off' : 'it is damaged');
    }
  });

  test('of a newer format', async () => {
    await save();
    const newer = await readFile(file);
    newer.writeUInt16BE(7, magic.length);
    await writeFile(file, newer);
    await refused('it has format 7, and this version of k8ts knows formats up to 1; use a newer one');
  });
});

test('a save that fails leaves what was there, and nothing else', async () => {
  await store.commit(put('/a', '1'));
  await save();
  const whole = await readFile(file);
  const failing = saveSnapshot(file, systemFiles, {
    write: (send) =>
      writeSnapshot(store, { writer: 'test', takenMs: 0 }, async (piece) => {
        await send(piece);
        throw new Error('no space left');
      }),
    whenWhole: async () => {},
  });
  await expect(failing).rejects.toThrow('no space left');
  expect(await readdir(dir)).toEqual(['a.snapshot']);
  expect(await readFile(file)).toEqual(whole);
  // Nothing is held up by the copy that was broken off.
  await store.compact(await store.commit(put('/a', '2')));
});

test('who takes nothing of a snapshot for five minutes is waited for no longer', async () => {
  const revision = await store.commit(put('/a', '1'));
  let wanted = 0;
  const waiting = writeSnapshot(store, { writer: 'test', takenMs: 0, clock }, async () => {
    wanted++;
    if (wanted === 1) await clock.sleep(299_000);
    else await new Promise(() => {});
  });
  const refused = expect(waiting).rejects.toThrow('nobody has taken any of the snapshot for 300 s');
  let isCompacted = false;
  const compacting = store.compact(revision).then(() => {
    isCompacted = true;
  });
  await clock.advance(299_000);
  await until(() => wanted === 2);
  await clock.advance(299_000);
  expect(isCompacted).toBe(false);
  await clock.advance(1000);
  await refused;
  await compacting;
});

test('closing the store ends a snapshot that is under way', async () => {
  for (let i = 0; i < 300; i++) void store.commit(put(`/a/${i}`, 'x'));
  await store.commit(put('/b', ''));
  const failing = saveSnapshot(file, systemFiles, {
    write: (send) =>
      writeSnapshot(store, { writer: 'test', takenMs: 0 }, async (piece) => {
        await send(piece);
        await store.close();
      }),
    whenWhole: async () => {},
  });
  await expect(failing).rejects.toMatchObject({ code: 'Closed' });
});
