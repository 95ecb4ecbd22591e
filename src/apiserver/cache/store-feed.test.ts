import { describe, expect, test } from 'vitest';
import { configmaps, secrets } from '../../api/generated/resources.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { type Store, StoreError, type Watcher } from '../../store/store.ts';
import { configMapKind } from '../kinds/core/config-map.ts';
import { secretKind } from '../kinds/core/secret.ts';
import { createTestApi } from '../registry/testing.ts';
import { encodeStored } from './encoding.ts';

const map = (name: string) => ({ metadata: { name } });

/** A store whose watches the test can end, and whose reads it can make fail. */
function unreliable(store: Store) {
  const watchers: Watcher[] = [];
  let failing = false;
  const guarded: Store = {
    ...wrap(store),
    watch: (prefix, from, watcher) => {
      watchers.push(watcher);
      return store.watch(prefix, from, watcher);
    },
    status: () => (failing ? Promise.reject(new Error('no answer')) : store.status()),
  };
  return {
    store: guarded,
    endWatch: () => watchers.pop()?.onEnd(new StoreError('Compacted', 'compacted')),
    fail: (value: boolean) => (failing = value),
  };
}

const wrap = (store: Store): Store => ({
  get: (...args) => store.get(...args),
  newest: (...args) => store.newest(...args),
  list: (...args) => store.list(...args),
  commit: (...args) => store.commit(...args),
  watch: (...args) => store.watch(...args),
  history: (...args) => store.history(...args),
  revisionAt: (...args) => store.revisionAt(...args),
  compact: (...args) => store.compact(...args),
  leases: (...args) => store.leases(...args),
  status: () => store.status(),
  check: () => store.check(),
  close: () => store.close(),
});

