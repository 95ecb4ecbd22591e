import { expect, test } from 'vitest';
import { type Subject, testWith } from './contract-subject.ts';
import { bytes, del, put, Recorder, settle, text, until } from './test-support.ts';

export function writeContract(subject: Subject): void {
  test('each commit takes the next revision', async () => {
    const { store } = subject;
    const first = await store.commit(put('/a', '1'));
    expect(await store.commit(put('/b', '1'))).toBe(first + 1);
    expect(await store.commit(del('/a'))).toBe(first + 2);
  });

  test('a key that was deleted and comes back has a new creation', async () => {
    const { store } = subject;
    await store.commit(put('/a', '1'));
    await store.commit(del('/a'));
    expect(await store.get('/a')).toBeUndefined();
    const again = await store.commit(put('/a', '2', 0));
    expect(await store.get('/a')).toMatchObject({ revision: again, createRevision: again });
  });

  test.each([
    ['absent, though it stands', put('/a', 'x', 0), (made: number) => made],
    ['older than it is', put('/a', 'x', 1), (made: number) => made],
    ['standing, though it is absent', put('/b', 'x', 7), () => 0],
    ['standing, to delete it', del('/b', 7), () => 0],
  ])('refuses a key expected %s', async (_name, commit, actual) => {
    const { store } = subject;
    const made = await store.commit(put('/a', '1'));
    const key = commit.writes[0]?.key;
    await expect(store.commit(commit)).rejects.toMatchObject({ code: 'Conflict', key, actual: actual(made) });
    expect(text(await store.get('/a'))).toBe('1');
    expect(await store.commit(put('/c', ''))).toBe(made + 1);
  });

  test('takes expectations that hold', async () => {
    const { store } = subject;
    const made = await store.commit(put('/a', '1', 0));
    const changed = await store.commit(put('/a', '2', made));
    await store.commit(del('/a', changed));
    await store.commit(put('/a', '3', 0));
    expect(text(await store.get('/a'))).toBe('3');
  });

  test('a commit is whole: one revision, one batch, or nothing', async () => {
    const { store } = subject;
    const { revision: start } = await store.status();
    const watcher = new Recorder();
    await store.watch('/', start, watcher);
    await store.commit(put('/gone', ''));
    const revision = await store.commit({
      writes: [
        { type: 'put', key: '/a', value: bytes('1') },
        { type: 'delete', key: '/gone' },
        { type: 'put', key: '/b', value: bytes('2'), expected: 0 },
      ],
    });
    expect((await store.get('/a'))?.revision).toBe(revision);
    expect((await store.get('/b'))?.revision).toBe(revision);
    const failing = [put('/c', '1'), put('/b', '3', 1)].flatMap((commit) => commit.writes);
    await expect(store.commit({ writes: failing })).rejects.toMatchObject({ code: 'Conflict', key: '/b' });
    expect(await store.get('/c')).toBeUndefined();
    await until(() => watcher.batches.length === 2);
    expect(watcher.batches[1]?.revision).toBe(revision);
    expect(watcher.lines().slice(1)).toEqual([
      `put /a=1 @${revision}`,
      `delete /gone @${revision}`,
      `put /b=2 @${revision}`,
    ]);
  });

  test('what changes nothing takes no revision', async () => {
    const { store } = subject;
    const revision = await store.commit(put('/a', ''));
    expect(await store.commit(del('/never'))).toBe(revision);
    expect(await store.commit({ writes: [] })).toBe(revision);
    expect(await store.commit(put('/b', ''))).toBe(revision + 1);
  });

  test('a commit that no backend could hold is a bug of its caller', async () => {
    const { store } = subject;
    const twice = { writes: [...put('/a', '1').writes, ...put('/a', '2').writes] };
    await expect(store.commit(twice)).rejects.toThrow(RangeError);
    await expect(store.commit(put('', ''))).rejects.toThrow(RangeError);
    await expect(store.commit(put('/a\0', ''))).rejects.toThrow(RangeError);
    await expect(store.commit(put(`/${'x'.repeat(1024)}`, ''))).rejects.toThrow(RangeError);
  });

  testWith(subject, 'longKeys')('a key has up to 1024 bytes', async () => {
    expect(await subject.store.commit(put(`/${'x'.repeat(1023)}`, ''))).toBeGreaterThan(0);
  });

  testWith(subject, 'faults')('writes that wait are flushed together', async () => {
    const { store, harness } = subject;
    harness.faults.hold();
    const before = harness.faults.flushes();
    const commits = Array.from({ length: 100 }, (_, i) => store.commit(put(`/p/${i}`, `${i}`)));
    await until(() => harness.faults.flushes() > before);
    commits.push(...Array.from({ length: 100 }, (_, i) => store.commit(put(`/q/${i}`, `${i}`))));
    harness.faults.release();
    const revisions = await Promise.all(commits);
    expect(new Set(revisions).size).toBe(200);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(harness.faults.flushes() - before).toBeLessThanOrEqual(3);
  });

  testWith(subject, 'faults')(
    'a write is checked against one whose flush is under way, and nobody else sees it',
    async () => {
      const { store, harness } = subject;
      const { revision } = await store.status();
      const watcher = new Recorder();
      await store.watch('/', revision, watcher);
      harness.faults.hold();
      const made = store.commit(put('/a', '1', 0));
      const newest = await store.newest('/a');
      expect(newest).toMatchObject({ revision: revision + 1, createRevision: revision + 1 });
      const changed = store.commit(put('/a', '2', newest?.revision));
      const late = store.commit(put('/a', '3', 0));
      const outcome = late.then(
        () => 'committed',
        (error: { code: string }) => error.code,
      );
      let answered = false;
      void outcome.finally(() => {
        answered = true;
      });
      await settle();
      expect(answered).toBe(false);
      expect(watcher.batches).toEqual([]);
      expect(await store.get('/a')).toBeUndefined();
      expect(await store.list('/')).toEqual({ entries: [], revision, more: false });
      expect((await store.status()).revision).toBe(revision);
      expect(await store.history('/a')).toEqual([]);
      harness.faults.release();
      expect(await Promise.all([made, changed, outcome])).toEqual([revision + 1, revision + 2, 'Conflict']);
      expect(text(await store.get('/a'))).toBe('2');
      expect(watcher.lines()).toEqual([`put /a=1 @${revision + 1}`, `put /a=2 @${revision + 2}`]);
    },
  );

  testWith(subject, 'faults')('a pending deletion counts as absence', async () => {
    const { store, harness } = subject;
    const made = await store.commit(put('/a', '1'));
    harness.faults.hold();
    const deleted = store.commit(del('/a', made));
    expect(await store.newest('/a')).toBeUndefined();
    const again = store.commit(put('/a', '2', 0));
    expect(text(await store.get('/a'))).toBe('1');
    harness.faults.release();
    expect(await Promise.all([deleted, again])).toEqual([made + 1, made + 2]);
    expect(await store.get('/a')).toMatchObject({ createRevision: made + 2 });
  });

  test('a watcher knows of a commit before its writer does', async () => {
    const { store } = subject;
    const watcher = new Recorder();
    await store.watch('/', (await store.status()).revision, watcher);
    const seen = await store.commit(put('/a', '1')).then(() => watcher.batches.length);
    expect(seen).toBe(1);
  });

  testWith(subject, 'faults')(
    'when a flush fails, all that built on it fails with it, and nothing of it ever was',
    async () => {
      const { store, harness } = subject;
      const kept = await store.commit(put('/a', 'kept'));
      const watcher = new Recorder();
      await store.watch('/', kept, watcher);
      harness.faults.hold();
      harness.faults.failNext();
      const before = harness.faults.flushes();
      const aboard = [store.commit(put('/a', 'lost', kept)), store.commit(put('/b', 'lost', 0))];
      await until(() => harness.faults.flushes() > before);
      const built = [
        store.commit(put('/a', 'too', kept + 1)),
        store.commit(del('/b')),
        store.commit(put('/b', '', 0)),
      ];
      harness.faults.release();
      for (const commit of [...aboard, ...built]) {
        await expect(commit).rejects.toMatchObject({ code: 'FlushFailed' });
      }
      expect(text(await store.get('/a'))).toBe('kept');
      expect(text(await store.newest('/a'))).toBe('kept');
      expect(await store.newest('/b')).toBeUndefined();
      expect((await store.list('/')).entries).toHaveLength(1);
      const next = await store.commit(put('/a', 'next', kept));
      expect(next).toBeGreaterThan(kept + 2);
      expect(watcher.lines()).toEqual([`put /a=next @${next}`]);
      expect((await store.history('/a')).map((line) => line.revision)).toEqual([next, kept]);
    },
  );
}
