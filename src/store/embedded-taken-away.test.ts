import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { systemFiles } from '../platform/files.ts';
import { createLog, type Log } from '../platform/log.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import type { Store } from './store.ts';
import { put, text } from './test-support.ts';

/** What becomes of a store whose files somebody takes away while it is open. */

let dir: string;
let path: string;
let lines: string[];
let log: Log;
let stores: Store[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8ts-store-'));
  path = join(dir, 'store');
  lines = [];
  stores = [];
  log = createLog({
    clock: systemClock,
    level: 'info',
    write: ({ level, message, fields }) => void lines.push(`${level}: ${message} ${fields.why ?? ''}`.trim()),
  });
});
afterEach(async () => {
  for (const store of stores) await store.close();
  await rm(dir, { recursive: true, force: true });
});

async function open(at = path): Promise<Store> {
  const store = await openEmbeddedStore({ path: at, clock: systemClock, files: systemFiles, log });
  stores.push(store);
  return store;
}

test('what would be lost is not acknowledged, and what is known can be read', async () => {
  const store = await open();
  await store.commit(put('/a', '1'));
  await expect(store.check()).resolves.toBeUndefined();
  await rm(path, { recursive: true });
  const why = `${path}/store.mdb is gone`;
  const refused = store.commit(put('/a', '2'));
  await expect(refused).rejects.toMatchObject({ code: 'FlushFailed' });
  await expect(refused).rejects.toThrow(why);
  await expect(store.commit(put('/b', '1'))).rejects.toMatchObject({ code: 'FlushFailed' });
  await expect(store.check()).rejects.toMatchObject({
    code: 'Unusable',
    message: expect.stringContaining(why),
  });
  expect(text(await store.get('/a'))).toBe('1');
  expect(await store.get('/b')).toBeUndefined();
  expect(lines).toEqual([
    `error: the store has been taken away while it is open: nothing is written any more ${why}`,
  ]);
});

test('another store in its place is left alone', async () => {
  const store = await open();
  await store.commit(put('/a', 'old'));
  await rename(path, `${path}.old`);
  const other = await openEmbeddedStore({
    path: join(dir, 'other'),
    clock: systemClock,
    files: systemFiles,
  });
  await other.commit(put('/a', 'new'));
  await other.close();
  await rename(join(dir, 'other'), path);
  await expect(store.commit(put('/a', '2'))).rejects.toThrow(`${path}/store.mdb is another file now`);
  await store.close();
  stores.pop();
  expect(text(await (await open()).get('/a'))).toBe('new');
});

test('what is brought back is written to again, and nothing is in it that was refused', async () => {
  const store = await open();
  await store.commit(put('/a', '1'));
  await rename(path, `${path}.away`);
  await expect(store.commit(put('/a', 'refused'))).rejects.toMatchObject({ code: 'FlushFailed' });
  await rename(`${path}.away`, path);
  await expect(store.check()).resolves.toBeUndefined();
  await store.commit(put('/b', '2'));
  await store.close();
  stores.pop();
  const again = await open();
  expect([text(await again.get('/a')), text(await again.get('/b'))]).toEqual(['1', '2']);
  expect(lines.at(-1)).toBe('info: the store is in its place again, and written to');
});
