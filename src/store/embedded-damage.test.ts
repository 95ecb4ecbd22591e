import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import type { Store } from './store.ts';
import { put, text } from './test-support.ts';

let path: string;
let file: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'k8ts-store-'));
  file = join(path, 'store.mdb');
});
afterEach(() => rm(path, { recursive: true }));

const open = (at = path) => openEmbeddedStore({ path: at, clock: systemClock, files: systemFiles });

async function used<T>(use: (store: Store) => Promise<T>): Promise<T> {
  const store = await open();
  return use(store).finally(() => store.close());
}

/** Expects that the store is refused, and that nothing of its file is changed by the attempt. */
async function refused(why: string | RegExp): Promise<void> {
  const before = await readFile(file);
  const opening = open();
  await expect(opening).rejects.toMatchObject({ code: 'Unusable' });
  await expect(opening).rejects.toThrow(why);
  await expect(opening).rejects.toThrow(path);
  expect(Buffer.compare(await readFile(file), before)).toBe(0);
}

test('a newer format is refused', async () => {
  await used((store) => store.commit(put('/a', '1')));
  const root = openLmdb<Buffer, string>({
    path: file,
    noSubdir: true,
    encoding: 'binary',
    overlappingSync: false,
  });
  await root.openDB({ name: 'meta', encoding: 'binary' }).put('format', Buffer.from('2'));
  await root.close();
  await refused('it has format 2, and this version of k8ts knows formats up to 1; use a newer one');
});

test("somebody else's file is refused", async () => {
  const root = openLmdb<Buffer, string>({
    path: file,
    noSubdir: true,
    encoding: 'binary',
    overlappingSync: false,
  });
  await root.put('hello', Buffer.from('world'));
  await root.close();
  await refused('it is not a store of k8ts');
});

test('what is no store at all is refused', async () => {
  await writeFile(file, 'x'.repeat(100_000));
  await refused('is damaged, or not a store');
  await writeFile(file, 'x');
  await refused('is damaged, or not a store');
});

test('an empty file, as a kill in the first moment leaves it, is a new store', async () => {
  await writeFile(file, '');
  expect(await used((store) => store.status())).toMatchObject({ keys: 0 });
});

test('a file that lost its end is refused, wherever it was cut', async () => {
  await used(async (store) => {
    for (let i = 0; i < 200; i++) await store.commit(put(`/p/${i}`, `${i}`.repeat(i * 20)));
  });
  const whole = await readFile(file);
  for (const share of [0.95, 0.5, 0.1]) {
    await writeFile(file, whole.subarray(0, Math.floor(whole.length * share)));
    await refused(/damaged|CORRUPTED|not a store/i);
  }
  await writeFile(file, whole);
  expect(await used(async (store) => (await store.list('/p/')).entries.length)).toBe(200);
});

test('a file that is shorter than it says, but has all that counts, is whole', async () => {
  await used((store) => store.commit(put('/a', '1')));
  const content = await readFile(file);
  for (const lastPageAt of [144, 4096 + 144]) {
    content.writeBigUInt64LE(content.readBigUInt64LE(lastPageAt) + 10n, lastPageAt);
  }
  await writeFile(file, content);
  await used(async (store) => {
    expect(text(await store.get('/a'))).toBe('1');
    await store.commit(put('/big', 'y'.repeat(3_000_000)));
    expect(text(await store.get('/big'))).toBe('y'.repeat(3_000_000));
  });
  expect((await stat(file)).size).toBeGreaterThan(content.length + 3_000_000);
});

test('a file that says it is larger than any can be is refused', async () => {
  await used((store) => store.commit(put('/a', '1')));
  const content = await readFile(file);
  for (const lastPageAt of [144, 4096 + 144]) content.writeBigUInt64LE(2n ** 40n, lastPageAt);
  await writeFile(file, content);
  await refused('is damaged, or not a store');
});

test('a state that is not what was written is refused', async () => {
  await used((store) => store.commit(put('/a', '1')));
  const content = await readFile(file);
  const was = '"revision":2,';
  for (let at = content.indexOf(was); at >= 0; at = content.indexOf(was, at + 1))
    content.write('"revision":1,', at);
  await writeFile(file, content);
  await refused('its state is broken');
});

test('a record that changed on disk is an error, not a value; the others are still there', async () => {
  await used(async (store) => {
    await store.commit(put('/a', 'the value of a'));
    await store.commit(put('/b', 'the value of b'));
  });
  const content = await readFile(file);
  for (let at = content.indexOf('the value of a'); at >= 0; at = content.indexOf('the value of a', at + 1)) {
    content.write('tha', at);
  }
  await writeFile(file, content);
  await used(async (store) => {
    await expect(store.get('/a')).rejects.toMatchObject({ code: 'Unusable' });
    await expect(store.list('/')).rejects.toThrow('record of revision 2 is broken');
    expect(text(await store.get('/b'))).toBe('the value of b');
  });
});

const pageBytes = 4096;
const flagsAt = 18;
const leaf = 2;
const pointersAt = 24;

/** Where the pages begin that hold records and no older copy of them, by what LMDB writes into their first bytes. */
function leavesWith(content: Buffer, what: string): number[] {
  const pages: number[] = [];
  for (let at = 0; at < content.length; at += pageBytes) {
    const isLeaf = content.readUInt16LE(at + flagsAt) === leaf;
    if (isLeaf && content.subarray(at, at + pageBytes).includes(what)) pages.push(at);
  }
  return pages;
}

test('keys that vanish from a page are missed, and not taken for deleted', async () => {
  await used(async (store) => {
    await Promise.all(Array.from({ length: 200 }, (_, i) => store.commit(put(`/k/${1000 + i}`, `v${i}`))));
    // Where the log and the heads lie then is not written to any more.
    await store.compact((await store.status()).revision);
  });
  const whole = await readFile(file);
  let damaged = 0;
  for (const page of leavesWith(whole, '/k/1')) {
    const content = Buffer.from(whole);
    // One record is there twice, and another no longer.
    content.copyWithin(page + pointersAt, page + pointersAt + 2, page + pointersAt + 4);
    await writeFile(file, content);
    const outcome = await used(async (store) => (await store.list('/k/')).entries.length).catch(
      (error: Error & { code: string }) => error,
    );
    if (outcome === 200) continue;
    damaged++;
    expect(outcome).toMatchObject({ code: 'Unusable', message: expect.stringContaining('damaged') });
  }
  expect(damaged).toBeGreaterThan(2);
});

test('where no directory can be made, the error says why', async () => {
  const below = join(path, 'file', 'store');
  await writeFile(join(path, 'file'), '');
  const opening = open(below);
  await expect(opening).rejects.toMatchObject({ code: 'Unusable' });
  await expect(opening).rejects.toThrow(/ENOTDIR/);
});

test.skipIf(getuid?.() === 0)(
  'a read-only directory is refused (not as root, whom nothing stops)',
  async () => {
    const inner = join(path, 'inner');
    await mkdir(inner);
    await chmod(inner, 0o500);
    await expect(open(inner)).rejects.toMatchObject({ code: 'Unusable' });
    await chmod(inner, 0o700);
  },
);
