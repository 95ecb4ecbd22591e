import { describe, expect, test } from 'vitest';
import { configmaps, deployments, pods, services } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import { createTestCluster, type TestApi, type TestRequest } from './testing.ts';

const dryRun = { dryRun: 'All' };
const map = (metadata: object, data = { k: 'v' }) => ({ metadata, data });
const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const template = { metadata: { labels: { a: 'b' } }, spec: pod.spec };
const deployment = {
  metadata: { name: 'd' },
  spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template },
};

async function prepared(): Promise<TestApi> {
  const api = await createTestCluster();
  await api.send('create', configmaps, { body: map({ name: 'a', labels: { l: '1' } }) });
  await api.send('create', configmaps, { body: map({ name: 'held', finalizers: ['x.io/f'] }) });
  await api.send('create', pods, { body: pod });
  await api.send('create', deployments, { body: deployment });
  return api;
}

interface Case extends TestRequest {
  verb: string;
  resource: Resource;
}

const merge = 'application/merge-patch+json';
const applying = 'application/apply-patch+yaml';
const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas: 3 } };
const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { name: 'n' } };
const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } };
const applied = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', ...map({ name }, { k: 'w' }) });

const cases: Record<string, Case> = {
  create: { verb: 'create', resource: configmaps, body: map({ name: 'b' }) },
  'create with a generated name': { verb: 'create', resource: configmaps, body: map({ generateName: 'g-' }) },
  update: { verb: 'update', resource: configmaps, name: 'a', body: map({ name: 'a' }, { k: 'w' }) },
  'update that releases': { verb: 'update', resource: configmaps, name: 'held', body: map({ name: 'held' }) },
  patch: { verb: 'patch', resource: configmaps, name: 'a', mediaType: merge, body: { data: { k: 'w' } } },
  apply: {
    verb: 'patch',
    resource: configmaps,
    name: 'a',
    mediaType: applying,
    body: applied('a'),
    query: { fieldManager: 'm', force: 'true' },
  },
  'apply that creates': {
    verb: 'patch',
    resource: configmaps,
    name: 'b',
    mediaType: applying,
    body: applied('b'),
    query: { fieldManager: 'm' },
  },
  delete: { verb: 'delete', resource: configmaps, name: 'a' },
  'delete of what is held': { verb: 'delete', resource: configmaps, name: 'held' },
  'delete with grace': { verb: 'delete', resource: pods, name: 'p' },
  'delete of a collection': { verb: 'deletecollection', resource: configmaps },
  status: {
    verb: 'patch',
    resource: pods,
    name: 'p',
    subresource: 'status',
    mediaType: merge,
    body: { status: { phase: 'Running' } },
  },
  scale: { verb: 'update', resource: deployments, name: 'd', subresource: 'scale', body: scale },
  binding: { verb: 'create', resource: pods, name: 'p', subresource: 'binding', body: binding },
  eviction: { verb: 'create', resource: pods, name: 'p', subresource: 'eviction', body: eviction },
};

describe('a dry run', () => {
  test.each(Object.entries(cases))(
    '%s answers and leaves no trace',
    async (_, { verb, resource, ...request }) => {
      const api = await prepared();
      const { revision } = await api.store.status();
      const watch = await api.watch(resource, { query: { resourceVersion: String(revision) } });
      const query = { ...request.query, ...dryRun };
      await expect(api.send(verb, resource, { ...request, query })).resolves.toBeDefined();
      expect((await api.store.status()).revision).toBe(revision);
      expect(watch.said).toEqual([]);
    },
  );

  test('shows what would be stored, but for a revision', async () => {
    const api = await prepared();
    const { metadata } = await api.object('create', configmaps, {
      body: map({ generateName: 'g-' }),
      query: dryRun,
    });
    expect(metadata.name).toMatch(/^g-[a-z0-9]{5}$/);
    expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(metadata.creationTimestamp).toBeDefined();
    expect(metadata.managedFields).toHaveLength(1);
    expect(metadata.resourceVersion).toBeUndefined();
  });

  test('in the body of a deletion, too; any other value is refused', async () => {
    const api = await prepared();
    await api.send('delete', configmaps, { name: 'a', body: { dryRun: ['All'] } });
    expect(await api.object('get', configmaps, { name: 'a' })).toBeDefined();
    await expect(
      api.send('create', configmaps, { body: map({ name: 'x' }), query: { dryRun: 'Some' } }),
    ).rejects.toMatchObject({ code: 422 });
  });

  test('allots nothing: the address and the port are there for the next', async () => {
    const api = await createTestCluster();
    const service = (name: string, spec: object) => ({
      metadata: { name },
      spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }], ...spec },
    });
    const clusterIP = '10.96.0.77';
    const fixed = service('a', { clusterIP });
    const shown: Stored<KubernetesObject> = await api.object('create', services, {
      body: fixed,
      query: dryRun,
    });
    expect(shown).toMatchObject({ spec: { clusterIP } });
    await api.send('create', services, { body: service('b', { clusterIP }) });
    await expect(api.send('create', services, { body: fixed, query: dryRun })).rejects.toMatchObject({
      code: 422,
    });
    await api.send('delete', services, { name: 'b', query: dryRun });
    await expect(api.send('create', services, { body: fixed })).rejects.toMatchObject({ code: 422 });
    await api.send('delete', services, { name: 'b' });
    await api.send('create', services, { body: fixed });
  });
});
