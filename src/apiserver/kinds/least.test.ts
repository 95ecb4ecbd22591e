import { beforeAll, describe, expect, test } from 'vitest';
import { createTestCluster, type TestApi } from '../registry/testing.ts';
import { leastOf, storedKinds } from './testing-least.ts';

const named = storedKinds.map((kind) => {
  const { group, version, plural } = kind.resource;
  return [`${group}/${version}/${plural}`, kind] as const;
});

describe.each(named)('%s', (_, kind) => {
  let api: TestApi;
  const body = leastOf(kind.resource);
  const name = body.metadata.name as string;
  beforeAll(async () => {
    api = await createTestCluster();
  });
  const get = () => api.object('get', kind.resource, { name });
  const patch = (change: object, subresource = '') =>
    api.object('patch', kind.resource, {
      name,
      subresource,
      body: change,
      mediaType: 'application/merge-patch+json',
    });

  test('takes the least that makes sense, and gives it back as it is', async () => {
    const made = await api.object('create', kind.resource, { body });
    expect(made).toMatchObject({ ...body, metadata: { labels: { t: '1' } } });
    const again = await api.object('update', kind.resource, { name, body: await get() });
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  test('takes labels, which only slices of endpoints count as a change', async () => {
    const before = await get();
    const after = await patch({ metadata: { labels: { t: '2' } } });
    expect(after.metadata.labels).toMatchObject({ t: '2' });
    const { generation } = before.metadata;
    const counted = kind.resource.plural === 'endpointslices' ? (generation ?? 0) + 1 : generation;
    expect(after.metadata.generation).toBe(counted);
    expect(after).toEqual({ ...before, metadata: after.metadata });
  });

  test('takes a report that says nothing new, where it has a status', async () => {
    if (!kind.status) return;
    const before = await get();
    const after = await patch({ metadata: { annotations: { seen: 'yes' } } }, 'status');
    expect(after).toEqual({ ...before, metadata: after.metadata });
  });

  test('is found by its labels, and goes', async () => {
    const found = await api.list(kind.resource, { query: { labelSelector: 't=2' } });
    expect(found.items).toHaveLength(1);
    await api.send('delete', kind.resource, { name, query: { gracePeriodSeconds: '0' } });
  });
});
