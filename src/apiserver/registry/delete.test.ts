import { describe, expect, test } from 'vitest';
import { configmaps, deployments, namespaces, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { DeleteOptions } from '../../api/meta/v1.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { AdmissionPlugin } from '../admission/admission.ts';
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

  const broken = "couldn't get version/kind; json parse error: ";
  test.each([
    [
      '{"orphanDependents":"text"}',
      'json: cannot unmarshal string into Go struct field DeleteOptions.orphanDependents of type bool',
    ],
    ['{"apiVersion":"v1","kind":"APIResourceList"}', 'decoded object cannot be converted to DeleteOptions'],
    [
      '{"apiVersion":false,"kind":"DeleteOptions"}',
      `${broken}json: cannot unmarshal bool into Go struct field .apiVersion of type string`,
    ],
    ['{', `${broken}unexpected end of JSON input`],
    [
      '[]',
      `${broken}json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    ],
  ])('refuses options that are none: %s', async (body, message) => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a') });
    for (const verb of ['delete', 'deletecollection']) {
      const name = verb === 'delete' ? 'a' : '';
      expect(await failure(api.send(verb, configmaps, { name, body }))).toMatchObject({ code: 400, message });
    }
    for (const apiVersion of ['v1', 'foo/v1', 'meta.k8s.io/v1']) {
      const fine = JSON.stringify({
        apiVersion,
        kind: 'DeleteOptions',
        gracePeriodSeconds: 123,
        dryRun: ['All'],
      });
      expect(await failure(api.send('delete', configmaps, { name: 'a', body: fine }))).toBeUndefined();
    }
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

describe('the finalizers that a deletion leaves', () => {
  const [x, y, orphan, foreground] = ['a.x/x', 'b.y/y', 'orphan', 'foregroundDeletion'];
  test.each<[before: string[], options: object, after: string[] | undefined]>([
    [[], {}, undefined],
    [[], { orphanDependents: false }, undefined],
    [[], { orphanDependents: true }, [orphan]],
    [[x, y], {}, [x, y]],
    [[x, y], { orphanDependents: true }, [x, y, orphan]],
    [[x, orphan, y], {}, [x, orphan, y]],
    [[x, orphan, y], { orphanDependents: true }, [x, orphan, y]],
    [[x, orphan, y], { orphanDependents: false }, [x, y]],
    [[x, orphan, y], { propagationPolicy: 'Background' }, [x, y]],
    [[x, orphan, y], { propagationPolicy: 'Foreground' }, [x, y, foreground]],
    [[orphan], {}, [orphan]],
    [[orphan], { orphanDependents: false }, undefined],
    [[orphan], { propagationPolicy: 'Foreground' }, [foreground]],
    [[foreground], {}, [foreground]],
    [[foreground], { propagationPolicy: 'Orphan' }, [orphan]],
    [[foreground], { propagationPolicy: 'Background' }, undefined],
    [[foreground], { orphanDependents: false }, undefined],
    [[x, foreground], { orphanDependents: true }, [x, orphan]],
  ])('%j and %j: %j', async (finalizers, body, after) => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a', { finalizers }) });
    const answer = (await api.send('delete', configmaps, { name: 'a', body })) as ObjectAnswer;
    const isAccepted = after !== undefined && (body as DeleteOptions).orphanDependents === false;
    expect(answer.code).toBe(isAccepted ? 202 : 200);
    const left = (await api.list(configmaps)).items[0]?.object.metadata;
    expect(left?.finalizers).toEqual(after);
    if (after) expect(left).toMatchObject({ deletionGracePeriodSeconds: 0 });
  });
});

test('a deletion that is under way already asks nobody whether it may', async () => {
  const asked: string[] = [];
  const admission: AdmissionPlugin[] = [
    { name: 'Asked', validate: ({ operation }) => void asked.push(operation) },
  ];
  const api = await createTestCluster({ admission });
  await runningPod(api);
  const remove = (gracePeriodSeconds: number) =>
    api.send('delete', pods, { name: 'p', body: { gracePeriodSeconds } });
  await remove(10);
  const before = asked.length;
  await remove(10);
  expect(asked.slice(before)).toEqual([]);
  await remove(0);
  expect(asked.slice(before)).toEqual(['DELETE']);
});

describe('deletion of a collection', () => {
  test('lets others have their turn between its objects', async () => {
    const api = await createTestCluster();
    for (let i = 0; i < 160; i++) await api.send('create', configmaps, { body: map(`m${i}`) });
    let turns = 0;
    let isCounting = true;
    const count = () => void setImmediate(() => (turns++, isCounting && count()));
    count();
    await api.send('deletecollection', configmaps, {});
    isCounting = false;
    expect(turns).toBeGreaterThanOrEqual(10);
    expect((await api.list(configmaps)).items).toEqual([]);
  });

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
