import { expect, test } from 'vitest';
import { type Subject, testWith } from './contract-subject.ts';
import type { Store, StoreError } from './store.ts';
import { bytes, del, put, Recorder, settle, text, until } from './test-support.ts';

async function lines(store: Store, prefix: string, atRevision: number): Promise<string[]> {
  const { entries } = await store.list(prefix, { atRevision });
  return entries.map(
    (entry) => `${entry.key}=${text(entry)} @${entry.revision} since ${entry.createRevision}`,
  );
}

export function historyContract(subject: Subject): void {
  test('every revision can be read as it was', async () => {
    const { store } = subject;
    const a = await store.commit(put('/p/a', '1'));
    const b = await store.commit(put('/p/b', '1'));
    const a2 = await store.commit(put('/p/a', '2'));
    const gone = await store.commit(del('/p/b'));
    const back = await store.commit(put('/p/b', '3'));
    expect(await lines(store, '/p/', a - 1)).toEqual([]);
    expect(await lines(store, '/p/', a)).toEqual([`/p/a=1 @${a} since ${a}`]);
    expect(await lines(store, '/p/', b)).toEqual([`/p/a=1 @${a} since ${a}`, `/p/b=1 @${b} since ${b}`]);
    expect(await lines(store, '/p/', a2)).toEqual([`/p/a=2 @${a2} since ${a}`, `/p/b=1 @${b} since ${b}`]);
    expect(await lines(store, '/p/', gone)).toEqual([`/p/a=2 @${a2} since ${a}`]);
    expect(await lines(store, '/p/', back)).toEqual([
      `/p/a=2 @${a2} since ${a}`,
      `/p/b=3 @${back} since ${back}`,
    ]);
    expect(text(await store.get('/p/b', { atRevision: a2 }))).toBe('1');
    expect(await store.get('/p/b', { atRevision: gone })).toBeUndefined();
    expect(await store.get('/p/b', { atRevision: a })).toBeUndefined();
  });

  test('what is deleted now is still found in the past, in order and in parts', async () => {
    const { store } = subject;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await store.commit(put(`/p/${name}`, name));
    const { revision } = await store.list('/p/');
    for (const name of ['a', 'c', 'e']) await store.commit(del(`/p/${name}`));
    await store.commit(put('/p/f', 'new'));
    const first = await store.list('/p/', { atRevision: revision, limit: 3 });
    expect(first.entries.map(text)).toEqual(['a', 'b', 'c']);
    expect(first).toMatchObject({ more: true, revision });
    const rest = await store.list('/p/', { atRevision: revision, limit: 3, from: '/p/c\0' });
    expect(rest.entries.map(text)).toEqual(['d', 'e']);
    expect(rest.more).toBe(false);
  });

  test('the future cannot be read', async () => {
    const { store } = subject;
    const revision = await store.commit(put('/a', '1'));
    const future = { atRevision: revision + 1 };
    await expect(store.get('/a', future)).rejects.toMatchObject({ code: 'FutureRevision' });
    await expect(store.list('/', future)).rejects.toMatchObject({ code: 'FutureRevision' });
    await expect(store.compact(revision + 1)).rejects.toMatchObject({ code: 'FutureRevision' });
  });

  test("a key's past has times and causes, newest first", async () => {
    const { store, harness } = subject;
    const cause = { actor: 'kubelet', reason: 'The container started.' };
    const timeMs = harness.clock.now();
    const made = await store.commit(put('/a', '1'));
    await harness.clock.advance(5000);
    const changed = await store.commit({ ...put('/a', '2'), cause });
    await store.commit(put('/b', ''));
    const deleted = await store.commit(del('/a'));
    const again = await store.commit(put('/a', '3'));
    const history = await store.history('/a');
    expect(history.map((line) => [line.revision, text(line.entry)])).toEqual([
      [again, '3'],
      [deleted, undefined],
      [changed, '2'],
      [made, '1'],
    ]);
    expect(history.map((line) => line.timeMs - timeMs)).toEqual([5000, 5000, 5000, 0]);
    expect(history.map((line) => line.cause)).toEqual([undefined, undefined, cause, undefined]);
  });

  test('a moment has one revision', async () => {
    const { store, harness } = subject;
    const { clock } = harness;
    const start = clock.now();
    const first = await store.commit(put('/a', '1'));
    await clock.advance(1000);
    const second = await store.commit(put('/a', '2'));
    await clock.advance(1000);
    const third = await store.commit(put('/a', '3'));
    expect(await store.revisionAt(start)).toBe(first);
    expect(await store.revisionAt(start + 999)).toBe(first);
    expect(await store.revisionAt(start + 1000)).toBe(second);
    expect(await store.revisionAt(start + 1e9)).toBe(third);
    expect(await store.revisionAt(start - 1)).toBeLessThan(first);
    await store.compact(second);
    expect(await store.revisionAt(start + 1500)).toBe(second);
    await expect(store.revisionAt(start + 999)).rejects.toMatchObject({ code: 'Compacted' });
  });

  test('a compaction forgets the past and keeps what stands', async () => {
    const { store } = subject;
    const old = await store.commit(put('/old', 'never written again'));
    await store.commit(put('/a', '1'));
    await store.commit(put('/gone', '1'));
    const gone = await store.commit(del('/gone'));
    const newer = await store.commit(put('/a', '2'));
    const edge = await store.commit(put('/b', '1'));
    const after = await store.commit(put('/a', '3'));
    await store.compact(edge);
    expect(await store.status()).toMatchObject({ compactedRevision: edge, revision: after });
    for (const atRevision of [gone, newer]) {
      await expect(store.get('/a', { atRevision })).rejects.toMatchObject({ code: 'Compacted' });
      await expect(store.list('/', { atRevision })).rejects.toMatchObject({ code: 'Compacted' });
    }
    expect((await store.list('/', { atRevision: edge })).entries.map(text)).toEqual([
      '2',
      '1',
      'never written again',
    ]);
    expect((await store.list('/')).entries.map(text)).toEqual(['3', '1', 'never written again']);
    expect((await store.history('/a')).map((line) => line.revision)).toEqual([after, newer]);
    expect(await store.history('/gone')).toEqual([]);
    expect((await store.history('/old')).map((line) => line.revision)).toEqual([old]);
    await store.compact(gone);
    await store.compact(edge);
    expect((await store.status()).compactedRevision).toBe(edge);
  });

  test('compacting up to the newest revision leaves only what stands', async () => {
    const { store } = subject;
    await store.commit(put('/a', '1'));
    await store.commit(put('/a', '2'));
    await store.commit(put('/gone', '1'));
    const revision = await store.commit(del('/gone'));
    await store.compact(revision);
    expect((await store.list('/', { atRevision: revision })).entries.map(text)).toEqual(['2']);
    expect(await store.history('/a')).toHaveLength(1);
    const back = await store.commit(put('/gone', '2', 0));
    expect(back).toBe(revision + 1);
    expect((await store.history('/gone')).map((line) => line.revision)).toEqual([back]);
    await store.commit(del('/gone'));
    await store.compact(revision + 2);
    expect(await store.history('/gone')).toEqual([]);
  });

  test('a commit of many keys is compacted as one', async () => {
    const { store } = subject;
    const keys = Array.from({ length: 600 }, (_, i) => `/p/${i}`);
    const all = (value: string) => keys.map((key) => ({ type: 'put' as const, key, value: bytes(value) }));
    const first = await store.commit({ writes: all('1') });
    const second = await store.commit({ writes: all('2') });
    await store.compact(second);
    await expect(store.list('/p/', { atRevision: first })).rejects.toMatchObject({ code: 'Compacted' });
    expect((await store.list('/p/')).entries).toHaveLength(600);
    expect(await store.history('/p/0')).toHaveLength(1);
  });

  test('what is older than the history is forgotten by itself', { timeout: 120_000 }, async () => {
    const { harness } = subject;
    await subject.store.close();
    const store = await harness.open({ historyMs: 60_000 });
    const startMs = harness.clock.now();
    await store.commit(put('/a', '1'));
    await harness.clock.advance(1000);
    const second = await store.commit(put('/a', '2'));
    await harness.clock.advance(50_000);
    const third = await store.commit(put('/a', '3'));
    let steppedMs = 0;
    /** Time goes on for `dueMs`, and then slowly, so that a store that takes long does not miss its turn. */
    const compactedTo = (revision: number, dueMs: number) => async () => {
      await settle();
      const passedMs = harness.clock.now() - startMs;
      const isTime = performance.now() - steppedMs >= (passedMs < dueMs ? 10 : 500);
      if (isTime && passedMs < dueMs + 15_000 && !harness.faults.busy()) {
        steppedMs = performance.now();
        await harness.clock.advance(1000);
      }
      return (await store.status()).compactedRevision === revision;
    };
    await until(compactedTo(second, 90_000), 40_000);
    expect((await store.history('/a')).map((line) => line.revision)).toEqual([third, second]);
    await until(compactedTo(third, 140_000), 40_000);
    expect(text(await store.get('/a'))).toBe('3');
  });

  testWith(subject, 'historyBytes')('the past takes no more than its share of bytes', async () => {
    const { harness } = subject;
    await subject.store.close();
    const store = await harness.open({ historyBytes: 100_000 });
    await store.commit(put('/stays', 'x'.repeat(200_000)));
    for (let i = 0; i < 100; i++) await store.commit(put('/a', `${i}${'x'.repeat(5000)}`));
    const { compactedRevision, revision } = await store.status();
    const kept = await store.history('/a');
    expect(kept.length).toBeGreaterThan(10);
    expect(kept.length).toBeLessThan(25);
    expect(revision - compactedRevision).toBeLessThan(25);
    expect((await store.get('/stays'))?.value).toHaveLength(200_000);
  });

  test('a watch that still reads the past ends when that past goes', { timeout: 120_000 }, async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const commits = Array.from({ length: 2500 }, (_, i) => store.commit(put('/a', `${i}`)));
    const last = (await Promise.all(commits)).at(-1) as number;
    const watcher = new Recorder();
    const compacted = store.compact(last);
    // Where the compaction was first, the watch is refused.
    await store.watch('/', revision, watcher).catch((error: StoreError) => watcher.onEnd(error));
    await compacted;
    await until(() => watcher.ended !== undefined || watcher.batches.length === commits.length);
    const revisions = watcher.batches.map((batch) => batch.revision);
    expect(revisions).toEqual(revisions.map((_, i) => revision + 1 + i));
    if (watcher.ended) expect(watcher.ended.code).toBe('Compacted');
  });
}
