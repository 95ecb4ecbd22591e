import { expect, test } from 'vitest';
import { configmaps } from '../../api/generated/resources.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { StoreError, type StoreErrorCode } from '../../store/store.ts';
import { configMapKind } from '../kinds/core/config-map.ts';
import { createTestApi } from './testing.ts';

const lost: [StoreErrorCode, number, string, string][] = [
  ['Unavailable', 503, 'ServiceUnavailable', 'etcdserver: no leader'],
  ['Unknown', 504, 'Timeout', 'Timeout: etcdserver: no leader'],
  ['Refused', 500, 'InternalError', 'Internal error occurred: etcdserver: no leader'],
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
    const answer = { status: { code: status, reason, message } };
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
