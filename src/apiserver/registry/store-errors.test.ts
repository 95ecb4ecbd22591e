import { expect, test } from 'vitest';
import { configmaps } from '../../api/generated/resources.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { StoreError, type StoreErrorCode } from '../../store/store.ts';
import { configMapKind } from '../kinds/core/config-map.ts';
import { createTestApi } from './testing.ts';

const lost: [StoreErrorCode, number, string | undefined, string][] = [
  ['Unavailable', 503, 'ServiceUnavailable', 'etcdserver: no leader'],
  ['Unknown', 504, 'Timeout', 'Timeout: etcdserver: no leader'],
  ['Refused', 500, undefined, 'etcdserver: no leader'],
  ['FlushFailed', 500, 'InternalError', 'Internal error occurred: etcdserver: no leader'],
  ['Closed', 503, 'ServiceUnavailable', 'the server is shutting down'],
];

test.each(lost)(
  'what the store answers with %s is a %i to the client',
  async (code, status, reason, message) => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const failing = { now: false };
    const fail = () => Promise.reject(new StoreError(code, 'etcdserver: no leader'));
    const commit = store.commit.bind(store);
    const newest = store.newest.bind(store);
    store.commit = (...args) => (failing.now ? fail() : commit(...args));
    store.newest = (...args) => (failing.now ? fail() : newest(...args));
    const freshRevision = async () => (failing.now ? fail() : (await store.status()).revision);
    const api = await createTestApi([configMapKind], { store, freshRevision });
    const body = { metadata: { name: 'a' } };
    await api.send('create', configmaps, { body });
    failing.now = true;
    const answer = { status: expect.objectContaining({ code: status, ...(reason && { reason }), message }) };
    await expect(api.send('create', configmaps, { body: { metadata: { name: 'b' } } })).rejects.toMatchObject(
      answer,
    );
    await expect(api.send('delete', configmaps, { name: 'a' })).rejects.toMatchObject(answer);
    await expect(api.send('get', configmaps, { name: 'a' })).rejects.toMatchObject(answer);
    await expect(api.list(configmaps)).rejects.toMatchObject(answer);
    failing.now = false;
    await api.send('create', configmaps, { body: { metadata: { name: 'b' } } });
  },
);

test.each([
  ['60 s', 60_000, {}],
  ['what the request says', 5000, { timeout: '5s' }],
])(
  'a write that the store has made, but does not tell the server of, is a time-out after %s',
  async (_what, ms, query) => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const telling = { now: true };
    const watch = store.watch.bind(store);
    store.watch = (prefix, from, watcher) =>
      watch(prefix, from, { ...watcher, onBatch: (batch) => telling.now && watcher.onBatch(batch) });
    const api = await createTestApi([configMapKind], { store });
    telling.now = false;
    const outcome = api
      .send('create', configmaps, { body: { metadata: { name: 'a' } }, query })
      .catch((error) => error);
    await api.clock.advance(ms - 1);
    expect(await Promise.race([outcome, 'under way'])).toBe('under way');
    await api.clock.advance(1);
    const message = 'Timeout: request did not complete within the allotted timeout';
    expect(await outcome).toMatchObject({ status: { code: 504, reason: 'Timeout', message } });
    expect(await store.get('/registry/configmaps/default/a')).toBeDefined();
  },
);

test('an object that is too large with its managed fields is stored without them, unless it is applied', async () => {
  const store = createMemoryStore({ clock: new VirtualClock() });
  const commit = store.commit.bind(store);
  const mostBytes = 1.5 * 1024 * 1024;
  const tooLarge = 'etcdserver: request is too large';
  store.commit = (request) => {
    const large = request.writes.some((write) => write.type === 'put' && write.value.length > mostBytes);
    return large ? Promise.reject(new StoreError('Refused', tooLarge)) : commit(request);
  };
  const api = await createTestApi([configMapKind], { store });
  const key = (i: number) => `this-key-is-very-long-so-as-to-create-a-very-large-serialized-fieldset-${i}`;
  const data = Object.fromEntries(Array.from({ length: 9999 }, (_, i) => [key(i), 'A']));
  const merge = 'application/merge-patch+json';
  const writes: Record<string, (name: string) => Promise<unknown>> = {
    create: (name) => api.send('create', configmaps, { body: { metadata: { name }, data } }),
    update: (name) => api.send('update', configmaps, { name, body: { metadata: { name }, data } }),
    patch: (name) => api.send('patch', configmaps, { name, mediaType: merge, body: { data } }),
  };
  for (const [name, write] of Object.entries(writes)) {
    if (name !== 'create')
      await api.send('create', configmaps, { body: { metadata: { name }, data: { k: 'v' } } });
    await write(name);
    const { metadata, data: stored } = await api.object('get', configmaps, { name });
    expect(stored).toMatchObject(data);
    expect(metadata.managedFields).toBeUndefined();
    const applied = api.send('patch', configmaps, {
      name,
      mediaType: 'application/apply-patch+yaml',
      query: { fieldManager: 'a' },
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { a: 'b' } } },
    });
    await expect(applied).rejects.toMatchObject({
      status: { code: 500, message: tooLarge },
    });
  }
});
