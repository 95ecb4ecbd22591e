import { expect, test } from 'vitest';
import type { Subject } from './contract-subject.ts';
import { isOnDemand } from './store.ts';
import { bytes, del, put, text } from './test-support.ts';

const keysOf = (list: { entries: { key: string }[] }) => list.entries.map((entry) => entry.key);

export function readContract(subject: Subject): void {
  test('a key that was never written is absent', async () => {
    const { store } = subject;
    expect(await store.get('/a')).toBeUndefined();
    expect(await store.newest('/a')).toBeUndefined();
    expect(await store.history('/a')).toEqual([]);
    expect((await store.list('/')).entries).toEqual([]);
  });

  test('an entry has its value and the revisions that wrote and made it', async () => {
    const { store } = subject;
    const first = await store.commit(put('/a', '1'));
    const second = await store.commit(put('/a', '2'));
    const entry = await store.get('/a');
    expect(text(entry)).toBe('2');
    expect(entry).toMatchObject({ key: '/a', revision: second, createRevision: first });
    expect(await store.newest('/a')).toEqual(entry);
  });

  test('values come back byte for byte: none, any, many', async () => {
    const { store } = subject;
    const any = Uint8Array.from({ length: 256 }, (_, i) => i);
    const many = Buffer.alloc(2_000_000, 'k8ts');
    const values = { '/empty': new Uint8Array(), '/any': any, '/many': many };
    for (const [key, value] of Object.entries(values)) {
      await store.commit({ writes: [{ type: 'put', key, value }] });
    }
    for (const [key, value] of Object.entries(values)) {
      expect(Buffer.compare((await store.get(key))?.value as Uint8Array, value)).toBe(0);
    }
  });

  test('a list whose values are read on demand is the same, now and in the past', async () => {
    const { store } = subject;
    for (const key of ['/d/a', '/d/b', '/d/c']) await store.commit(put(key, `first ${key}`));
    await store.commit(del('/d/b'));
    const before = (await store.status()).revision;
    await store.commit(put('/d/a', 'second'));
    for (const atRevision of [before, before - 1, undefined]) {
      const plain = await store.list('/d/', { atRevision });
      const { entries, ...rest } = await store.list('/d/', { atRevision, onDemand: true });
      expect(rest).toEqual({ revision: plain.revision, more: plain.more });
      const read = entries.map(({ key, value, revision, createRevision }) => {
        return { key, value, revision, createRevision };
      });
      expect(read).toEqual(plain.entries);
      for (const [i, entry] of entries.entries())
        if (isOnDemand(entry)) expect(text({ value: entry.passing })).toBe(text(plain.entries[i]));
    }
  });

  test('the newest version of a key whose value is read on demand is the same, durable or not', async () => {
    const { store } = subject;
    const newest = async (key: string) => {
      const [whole, found] = [await store.newest(key), await store.newest(key, { onDemand: true })];
      if (!found) return expect(whole).toBeUndefined();
      const { value, revision, createRevision } = found;
      expect({ key, value, revision, createRevision }).toEqual(whole);
    };
    const writing = store.commit(put('/n/a', 'first'));
    const early = await store.newest('/n/a', { onDemand: true });
    if (early) expect(text(early)).toBe('first');
    await writing;
    await newest('/n/a');
    await store.commit(put('/n/a', 'second'));
    await store.commit(put('/n/b', 'b'));
    await store.commit(del('/n/b'));
    for (const key of ['/n/a', '/n/b', '/n/c']) await newest(key);
  });

  test('a value that is asked for when it has been overwritten and compacted is refused, unless it was read before', async () => {
    const { store } = subject;
    await store.commit(put('/d/a', 'first'));
    const [entry] = (await store.list('/d/', { onDemand: true })).entries;
    const revision = await store.commit(put('/d/a', 'second'));
    expect(text(entry)).toBe('first');
    await store.compact(revision);
    if (entry && isOnDemand(entry)) expect(() => entry.value).toThrow('compacted');
    else expect(text(entry)).toBe('first');
  });

  test('a list is ordered by the bytes of the keys and ends with the prefix', async () => {
    const { store } = subject;
    const keys = [
      '/p/b',
      '/p/a',
      '/p/a/b',
      '/p/a-b',
      '/p/ü',
      '/p/\uffff',
      '/p/\u{1f600}',
      '/pq',
      '/p',
      '/o/z',
    ];
    for (const key of keys) await store.commit(put(key, key));
    const below = ['/p/a', '/p/a-b', '/p/a/b', '/p/b', '/p/ü', '/p/\uffff', '/p/\u{1f600}'];
    expect(keysOf(await store.list('/p/'))).toEqual(below);
    expect(keysOf(await store.list('/p'))).toEqual(['/p', ...below, '/pq']);
    expect(keysOf(await store.list(''))).toEqual(['/o/z', '/p', ...below, '/pq']);
    expect((await store.list('/p/')).entries.map(text)).toEqual(below);
  });

  test('a list is true at the newest revision', async () => {
    const { store } = subject;
    const revision = await store.commit(put('/a', '1'));
    expect(await store.list('/elsewhere/')).toEqual({ entries: [], revision, more: false });
  });

  test('a list can be read in parts of one revision', async () => {
    const { store } = subject;
    for (const name of ['a', 'b', 'c', 'd', 'e']) await store.commit(put(`/p/${name}`, name));
    const first = await store.list('/p/', { limit: 2 });
    expect(first.more).toBe(true);
    expect(keysOf(first)).toEqual(['/p/a', '/p/b']);
    await store.commit(del('/p/d'));
    await store.commit(put('/p/bb', 'new'));
    const second = await store.list('/p/', { limit: 2, from: '/p/b\0', atRevision: first.revision });
    expect(keysOf(second)).toEqual(['/p/c', '/p/d']);
    expect(second).toMatchObject({ more: true, revision: first.revision });
    const third = await store.list('/p/', { limit: 2, from: '/p/d\0', atRevision: first.revision });
    expect(keysOf(third)).toEqual(['/p/e']);
    expect(third.more).toBe(false);
  });

  test('`from` is included, never leaves the prefix, and may lie anywhere', async () => {
    const { store } = subject;
    for (const key of ['/o/a', '/p/a', '/p/b', '/q/a']) await store.commit(put(key, ''));
    expect(keysOf(await store.list('/p/', { from: '/p/b' }))).toEqual(['/p/b']);
    expect(keysOf(await store.list('/p/', { from: '/a' }))).toEqual(['/p/a', '/p/b']);
    expect(keysOf(await store.list('/p/', { from: '/z' }))).toEqual([]);
    expect(keysOf(await store.list('/p/', { from: `/p/a${'z'.repeat(5000)}` }))).toEqual(['/p/b']);
  });

  test('exactly as many entries as the limit leave no more; limit 0 is none', async () => {
    const { store } = subject;
    for (const key of ['/p/a', '/p/b']) await store.commit(put(key, ''));
    expect(await store.list('/p/', { limit: 2 })).toMatchObject({ more: false });
    expect(keysOf(await store.list('/p/', { limit: 0 }))).toEqual(['/p/a', '/p/b']);
  });

  test('an absurd key is absent, not an error', async () => {
    const { store } = subject;
    await store.commit(put('/a', ''));
    for (const key of ['', `/a${'x'.repeat(10_000)}`, '/a\0', '/\0']) {
      expect(await store.get(key)).toBeUndefined();
      expect(await store.newest(key)).toBeUndefined();
      expect(await store.history(key)).toEqual([]);
    }
    expect((await store.list(`/a${'x'.repeat(10_000)}`)).entries).toEqual([]);
  });

  test('status counts keys and knows the revisions', async () => {
    const { store } = subject;
    await store.commit(put('/a', bytes('x').toString()));
    await store.commit(put('/b', ''));
    const revision = await store.commit(del('/a'));
    const status = await store.status();
    expect(status).toMatchObject({ revision, keys: 1 });
    expect(status.compactedRevision).toBeLessThan(revision);
    expect(status.sizeBytes).toBeGreaterThan(0);
  });
}
