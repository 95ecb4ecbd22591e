import { describe, expect, test } from 'vitest';
import { configmaps, deployments, namespaces, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { ObjectAnswer } from '../request.ts';
import { createTestCluster, type TestApi } from './testing.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const map = (name: string, more: object = {}) => ({ metadata: { name, ...more } });
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const deployment = { ...map('d'), spec: { selector: { matchLabels: { a: 'b' } }, template } };

async function runningPod(api: TestApi): Promise<Stored<Pod>> {
  const spec = { containers: [{ name: 'c', image: 'i' }], nodeName: 'n' };
  return api.object('create', pods, { body: { ...map('p'), spec } });
}

describe('delete', () => {
  test('of nothing is a 404', async () => {
    const api = await createTestCluster();
    expect(await failure(api.send('delete', configmaps, { name: 'a' }))).toMatchObject({ code: 404 });
  });

  test('holds to its preconditions', async () => {
    const api = await createTestCluster();
    const { uid, resourceVersion } = (await api.object('create', configmaps, { body: map('a') })).metadata;
    const send = (preconditions: object) =>
      api.send('delete', configmaps, {
        name: 'a',
        body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions },
      });
    expect(await failure(send({ uid: 'x' }))).toMatchObject({
      code: 409,
      message: `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (x) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    });
    expect(await failure(send({ resourceVersion: '1' }))).toMatchObject({ code: 409 });
    expect(await send({ uid, resourceVersion })).toMatchObject({ object: { status: 'Success' } });
  });

  test('waits for finalizers, and the update that takes the last one off ends it', async () => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a', { finalizers: ['x.io/f'] }) });
    const watch = await api.watch(configmaps);
    const going = await api.object('delete', configmaps, { name: 'a' });
    expect(going.metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 0,
      finalizers: ['x.io/f'],
    });
    const body = { metadata: { finalizers: null } };
    const gone = await api.object('patch', configmaps, {
      name: 'a',
      body,
      mediaType: 'application/merge-patch+json',
    });
    expect(gone.metadata.finalizers).toBeUndefined();
    expect(watch.said).toEqual(['ADDED a@4', 'MODIFIED a@5', 'DELETED a@6']);
    expect((await api.list(configmaps)).items).toEqual([]);
  });

  test('leaves a finalizer for the fate of dependents', async () => {
    const api = await createTestCluster();
    const policies: [object, string[] | undefined][] = [
      [{ propagationPolicy: 'Orphan' }, ['orphan']],
      [{ propagationPolicy: 'Foreground' }, ['foregroundDeletion']],
      [{ orphanDependents: true }, ['orphan']],
    ];
    for (const [options, finalizers] of policies) {
      await api.send('create', deployments, { body: deployment });
      const going = await api.object('delete', deployments, { name: 'd', body: options });
      expect([going.metadata.finalizers, going.metadata.generation]).toEqual([finalizers, 2]);
      const body = { metadata: { finalizers: null } };
      await api.send('patch', deployments, { name: 'd', body, mediaType: 'application/merge-patch+json' });
    }
    await api.send('create', deployments, { body: deployment });
    expect(
      await api.object('delete', deployments, { name: 'd', query: { propagationPolicy: 'Background' } }),
    ).toMatchObject({
      kind: 'Status',
      details: { name: 'd', group: 'apps', kind: 'deployments' },
    });
  });

  test('refuses options that contradict each other', async () => {
    const api = await createTestCluster();
    const body = { propagationPolicy: 'Orphan', orphanDependents: true };
    expect((await failure(api.send('delete', configmaps, { name: 'a', body })))?.message).toBe(
      'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    );
  });

  test('gives pods their grace period, which can only be shortened', async () => {
    const api = await createTestCluster();
    await runningPod(api);
    const remove = (seconds?: number) =>
      api.object('delete', pods, {
        name: 'p',
        body: seconds === undefined ? undefined : { gracePeriodSeconds: seconds },
      });
    expect((await remove()).metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:30Z',
      deletionGracePeriodSeconds: 30,
      generation: 2,
    });
    await remove(60);
    expect((await api.object('get', pods, { name: 'p' })).metadata.deletionGracePeriodSeconds).toBe(30);
    expect((await remove(5)).metadata).toMatchObject({
      deletionTimestamp: '2026-01-01T00:00:05Z',
      deletionGracePeriodSeconds: 5,
    });
    await remove(0);
    expect((await api.list(pods)).items).toEqual([]);
  });

  test('removes pods that no node has at once', async () => {
    const api = await createTestCluster();
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    await api.send('create', pods, { body: { ...map('p'), spec } });
    const answer = (await api.send('delete', pods, { name: 'p' })) as ObjectAnswer;
    expect(answer.code).toBe(200);
    expect((await api.list(pods)).items).toEqual([]);
  });

  test('runs dry without a trace', async () => {
    const api = await createTestCluster();
    await runningPod(api);
    const { revision } = await api.store.status();
    await api.send('delete', pods, { name: 'p', query: { dryRun: 'All' } });
    await api.send('delete', pods, { name: 'p', body: { dryRun: ['All'], gracePeriodSeconds: 0 } });
    expect((await api.store.status()).revision).toBe(revision);
  });

  test('keeps a namespace until its own finalizers are off', async () => {
    const api = await createTestCluster();
    await api.send('create', namespaces, { body: map('x') });
    const going = await api.object('delete', namespaces, { name: 'x' });
    expect(going).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
    const body = { ...going, spec: { finalizers: [] } };
    await api.send('update', namespaces, { name: 'x', subresource: 'finalize', body });
    expect(await failure(api.send('get', namespaces, { name: 'x' }))).toMatchObject({ code: 404 });
  });
});

describe('deletion of a collection', () => {
  test('takes what its selectors fit, and answers with it', async () => {
    const api = await createTestCluster();
    for (const name of ['a', 'b', 'c']) {
      await api.send('create', configmaps, { body: map(name, { labels: { keep: String(name === 'c') } }) });
    }
    const answer = await api.send('deletecollection', configmaps, { query: { labelSelector: 'keep=false' } });
    const names = (items: readonly { object: { metadata: { name?: string } } }[]) =>
      items.map((i) => i.object.metadata.name);
    expect(answer.type === 'list' && names(answer.items)).toEqual(['a', 'b']);
    expect(names((await api.list(configmaps)).items)).toEqual(['c']);
  });
});
