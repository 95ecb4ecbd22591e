import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemFiles } from '../platform/files.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { raiseRevision } from './embedded/raise-revision.ts';
import { openEmbeddedStore } from './embedded-store.ts';
import { createMemoryStore } from './memory-store.ts';
import { type MigrationOptions, migrate, migrationKey } from './migrate.ts';
import type { Store } from './store.ts';
import { bytes, del, put, Recorder, text, until } from './test-support.ts';

let clock: VirtualClock;
let path: string;
let source: Store;
let target: Store;

beforeEach(async () => {
  clock = new VirtualClock();
  path = await mkdtemp(join(tmpdir(), 'k8ts-migrate-'));
  source = createMemoryStore({ clock });
  target = await openEmbeddedStore({ path, clock, files: systemFiles });
});
afterEach(async () => {
  await Promise.all([source.close(), target.close()]);
  await rm(path, { recursive: true });
});

const run = (options: Partial<MigrationOptions> = {}) =>
  migrate({
    source,
    target,
    clock,
    inFlight: 16,
    onProgress() {},
    signal: new AbortController().signal,
    ...options,
  });

const leased = (key: string, leaseSeconds: number) => ({
  writes: [{ type: 'put' as const, key, value: bytes('1'), leaseSeconds }],
});

/** Keys and values in the order of revisions. */
async function inOrder(store: Store): Promise<string[]> {
  const { entries } = await store.list('');
  return entries.sort((a, b) => a.revision - b.revision).map((entry) => `${entry.key}=${text(entry)}`);
}

async function fill(keys: number): Promise<void> {
  for (let i = 0; i < keys; i++) await source.commit(put(`/k/${i % 3}/${(i * 7919) % keys}`, `value ${i}`));
}

test('every key comes over, in the order in which they were written', async () => {
  await fill(1000);
  await source.commit(put('/k/0/0', 'written again'));
  await source.commit(del('/k/1/1'));
  const progress: number[] = [];
  const report = await run({ onProgress: (done) => void progress.push(done) });
  expect(await inOrder(target)).toEqual(await inOrder(source));
  expect(report).toMatchObject({ keys: (await source.status()).keys, present: 0 });
  expect(report.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(progress[0]).toBe(0);
  expect(progress.at(-1)).toBe(report.keys);
  expect((await target.history('/k/0/0'))[0]?.cause?.reason).toBe('Moved here from memory.');
});

test('and back', async () => {
  await fill(300);
  await source.commit(leased('/leased', 60));
  const there = await run();
  const again = createMemoryStore({ clock });
  const back = await run({ source: target, target: again });
  expect(back.digest).toBe(there.digest);
  expect(await inOrder(again)).toEqual(await inOrder(source));
  await again.close();
});

test('leases have left what they had', async () => {
  await source.commit(leased('/soon', 10));
  await source.commit(leased('/late', 100));
  await source.commit(put('/stays', '1'));
  await clock.advance(5000);
  await run();
  const left = await target.leases('');
  expect([...left]).toEqual([
    ['/soon', 5],
    ['/late', 95],
  ]);
  await clock.advance(5000);
  await until(async () => (await target.get('/soon')) === undefined);
  await clock.advance(90_000);
  await until(async () => (await target.status()).keys === 1);
});

test('a lease that ends on the way is no difference', async () => {
  for (let i = 0; i < 200; i++) await source.commit(leased(`/e/${i}`, 10));
  await source.commit(put('/stays', '1'));
  const report = await run({ onProgress: (done) => void (done > 0 && clock.advance(20_000)) });
  expect(report.keys).toBeGreaterThan(0);
  await until(async () => (await target.status()).keys === 1);
});

test('a target that has anything is refused and left alone', async () => {
  await fill(3);
  await target.commit(put('/mine', '1'));
  await expect(run()).rejects.toThrow('the target is not empty: it has /mine');
  expect(await inOrder(target)).toEqual(['/mine=1']);
});

describe('a migration that was broken off', () => {
  const breakOff = async () => {
    const abort = new AbortController();
    const onProgress = (done: number) => void (done >= 256 && abort.abort(new Error('interrupted')));
    await expect(run({ onProgress, signal: abort.signal })).rejects.toThrow('interrupted');
    expect(await target.get(migrationKey)).toBeDefined();
  };

  test('is gone on with', async () => {
    await fill(600);
    await breakOff();
    const report = await run();
    expect(report.present).toBe(384);
    expect(await inOrder(target)).toEqual(await inOrder(source));
    await expect(run()).rejects.toThrow('the target is not empty');
  });

  test('also where the source has changed since', async () => {
    await fill(600);
    await breakOff();
    const [first = ''] = await inOrder(source);
    await source.commit(del(first.slice(0, first.indexOf('='))));
    const [second = ''] = await inOrder(source);
    await source.commit(put(second.slice(0, second.indexOf('=')), 'changed'));
    await run();
    expect(await inOrder(target)).toEqual(await inOrder(source));
  });
});

test('what is written meanwhile is found out, and comes with the next attempt', async () => {
  await fill(300);
  const late = { onProgress: (done: number) => void (done === 128 && source.commit(put('/late', '1'))) };
  await expect(run(late)).rejects.toThrow('the stores differ in 1 keys (/late): something has written');
  expect((await run()).keys).toBe(301);
});

test('an embedded target can go on above the revisions of the source', async () => {
  await fill(50);
  const { revision } = await source.status();
  await target.close();
  await raiseRevision({ path, files: systemFiles, revision: revision + 1000 });
  target = await openEmbeddedStore({ path, clock, files: systemFiles });
  const report = await run();
  expect(report.targetRevision).toBeGreaterThan(revision + 1050);
  await expect(target.watch('', revision, new Recorder())).rejects.toMatchObject({ code: 'Compacted' });
});
