import { describe, expect, test } from 'vitest';
import {
  configmaps,
  deployments,
  horizontalpodautoscalers,
  horizontalpodautoscalersAutoscalingV1,
  leases,
  namespaces,
  pods,
} from '../../api/generated/resources.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { createTestCluster, type TestApi } from './testing.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const map = (name: string, more: object = {}) => ({ metadata: { name, ...more }, data: { k: 'v' } });
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const deployment = {
  metadata: { name: 'd', labels: { x: '1' } },
  spec: { replicas: 2, selector: { matchLabels: { a: 'b' } }, template },
};

async function put(api: TestApi, body: { metadata: { name?: string } }) {
  return api.object('update', configmaps, { name: body.metadata.name, body });
}

describe('update', () => {
  test('replaces an object, whatever its revision, or only the one it names', async () => {
    const api = await createTestCluster();
    const first = await api.object('create', configmaps, { body: map('a') });
    const second = await put(api, { ...map('a'), metadata: { name: 'a', labels: { l: '1' } } } as never);
    expect(second.metadata).toMatchObject({
      uid: first.metadata.uid,
      creationTimestamp: first.metadata.creationTimestamp,
    });
    const stale = map('a', { resourceVersion: first.metadata.resourceVersion });
    expect(await failure(put(api, stale))).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
      reason: 'Conflict',
      details: { name: 'a', kind: 'configmaps' },
      code: 409,
    });
    const fresh = await put(api, map('a', { resourceVersion: second.metadata.resourceVersion }));
    expect(Number(fresh.metadata.resourceVersion)).toBeGreaterThan(Number(second.metadata.resourceVersion));
  });

  test('that changes nothing writes nothing', async () => {
    const api = await createTestCluster();
    const first = await api.object('create', configmaps, { body: map('a') });
    await api.clock.advance(5000);
    const { revision } = await api.store.status();
    const same = await put(api, map('a'));
    const reordered = { data: { k: 'v' }, metadata: { labels: {}, name: 'a' } };
    await put(api, reordered);
    expect(same).toEqual(first);
    expect((await api.store.status()).revision).toBe(revision);
  });

  test('refuses another name, namespace or uid', async () => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a') });
    const named = await failure(api.send('update', configmaps, { name: 'a', body: map('b') }));
    expect(named).toMatchObject({
      code: 400,
      message: 'the name of the object (b) does not match the name on the URL (a)',
    });
    expect(await failure(put(api, map('a', { namespace: 'x' })))).toMatchObject({ code: 400 });
    const status = await failure(put(api, map('a', { uid: 'other' })));
    expect(status).toMatchObject({ code: 409, reason: 'Conflict' });
    const uid = (await api.object('get', configmaps, { name: 'a' })).metadata.uid;
    expect(status?.message).toBe(
      `Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: ${uid}`,
    );
    expect(await failure(put(api, map('none', { uid: 'other' })))).toMatchObject({ code: 404 });
  });

  test('of nothing is a 404, or a create where the kind says so', async () => {
    const api = await createTestCluster();
    expect(await failure(put(api, map('a')))).toMatchObject({
      code: 404,
      message: 'configmaps "a" not found',
    });
    const body = { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } };
    const made = await api.send('update', leases, { name: 'l', body });
    expect(made).toMatchObject({ code: 201, object: { metadata: { name: 'l' } } });
  });

  test('counts generations by the spec alone', async () => {
    const api = await createTestCluster();
    await api.send('create', deployments, { body: deployment });
    const send = (change: object, subresource?: string) =>
      api.object('update', deployments, { name: 'd', subresource, body: { ...deployment, ...change } });
    expect((await send({ metadata: { name: 'd', labels: { x: '2' } } })).metadata.generation).toBe(1);
    expect((await send({ spec: { ...deployment.spec, replicas: 3 } })).metadata.generation).toBe(2);
    const status = await send(
      { spec: { ...deployment.spec, replicas: 9 }, status: { replicas: 3 } },
      'status',
    );
    expect(status.metadata.generation).toBe(2);
    expect([status.spec.replicas, status.status?.replicas]).toEqual([3, 3]);
    const main = await send({ spec: { ...deployment.spec, replicas: 3 }, status: { replicas: 77 } });
    expect(main.status?.replicas).toBe(3);
  });

  test('many at once all get through', async () => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a') });
    const bodies = Array.from({ length: 20 }, (_, i) => ({ metadata: { labels: { [`l${i}`]: 'x' } } }));
    const mediaType = 'application/merge-patch+json';
    await Promise.all(bodies.map((body) => api.send('patch', configmaps, { name: 'a', body, mediaType })));
    const { metadata } = await api.object('get', configmaps, { name: 'a' });
    expect(Object.keys(metadata.labels ?? {})).toHaveLength(20);
  });

  test('runs dry without a trace', async () => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a') });
    const { revision } = await api.store.status();
    const body = { ...map('a'), data: { k: 'other' } };
    const changed = await api.object('update', configmaps, { name: 'a', body, query: { dryRun: 'All' } });
    expect(changed).toMatchObject({ data: { k: 'other' } });
    expect((await api.store.status()).revision).toBe(revision);
  });

  test('keeps immutable metadata immutable', async () => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a', { finalizers: ['x.io/a'] }) });
    await api.send('delete', configmaps, { name: 'a' });
    const status = await failure(put(api, map('a', { finalizers: ['x.io/a', 'x.io/b'] })));
    expect(status?.message).toBe(
      'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.io/b"}',
    );
  });
});