describe('the feed from the store', () => {
  test('begins with what is stored', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const first = await createTestApi([configMapKind], { store });
    for (let i = 0; i < 1500; i++) {
      const object = {
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { name: `m${i}`, namespace: 'default' },
      };
      const value = encodeStored(object as KubernetesObject);
      await store.commit({ writes: [{ type: 'put', key: `/registry/configmaps/default/m${i}`, value }] });
    }
    first.dispatcher.close();
    const second = await createTestApi([configMapKind, secretKind], { store });
    const list = await second.list(configmaps);
    expect([list.items.length, list.metadata.resourceVersion]).toEqual([1500, '1501']);
    expect((await second.list(secrets)).metadata.resourceVersion).toBe('1501');
  });

  test('lets go of nothing that somebody may still read, though the store forgets it', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const first = await createTestApi([configMapKind], { store });
    for (const name of ['a', 'b', 'c'])
      await first.send('create', configmaps, { body: { ...map(name), data: { of: name } } });
    first.dispatcher.close();
    const second = await createTestApi([configMapKind], { store });
    const { items } = await second.list(configmaps);
    await second.send('patch', configmaps, {
      name: 'a',
      body: { data: { of: 'another' } },
      mediaType: 'application/merge-patch+json',
    });
    await second.send('delete', configmaps, { name: 'b' });
    await store.compact((await store.status()).revision);
    const data = items.map((item) => JSON.parse(Buffer.from(item.json()).toString()).data.of);
    expect(data).toEqual(['a', 'b', 'c']);
    expect(items.map((item) => item.lean.metadata.name)).toEqual(['a', 'b', 'c']);
  });

  test('does not begin on a store that cannot be read', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const key = '/registry/configmaps/default/a';
    await store.commit({ writes: [{ type: 'put', key, value: encodeStored(map('a') as KubernetesObject) }] });
    await store.compact(2);
    const unreadable = {
      key,
      revision: 2,
      createRevision: 2,
      value: new Uint8Array(),
      get passing(): Uint8Array {
        throw new StoreError('Unusable', 'the record of revision 2 is broken');
      },
    };
    const damaged = {
      ...wrap(store),
      list: async (...args: Parameters<Store['list']>) => {
        const { entries, ...rest } = await store.list(...args);
        return { ...rest, entries: entries.map((entry) => (entry.key === key ? unreadable : entry)) };
      },
    };
    await expect(createTestApi([configMapKind], { store: damaged })).rejects.toThrow('is broken');
  });

  test('sees what others write into the store', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const one = await createTestApi([configMapKind], { store });
    const two = await createTestApi([configMapKind], {
      store,
      freshRevision: async () => (await store.status()).revision,
    });
    const watch = await two.watch(configmaps);
    await one.send('create', configmaps, { body: map('a') });
    expect((await two.object('get', configmaps, { name: 'a' })).metadata.name).toBe('a');
    expect(watch.said).toEqual(['ADDED a@2']);
  });

  test('lets watchers of the server before go on where they stood', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const first = await createTestApi([configMapKind], { store });
    const watch = await first.watch(configmaps);
    for (const name of ['a', 'b', 'c']) await first.send('create', configmaps, { body: map(name) });
    await first.send('delete', configmaps, { name: 'b' });
    expect(watch.said).toEqual(['ADDED a@2', 'ADDED b@3', 'ADDED c@4', 'DELETED b@5']);
    first.dispatcher.close();
    const second = await createTestApi([configMapKind], { store });
    expect((await second.list(configmaps)).metadata.resourceVersion).toBe('5');
    for (const [i, resourceVersion] of ['1', '2', '3', '4', '5'].entries()) {
      const again = await second.watch(configmaps, { query: { resourceVersion } });
      expect(again.said).toEqual(watch.said.slice(i));
    }
  });

  test('starts where others have compacted what it was about to read', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const first = await createTestApi([configMapKind], { store });
    for (const name of ['a', 'b', 'c']) await first.send('create', configmaps, { body: map(name) });
    const asked = wrap(store);
    let times = 0;
    asked.status = async () => {
      const status = await store.status();
      if (times++ === 0) await store.compact(status.revision);
      return status;
    };
    const second = await createTestApi([configMapKind], { store: asked });
    expect((await second.list(configmaps)).items).toHaveLength(3);
    await second.send('create', configmaps, { body: map('d') });
    expect((await second.list(configmaps)).items).toHaveLength(4);
  });

  test('leaves out what is no object, and says so', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const commit = (name: string, value: string) =>
      store.commit({
        writes: [{ type: 'put', key: `/registry/configmaps/default/${name}`, value: Buffer.from(value) }],
      });
    const good = (name: string) =>
      JSON.stringify({ metadata: { name, namespace: 'default' }, kind: 'ConfigMap', apiVersion: 'v1' });
    await commit('bad', 'nonsense');
    await commit('good', good('good'));
    const api = await createTestApi([configMapKind], { store });
    const watch = await api.watch(configmaps);
    await commit('worse', '{}');
    await commit('good', 'broken');
    await commit('better', good('better'));
    expect((await api.list(configmaps)).items).toMatchObject([{ object: { metadata: { name: 'better' } } }]);
    expect(watch.said).toEqual(['ADDED good@3', 'DELETED good@5', 'ADDED better@6']);
    await expect(api.send('get', configmaps, { name: 'bad' })).rejects.toThrow('not found');
  });

  test('reads everything again where the watch of the store ends', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const { store: shaky, endWatch, fail } = unreliable(store);
    const api = await createTestApi([configMapKind], { store: shaky });
    await api.send('create', configmaps, { body: map('a') });
    const watch = await api.watch(configmaps);
    fail(true);
    endWatch();
    await api.clock.advance(1);
    fail(false);
    await api.clock.advance(1000);
    expect(watch.ended).toEqual({ error: undefined });
    await api.send('create', configmaps, { body: map('b') });
    expect((await api.list(configmaps)).items).toHaveLength(2);
    const again = await api.watch(configmaps);
    expect(again.said).toEqual(['ADDED a@2', 'ADDED b@3']);
  });

  test('takes further kinds in while it runs, and lets them go', async () => {
    const api = await createTestApi([configMapKind]);
    await expect(api.list(secrets)).rejects.toThrow('the server could not find the requested resource');
    const before = api.dispatcher.discovery();
    await api.dispatcher.serve(secretKind);
    expect(api.dispatcher.discovery()).not.toBe(before);
    await api.send('create', secrets, { body: map('s') });
    const watch = await api.watch(secrets);
    expect(watch.said).toEqual(['ADDED s@2']);
    api.dispatcher.withdraw(secrets);
    expect(watch.ended).toEqual({ error: undefined });
    await expect(api.list(secrets)).rejects.toThrow('the server could not find the requested resource');
    await api.dispatcher.serve(secretKind);
    expect((await api.list(secrets)).items).toHaveLength(1);
  });

  test('ends all watches when it is closed', async () => {
    const api = await createTestApi([configMapKind]);
    const watch = await api.watch(configmaps);
    api.dispatcher.close();
    expect(watch.ended).toEqual({ error: undefined });
  });
});
