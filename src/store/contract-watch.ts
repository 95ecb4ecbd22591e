import { expect, test } from 'vitest';
import type { Subject } from './contract-subject.ts';
import { bytes, del, put, Recorder, settle, text, until } from './test-support.ts';

export function watchContract(subject: Subject): void {
  test('delivers what came after a revision, then what comes', async () => {
    const { store } = subject;
    await store.commit(put('/p/a', '0'));
    const start = await store.commit(put('/p/a', '1'));
    await store.commit(put('/p/a', '2'));
    await store.commit(put('/q/a', 'not this'));
    await store.commit(del('/p/a'));
    const watcher = new Recorder();
    await store.watch('/p/', start, watcher);
    await store.commit(put('/p/b', '3'));
    await store.commit(put('/p', 'not below'));
    expect(watcher.lines()).toEqual([
      `put /p/a=2 @${start + 1}`,
      `delete /p/a @${start + 3}`,
      `put /p/b=3 @${start + 4}`,
    ]);
  });

  test('an event has what stood before, also in the past', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const live = new Recorder();
    await store.watch('/', revision, live);
    const made = await store.commit(put('/a', '1'));
    const changed = await store.commit(put('/a', '2'));
    await store.commit(del('/a'));
    await store.commit(put('/a', '3'));
    const late = new Recorder();
    await store.watch('/', revision, late);
    await until(() => late.batches.length === 4);
    expect(late.batches).toEqual(live.batches);
    const events = live.batches.flatMap((batch) => batch.events);
    expect(events.map((event) => text(event.previous))).toEqual([undefined, '1', '2', undefined]);
    expect(events[1]?.previous).toMatchObject({ revision: made, createRevision: made });
    expect(events[2]?.previous).toMatchObject({ revision: changed, createRevision: made });
  });

  test('a batch has the cause of its commit, also in the past', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const live = new Recorder();
    await store.watch('/', revision, live);
    const cause = { actor: 'deployment-controller', key: '/d', revision: 7, reason: 'Scaled up.' };
    await store.commit({ ...put('/a', '1'), cause });
    await store.commit(put('/b', '1'));
    const late = new Recorder();
    await store.watch('/', revision, late);
    await until(() => late.batches.length === 2);
    expect(live.batches.map((batch) => batch.cause)).toEqual([cause, undefined]);
    expect(late.batches).toEqual(live.batches);
  });

  test('a commit over several prefixes reaches each watcher as its own part', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const watchers = new Map(
      ['/', '/p/', '/p/a', '/q/', '/r/', ''].map((prefix) => [prefix, new Recorder()]),
    );
    for (const [prefix, watcher] of watchers) await store.watch(prefix, revision, watcher);
    const keys = ['/p/a', '/q/a', '/p/b'];
    await store.commit({ writes: keys.map((key) => ({ type: 'put', key, value: bytes('1') })) });
    for (const [prefix, watcher] of watchers) {
      const below = keys.filter((key) => key.startsWith(prefix));
      expect(watcher.lines()).toEqual(below.map((key) => `put ${key}=1 @${revision + 1}`));
      expect(watcher.batches).toHaveLength(below.length > 0 ? 1 : 0);
    }
  });

  test('no gap and nothing twice between the past and the present', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const watchers: Recorder[] = [];
    const commits: Promise<number>[] = [];
    for (let i = 0; i < 300; i++) {
      commits.push(store.commit(put(`/p/${i % 7}`, `${i}`)));
      if (i % 10 !== 0) continue;
      const watcher = new Recorder();
      watchers.push(watcher);
      await store.watch('/p/', revision, watcher);
    }
    const revisions = (await Promise.all(commits)).sort((a, b) => a - b);
    await until(() => watchers.every((watcher) => watcher.batches.length >= revisions.length));
    for (const watcher of watchers) {
      expect(watcher.batches.map((batch) => batch.revision)).toEqual(revisions);
    }
  });

  test('a list and a watch from its revision miss nothing', async () => {
    const { store } = subject;
    const commits: Promise<number>[] = [];
    for (let i = 0; i < 50; i++) {
      commits.push(store.commit(put(`/p/${i}`, '')));
      if (i % 5 === 0) await commits[i];
      const { entries, revision } = await store.list('/p/');
      const watcher = new Recorder();
      const handle = await store.watch('/p/', revision, watcher);
      await Promise.all(commits);
      await until(() => entries.length + watcher.batches.length >= i + 1);
      expect(entries.length + watcher.batches.length).toBe(i + 1);
      handle.stop();
    }
  });

  test('a long past is delivered whole', { timeout: 120_000 }, async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const commits = Array.from({ length: 2500 }, (_, i) => store.commit(put(`/p/${i % 50}`, `${i}`)));
    await Promise.all(commits);
    const watcher = new Recorder();
    await store.watch('/p/', revision, watcher);
    const last = await store.commit(put('/p/last', ''));
    await until(() => watcher.batches.at(-1)?.revision === last);
    expect(watcher.batches).toHaveLength(2501);
  });

  test('a stopped watch is silent, also when stopped by its own delivery', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const stopped = new Recorder();
    const handle = await store.watch('/', revision, stopped);
    await store.commit(put('/a', '1'));
    handle.stop();
    handle.stop();
    const other = new Recorder();
    const own = new Recorder();
    const ownHandle = await store.watch('/', revision + 1, {
      onBatch: (batch) => {
        own.onBatch(batch);
        ownHandle.stop();
      },
      onEnd: (error) => own.onEnd(error),
    });
    await store.watch('/', revision + 1, other);
    await store.commit(put('/a', '2'));
    await store.commit(put('/a', '3'));
    expect([stopped, own, other].map((watcher) => watcher.batches.length)).toEqual([1, 1, 2]);
    expect([stopped.ended, own.ended]).toEqual([undefined, undefined]);
  });

  test('a watch begun while a commit is delivered sees it too', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const inner = new Recorder();
    let begun = false;
    await store.watch('/', revision, {
      onBatch: () => {
        if (!begun) void store.watch('/', revision, inner);
        begun = true;
      },
      onEnd: () => {},
    });
    await Promise.all([store.commit(put('/a', '1')), store.commit(put('/a', '2'))]);
    await until(() => inner.batches.length >= 2);
    expect(inner.batches.map((batch) => batch.revision)).toEqual([revision + 1, revision + 2]);
  });

  test('a watch from a revision that is not written yet is refused', async () => {
    const { store } = subject;
    const { revision } = await store.status();
    const late = store.watch('/', revision + 1, new Recorder());
    await expect(late).rejects.toMatchObject({ code: 'FutureRevision' });
  });

  test('a watch of a compacted past is refused; one from its edge is not', async () => {
    const { store } = subject;
    const first = await store.commit(put('/a', '1'));
    const second = await store.commit(put('/a', '2'));
    const third = await store.commit(put('/a', '3'));
    await store.compact(second);
    await expect(store.watch('/', first, new Recorder())).rejects.toMatchObject({ code: 'Compacted' });
    const watcher = new Recorder();
    await store.watch('/', second, watcher);
    await until(() => watcher.batches.length === 1);
    expect(watcher.lines()).toEqual([`put /a=3 @${third}`]);
    expect(text(watcher.batches[0]?.events[0]?.previous)).toBe('2');
  });

  test('a compaction does not touch those who watch the present', async () => {
    const { store } = subject;
    const first = await store.commit(put('/a', '1'));
    const watcher = new Recorder();
    await store.watch('/', first, watcher);
    const second = await store.commit(put('/a', '2'));
    await store.compact(second);
    await store.commit(put('/a', '3'));
    await settle();
    expect(watcher.lines()).toEqual([`put /a=2 @${second}`, `put /a=3 @${second + 1}`]);
    expect(text(watcher.batches[1]?.events[0]?.previous)).toBe('2');
    expect(watcher.ended).toBeUndefined();
  });
}
