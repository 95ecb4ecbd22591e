import { describe, expect, test } from 'vitest';
import { type Subject, testWith } from './contract-subject.ts';
import type { Store } from './store.ts';
import { bytes, del, put, Recorder, text, until } from './test-support.ts';

function leased(key: string, leaseSeconds: number, value = '1') {
  return { writes: [{ type: 'put' as const, key, value: bytes(value), leaseSeconds }] };
}

export function lifeContract(subject: Subject, persistent: boolean): void {
  testWith(subject, 'clockedLeases')('a key with a lease expires by a deletion that says so', async () => {
    const { store, harness } = subject;
    const made = await store.commit(leased('/events/a', 3600));
    const watcher = new Recorder();
    await store.watch('/events/', made, watcher);
    await harness.clock.advance(3_599_000);
    expect(text(await store.get('/events/a'))).toBe('1');
    await harness.clock.advance(1000);
    await until(() => watcher.batches.length === 1);
    expect(await store.get('/events/a')).toBeUndefined();
    expect(watcher.lines()).toEqual([`delete /events/a @${made + 1}`]);
    expect(watcher.batches[0]?.cause).toMatchObject({ key: '/events/a', revision: made, reason: 'expired' });
  });

  testWith(subject, 'clockedLeases')('a later write renews a lease or ends it', async () => {
    const { store, harness } = subject;
    await store.commit(leased('/renewed', 60));
    await store.commit(leased('/freed', 60));
    await store.commit(leased('/remade', 60));
    await store.commit(leased('/plain', 60));
    await harness.clock.advance(30_000);
    await store.commit(leased('/renewed', 60));
    await store.commit(put('/freed', '1'));
    await store.commit(del('/remade'));
    await store.commit(put('/remade', '2'));
    await harness.clock.advance(30_000);
    await until(gone(store, '/plain'));
    expect((await store.list('/')).entries.map((entry) => entry.key)).toEqual([
      '/freed',
      '/remade',
      '/renewed',
    ]);
    await harness.clock.advance(30_000);
    await until(gone(store, '/renewed'));
    expect((await store.list('/')).entries.map((entry) => entry.key)).toEqual(['/freed', '/remade']);
  });

  test('tells how long leased keys have left', async () => {
    const { store, harness } = subject;
    await store.commit(leased('/e/long', 3600));
    await store.commit(leased('/e/short', 600));
    await store.commit(leased('/other', 600));
    await store.commit(leased('/e/freed', 600));
    await store.commit(put('/e/freed', '1'));
    await harness.clock.advance(0);
    const left = await store.leases('/e/');
    expect([...left.keys()].sort()).toEqual(['/e/long', '/e/short']);
    // A backend may share a lease among keys that end at about the same time.
    expect(left.get('/e/long')).toBeGreaterThan(3500);
    expect(left.get('/e/long')).toBeLessThan(3700);
    expect(left.get('/e/short')).toBeGreaterThan(500);
    expect(left.get('/e/short')).toBeLessThan(700);
  });

  testWith(subject, 'clockedLeases')('many leases end, each in its time', async () => {
    const { store, harness } = subject;
    const commits = Array.from({ length: 600 }, (_, i) => store.commit(leased(`/e/${i}`, i < 500 ? 10 : 20)));
    await Promise.all(commits);
    const left = async (keys: number) => {
      await harness.clock.advance(0);
      return (await store.status()).keys === keys;
    };
    await harness.clock.advance(10_000);
    await until(() => left(100));
    expect((await store.list('/e/')).entries[0]?.key).toBe('/e/500');
    await harness.clock.advance(10_000);
    await until(() => left(0));
  });

  testWith(subject, 'faults')('a write at the last moment outlives the lease', async () => {
    const { store, harness } = subject;
    await store.commit(leased('/a', 10));
    harness.faults.hold();
    const rewritten = store.commit(put('/a', '2'));
    await harness.clock.advance(10_000);
    harness.faults.release();
    await rewritten;
    await harness.clock.advance(10_000);
    expect(text(await store.get('/a'))).toBe('2');
  });

  testWith(subject, 'faults')('an expiry whose flush fails is tried again', async () => {
    const { store, harness } = subject;
    await store.commit(leased('/a', 10));
    harness.faults.failNext();
    const before = harness.faults.flushes();
    await harness.clock.advance(10_000);
    await until(() => harness.faults.flushes() > before);
    expect(text(await store.get('/a'))).toBe('1');
    await until(async () => {
      await harness.clock.advance(500);
      return gone(store, '/a')();
    });
  });

  test('closing lets pending writes finish, ends watches, and refuses the rest', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const watcher = new Recorder();
    await store.watch('/', revision, watcher);
    const pending = store.commit(put('/a', '1'));
    const closing = store.close();
    expect(await pending).toBe(revision + 1);
    await closing;
    await store.close();
    expect(watcher.lines()).toEqual([`put /a=1 @${revision + 1}`]);
    expect(watcher.ended?.code).toBe('Closed');
    const uses = [
      () => store.commit(put('/a', '2')),
      () => store.get('/a'),
      () => store.newest('/a'),
      () => store.list('/'),
      () => store.watch('/', revision, new Recorder()),
      () => store.history('/a'),
      () => store.revisionAt(0),
      () => store.compact(revision),
      () => store.leases('/'),
      () => store.status(),
    ];
    for (const use of uses) await expect(use()).rejects.toMatchObject({ code: 'Closed' });
  });

  if (persistent) describe('opened again', () => persistentContract(subject));
}

