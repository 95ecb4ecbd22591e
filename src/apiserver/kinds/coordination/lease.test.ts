import { expect, test } from 'vitest';
import { leases } from '../../../api/generated/resources.ts';
import { createTestApi } from '../../registry/testing.ts';
import { leaseKind } from './lease.ts';

const coordinated = { strategy: 'OldestEmulationVersion', preferredHolder: 'b' };

test('what a lease says of coordinated elections is dropped, since there are none unless switched on', async () => {
  const api = await createTestApi([leaseKind]);
  const body = { metadata: { name: 'l' }, spec: { holderIdentity: 'a', ...coordinated } };
  const made = await api.object('create', leases, { body });
  expect(made.spec).toEqual({ holderIdentity: 'a' });
  const { resourceVersion } = made.metadata;
  const update = { ...body, metadata: { name: 'l', resourceVersion } };
  expect((await api.object('update', leases, { name: 'l', body: update })).spec).toEqual({
    holderIdentity: 'a',
  });
  const again = { metadata: { name: 'm' }, spec: { strategy: 'nonsense', preferredHolder: 'b' } };
  expect((await api.object('create', leases, { body: again })).spec).toEqual({});
});

test('what an older lease says of them can be kept and changed, and is checked', async () => {
  const api = await createTestApi([leaseKind]);
  const stored = {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: { name: 'l', namespace: 'default' },
  };
  const value = Buffer.from(JSON.stringify({ ...stored, spec: coordinated }));
  await api.store.commit({ writes: [{ type: 'put', key: '/registry/leases/default/l', value }] });
  const merge = { name: 'l', mediaType: 'application/merge-patch+json' };
  const kept = await api.object('patch', leases, { ...merge, body: { spec: { preferredHolder: 'c' } } });
  expect(kept.spec).toEqual({ ...coordinated, preferredHolder: 'c' });
  const wrong = api.object('patch', leases, { ...merge, body: { spec: { strategy: 'nonsense' } } });
  await expect(wrong).rejects.toMatchObject({ status: { code: 422 } });
});