describe('scale', () => {
  const scale = (api: TestApi, verb: string, body?: object, mediaType?: string) =>
    api.send(verb, deployments, { name: 'd', subresource: 'scale', body, mediaType });

  test('is read, written and patched', async () => {
    const api = await createTestCluster();
    const made = await api.object('create', deployments, { body: deployment });
    const { name, namespace, uid, resourceVersion, creationTimestamp } = made.metadata;
    expect(await scale(api, 'get')).toMatchObject({
      code: 200,
      object: {
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
        spec: { replicas: 2 },
        status: { replicas: 0, selector: 'a=b' },
      },
    });
    const body = {
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      metadata: { name: 'd' },
      spec: { replicas: 5 },
    };
    expect(await scale(api, 'update', body)).toMatchObject({
      object: { kind: 'Scale', spec: { replicas: 5 } },
    });
    const patched = await scale(api, 'patch', { spec: { replicas: 7 } }, 'application/merge-patch+json');
    expect(patched).toMatchObject({ object: { kind: 'Scale', spec: { replicas: 7 } } });
    const now = await api.object('get', deployments, { name: 'd' });
    expect([now.spec.replicas, now.metadata.generation]).toEqual([7, 3]);
    const stale = { ...body, metadata: { name: 'd', resourceVersion } };
    expect(await failure(scale(api, 'update', stale))).toMatchObject({ code: 409 });
    expect(await failure(scale(api, 'update', { ...body, spec: { replicas: -1 } }))).toMatchObject({
      code: 422,
      message:
        'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
      details: { group: 'autoscaling', kind: 'Scale' },
    });
  });
});

describe('subresources', () => {
  test('that do not exist are paths that do not exist', async () => {
    const api = await createTestCluster();
    expect(await failure(api.send('get', configmaps, { name: 'a', subresource: 'status' }))).toMatchObject({
      code: 404,
      message: 'the server could not find the requested resource',
    });
    expect(
      await failure(api.send('create', deployments, { name: 'd', subresource: 'status' })),
    ).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
    });
  });

  test('change status and annotations, not the spec', async () => {
    const api = await createTestCluster();
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await api.send('create', pods, { body: pod });
    const body = {
      metadata: { annotations: { a: '1' } },
      spec: { nodeName: 'n' },
      status: { phase: 'Running' },
    };
    const mediaType = 'application/strategic-merge-patch+json';
    const changed = await api.object('patch', pods, { name: 'p', subresource: 'status', body, mediaType });
    expect(changed.metadata.annotations).toEqual({ a: '1' });
    expect([changed.spec.nodeName, changed.status?.phase]).toEqual([undefined, 'Running']);
  });
});

describe('a kind in two versions', () => {
  test('is one object in two forms', async () => {
    const api = await createTestCluster();
    const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    const spec = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 };
    const v1 = horizontalpodautoscalersAutoscalingV1;
    const watch = await api.watch(v1);
    const made = await api.object('create', v1, { body: { metadata: { name: 'h' }, spec } });
    expect(made).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { targetCPUUtilizationPercentage: 50 },
    });
    const v2 = await api.object('get', horizontalpodautoscalers, { name: 'h' });
    expect(v2.spec.metrics?.[0]?.resource?.target.averageUtilization).toBe(50);
    expect(v2.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const [listed] = (await api.list(v1)).items;
    expect(listed?.object).toEqual(made);
    const patch = { spec: { maxReplicas: 9 } };
    const mediaType = 'application/merge-patch+json';
    await api.send('patch', v1, { name: 'h', body: patch, mediaType });
    expect((await api.object('get', horizontalpodautoscalers, { name: 'h' })).spec.maxReplicas).toBe(9);
    expect(watch.said.map((s) => s.split('@')[0])).toEqual(['ADDED h', 'MODIFIED h']);
    expect(watch.frames[1]).toMatchObject({ cached: { object: { apiVersion: 'autoscaling/v1' } } });
  });
});

describe('namespaces', () => {
  test('keep their label and their finalizer', async () => {
    const api = await createTestCluster();
    const made = await api.object('create', namespaces, { body: { metadata: { name: 'x' } } });
    expect(made.metadata.labels).toEqual({ 'kubernetes.io/metadata.name': 'x' });
    expect(made.spec.finalizers).toEqual(['kubernetes']);
  });
});

test('what is wrong with metadata is there as often as upstream looks at it', async () => {
  const api = await createTestCluster();
  await api.object('create', configmaps, { body: map('a') });
  const body = { metadata: { name: 'a', labels: { a: 'not ok' } } };
  const status = await failure(api.send('update', configmaps, { name: 'a', body }));
  const fields = status?.details?.causes?.map(({ field }) => field);
  expect(fields).toEqual(['metadata.labels', 'metadata.labels', 'metadata.labels']);
  expect(status?.message?.match(/metadata\.labels/g)).toHaveLength(1);
});