function persistentContract(subject: Subject): void {
  test('all is as it was, and revisions go on', async () => {
    const { store, harness } = subject;
    const cause = { actor: 'me', reason: 'Because.' };
    const first = await store.commit({ ...put('/a', '1'), cause });
    await store.commit(put('/b', '1'));
    const last = await store.commit(del('/b'));
    const history = await store.history('/a');
    const status = await store.status();
    await store.close();
    const again = await harness.open();
    expect(await again.status()).toEqual({ ...status, sizeBytes: expect.any(Number) });
    expect(await again.history('/a')).toEqual(history);
    expect(text(await again.get('/a'))).toBe('1');
    expect((await again.list('/', { atRevision: last - 1 })).entries).toHaveLength(2);
    const watcher = new Recorder();
    await again.watch('/', first, watcher);
    expect(await again.commit(put('/a', '2', first))).toBe(last + 1);
    expect(watcher.lines()).toEqual([
      `put /b=1 @${first + 1}`,
      `delete /b @${last}`,
      `put /a=2 @${last + 1}`,
    ]);
  });

  test('no revision comes twice, though all that had it is compacted away', async () => {
    const { store, harness } = subject;
    await store.commit(put('/a', '1'));
    const last = await store.commit(del('/a'));
    await store.compact(last);
    await store.close();
    const again = await harness.open();
    expect(await again.status()).toMatchObject({ revision: last, compactedRevision: last });
    expect(await again.commit(put('/a', '2', 0))).toBe(last + 1);
  });

  testWith(subject, 'clockedLeases')(
    'leases go on, and those that ran out meanwhile end at once',
    async () => {
      const { store, harness } = subject;
      await store.commit(leased('/soon', 10));
      await store.commit(leased('/late', 100));
      await store.close();
      await harness.clock.advance(50_000);
      const again = await harness.open();
      await harness.clock.advance(0);
      await until(gone(again, '/soon'));
      expect(text(await again.get('/late'))).toBe('1');
      await harness.clock.advance(50_000);
      await until(gone(again, '/late'));
    },
  );

  testWith(subject, 'faults')('nothing of a failed flush comes back', async () => {
    const { store, harness } = subject;
    const kept = await store.commit(put('/a', 'kept'));
    harness.faults.failNext();
    await expect(store.commit(put('/a', 'lost'))).rejects.toMatchObject({ code: 'FlushFailed' });
    await store.close();
    const again = await harness.open();
    expect(await again.get('/a')).toMatchObject({ revision: kept });
    expect(await again.history('/a')).toHaveLength(1);
  });
}

function gone(store: Store, key: string): () => Promise<boolean> {
  return async () => (await store.get(key)) === undefined;
}
