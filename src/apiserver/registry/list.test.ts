import { describe, expect, test } from 'vitest';
import { configmaps, namespaces, pods } from '../../api/generated/resources.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { ListAnswer } from '../request.ts';
import { createTestCluster, type TestApi } from './testing.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const names = (list: ListAnswer) => list.items.map((i) => i.object.metadata.name);

async function withMaps(count: number): Promise<TestApi> {
  const api = await createTestCluster();
  for (let i = 0; i < count; i++) {
    const metadata = { name: `m${i}`, labels: { even: String(i % 2 === 0) } };
    await api.send('create', configmaps, { body: { metadata } });
  }
  return api;
}

const remove = (api: TestApi, name: string) => api.send('delete', configmaps, { name });

describe('list', () => {
  test('gives what there is in the order of names, with its kind and revision', async () => {
    const api = await withMaps(3);
    const list = await api.list(configmaps);
    expect([list.kind, list.apiVersion, list.metadata]).toEqual([
      'ConfigMapList',
      'v1',
      { resourceVersion: '6' },
    ]);
    expect(names(list)).toEqual(['m0', 'm1', 'm2']);
    expect(names(await api.list(configmaps, { namespace: 'other' }))).toEqual([]);
    expect(names(await api.list(configmaps, { namespace: '' }))).toEqual(['m0', 'm1', 'm2']);
  });

  test('selects by labels and fields', async () => {
    const api = await withMaps(4);
    expect(names(await api.list(configmaps, { query: { labelSelector: 'even in (true)' } }))).toEqual([
      'm0',
      'm2',
    ]);
    expect(names(await api.list(configmaps, { query: { fieldSelector: 'metadata.name!=m1' } }))).toEqual([
      'm0',
      'm2',
      'm3',
    ]);
    const both = { labelSelector: 'even=true', fieldSelector: 'metadata.name=m2,metadata.namespace=default' };
    expect(names(await api.list(configmaps, { namespace: '', query: both }))).toEqual(['m2']);
  });

  test('refuses fields that the kind cannot be selected by', async () => {
    const api = await createTestCluster();
    const select = (resource: typeof pods | typeof configmaps, fieldSelector: string) =>
      failure(api.list(resource, { query: { fieldSelector } }));
    expect(await select(pods, 'spec.nodeName=n,status.phase!=Running')).toBeUndefined();
    expect(await select(pods, 'spec.foo=n')).toMatchObject({
      code: 400,
      message: 'field label not supported: spec.foo',
    });
    expect(await select(configmaps, 'data.k=v')).toMatchObject({
      message: '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
  });

  test('pages consistently while things change', async () => {
    const api = await withMaps(5);
    const first = await api.list(configmaps, { query: { limit: '2' } });
    expect([names(first), first.metadata.remainingItemCount]).toEqual([['m0', 'm1'], 3]);
    await remove(api, 'm3');
    await api.send('create', configmaps, { body: { metadata: { name: 'm2a' } } });
    const next = { limit: '2', continue: first.metadata.continue as string };
    const second = await api.list(configmaps, { query: next });
    expect([names(second), second.metadata.remainingItemCount]).toEqual([['m2', 'm3'], 1]);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const third = await api.list(configmaps, {
      query: { ...next, continue: second.metadata.continue as string },
    });
    expect([names(third), third.metadata]).toEqual([
      ['m4'],
      { resourceVersion: first.metadata.resourceVersion },
    ]);
  });

  test('pages a selection without counting the rest', async () => {
    const api = await withMaps(6);
    const query = { limit: '2', labelSelector: 'even=true' };
    const first = await api.list(configmaps, { query });
    expect([names(first), first.metadata.remainingItemCount]).toEqual([['m0', 'm2'], undefined]);
    await remove(api, 'm4');
    const rest = await api.list(configmaps, {
      query: { ...query, continue: first.metadata.continue as string },
    });
    expect(names(rest)).toEqual(['m4']);
  });

  test('offers the rest as it is now where the revision of the list is gone', async () => {
    const api = await withMaps(4);
    const first = await api.list(configmaps, { query: { limit: '2' } });
    await remove(api, 'm2');
    await api.store.compact((await api.store.status()).revision);
    const query = { limit: '2', continue: first.metadata.continue as string };
    const gone = await failure(api.list(configmaps, { query }));
    expect(gone).toMatchObject({ code: 410, reason: 'Expired' });
    expect(gone?.message).toContain('The provided continue parameter is too old');
    const rest = await api.list(configmaps, {
      query: { ...query, continue: gone?.metadata?.continue as string },
    });
    expect(names(rest)).toEqual(['m3']);
  });

  test('reads at an exact revision, or one that is not older', async () => {
    const api = await withMaps(3);
    const at = (query: Record<string, string>) => api.list(configmaps, { query });
    const exact = await at({ resourceVersion: '5', resourceVersionMatch: 'Exact' });
    expect([names(exact), exact.metadata.resourceVersion]).toEqual([['m0', 'm1'], '5']);
    expect(names(await at({ resourceVersion: '5', limit: '9' }))).toEqual(['m0', 'm1']);
    expect(names(await at({ resourceVersion: '5', resourceVersionMatch: 'NotOlderThan' }))).toHaveLength(3);
    expect(names(await at({ resourceVersion: '0' }))).toHaveLength(3);
    const future = failure(at({ resourceVersion: '99', resourceVersionMatch: 'NotOlderThan' }));
    await api.clock.advance(3000);
    expect(await future).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: 'Timeout: Too large resource version: 99, current: 6',
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
    await api.store.compact(6);
    expect(await failure(at({ resourceVersion: '4', resourceVersionMatch: 'Exact' }))).toMatchObject({
      code: 410,
      message: 'The resourceVersion for the provided list is too old.',
    });
  });

  test('waits for a revision that is about to come', async () => {
    const api = await createTestCluster();
    const waiting = api.list(configmaps, { query: { resourceVersion: '4' } });
    await api.send('create', configmaps, { body: { metadata: { name: 'm' } } });
    expect(names(await waiting)).toEqual(['m']);
  });

  test('refuses what makes no sense', async () => {
    const api = await createTestCluster();
    const texts = async (query: Record<string, string>) =>
      (await failure(api.list(configmaps, { query })))?.message;
    expect(await texts({ resourceVersionMatch: 'Exact' })).toBe(
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
    expect(await texts({ continue: 'x', resourceVersion: '5' })).toBe(
      'specifying resource version is not allowed when using continue',
    );
    expect(await texts({ continue: '!!' })).toBe('invalid continue token: continue key is not valid');
    expect(await texts({ resourceVersion: 'abc' })).toContain('invalid resource version:');
    expect(await texts({ sendInitialEvents: 'true' })).toContain('sendInitialEvents is forbidden for list');
  });

  test('never leaves the resource it is about, whatever the token says', async () => {
    const api = await withMaps(1);
    const token = Buffer.from(
      JSON.stringify({ v: 'meta.k8s.io/v1', rv: 4, start: '../namespaces/a' }),
    ).toString('base64url');
    expect(await failure(api.list(configmaps, { query: { continue: token } }))).toMatchObject({ code: 400 });
  });
});

describe('reads', () => {
  test('see a write as soon as it is acknowledged', async () => {
    const api = await createTestCluster();
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const name = `n${i}`;
        await api.send('create', namespaces, { body: { metadata: { name } } });
        expect((await api.object('get', namespaces, { name })).metadata.name).toBe(name);
        expect(names(await api.list(namespaces))).toContain(name);
      }),
    );
  });

  test('of one object wait for the revision that is asked for', async () => {
    const api = await withMaps(1);
    const waiting = api.object('get', configmaps, { name: 'm0', query: { resourceVersion: '5' } });
    await api.send('create', configmaps, { body: { metadata: { name: 'n' } } });
    expect((await waiting).metadata.name).toBe('m0');
    const never = failure(api.send('get', configmaps, { name: 'm0', query: { resourceVersion: '99' } }));
    await api.clock.advance(3000);
    expect(await never).toMatchObject({ code: 504 });
  });

  test('hand out frozen, shared objects', async () => {
    const api = await withMaps(1);
    const one = await api.object('get', configmaps, { name: 'm0' });
    expect(await api.object('get', configmaps, { name: 'm0' })).toBe(one);
    expect(Object.isFrozen(one.metadata.labels)).toBe(true);
  });
});
