import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { configmaps, namespaces, secrets } from '../../api/generated/resources.ts';
import type { Secret } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import { LegacyTokenTracking } from './legacy-token-tracking.ts';
import { ownMeans } from './testing.ts';

const ref = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };
let api: TestApi;
let tracking: LegacyTokenTracking;

beforeEach(async () => {
  api = await createTestApi(allKinds);
  for (const name of ['default', 'kube-system']) {
    if (!api.dispatcher.reader.get(namespaces, { name }))
      await api.send('create', namespaces, { body: { metadata: { name } } });
  }
  tracking = new LegacyTokenTracking(ownMeans(api));
  await tracking.start();
});
afterEach(() => tracking.stop());

const since = () => api.dispatcher.reader.get(configmaps, ref)?.data?.since;

test('the day from which on the use of tokens is noted stays, and is made anew where it cannot be read', async () => {
  const today = new Date(api.clock.now()).toISOString().slice(0, 10);
  expect(since()).toBe(today);
  await api.send('update', configmaps, { ...ref, body: { metadata: ref, data: { since: '2020-02-29' } } });
  expect(since()).toBe('2020-02-29');
  await api.send('update', configmaps, { ...ref, body: { metadata: ref, data: { since: '2020-02-30' } } });
  await vi.waitFor(() => expect(since()).toBe(today));
  await api.send('delete', configmaps, ref);
  await vi.waitFor(() => expect(since()).toBe(today));
});

test('the day of the last use stands at the Secret, and at none that has its name after it', async () => {
  const body = { metadata: { name: 's' }, data: {} };
  await api.send('create', secrets, { namespace: 'default', body });
  const its = { namespace: 'default', name: 's' };
  const secret = api.dispatcher.reader.get(secrets, its) as Stored<Secret>;
  tracking.noteUse(secret, '2026-01-01');
  const labels = () => api.dispatcher.reader.get(secrets, its)?.metadata.labels;
  await vi.waitFor(() => expect(labels()).toEqual({ 'kubernetes.io/legacy-token-last-used': '2026-01-01' }));
  const metadata = { ...secret.metadata, uid: 'another' };
  tracking.noteUse({ ...secret, metadata }, '2026-01-02');
  tracking.noteUse(secret, '2026-01-03');
  await vi.waitFor(() => expect(labels()).toEqual({ 'kubernetes.io/legacy-token-last-used': '2026-01-03' }));
});
