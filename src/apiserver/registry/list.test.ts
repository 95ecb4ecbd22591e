import { describe, expect, test, vi } from 'vitest';
import * as resources from '../../api/generated/resources.ts';
import type { Resource } from '../../api/resource.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { CachedItem } from '../cache/cached-item.ts';
import type { ListAnswer } from '../request.ts';
import { createTestCluster, type TestApi } from './testing.ts';

const { configmaps, namespaces, pods } = resources;

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

  describe('selecting among many', () => {
    const event = (i: number, about: string) => ({
      metadata: { name: `e${i}`, labels: { about } },
      involvedObject: { kind: 'Pod', namespace: 'default', name: about },
      type: 'Normal',
    });
    const withEvents = async () => {
      const api = await createTestCluster();
      for (let i = 0; i < 1000; i++) {
        await api.send('create', resources.events, { body: event(i, `p${i % 500}`) });
      }
      return api;
    };

    /** How many turns of the event loop others have while something is done. */
    const turnsDuring = async (work: () => Promise<void>) => {
      let turns = 0;
      let isOver = false;
      const count = () => void setImmediate(() => (turns++, isOver || count()));
      count();
      await work();
      isOver = true;
      return turns;
    };

    test.each<Record<string, string>>([
      { fieldSelector: 'involvedObject.name=p7' },
      { fieldSelector: 'involvedObject.namespace=default,type!=Warning,involvedObject.name=p7' },
      { labelSelector: 'about=p7' },
    ])('by %o lets others have their turn while it reads, and sees what they write', async (query) => {
      const api = await withEvents();
      const turns = await turnsDuring(async () => {
        const answer = api.list(resources.events, { query });
        await api.send('create', resources.events, { body: event(1000, 'p7') });
        expect(names(await answer)).toEqual(['e1000', 'e507', 'e7']);
      });
      expect(turns).toBeGreaterThanOrEqual(5);
    });

    test('a few large objects are as much to read as many small ones', async () => {
      const api = await createTestCluster();
      const text = 'x'.repeat(300_000);
      for (let i = 0; i < 10; i++)
        await api.send('create', configmaps, { body: { metadata: { name: `m${i}` }, data: { text } } });
      const turns = await turnsDuring(async () => {
        expect(names(await api.list(configmaps, { query: { labelSelector: 'a=b' } }))).toEqual([]);
      });
      expect(turns).toBeGreaterThanOrEqual(10);
    });

    test('a watch that begins with what there is does so too', async () => {
      const api = await withEvents();
      const query = { fieldSelector: 'involvedObject.name=p7' };
      const turns = await turnsDuring(async () => {
        const { said } = await api.watch(resources.events, { query });
        expect(said.map((text) => text.split('@')[0])).toEqual(['ADDED e507', 'ADDED e7']);
      });
      expect(turns).toBeGreaterThanOrEqual(5);
    });

    test('the events about an object are found without a look at any others', async () => {
      const api = await withEvents();
      const query = { fieldSelector: 'involvedObject.name=p7,involvedObject.kind=Pod' };
      expect(names(await api.list(resources.events, { query }))).toEqual(['e507', 'e7']);
      const looks = vi.spyOn(CachedItem.prototype, 'field');
      expect(names(await api.list(resources.events, { query }))).toEqual(['e507', 'e7']);
      expect(looks.mock.calls.length).toBeLessThan(10);
      looks.mockRestore();
    });
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

  test.each([
    [resources.nodes, 'metadata.namespace=x', 'field label not supported: metadata.namespace'],
    [resources.namespaces, 'name=x', 'field label not supported: name'],
    [resources.jobs, 'spec.x=y', 'field label "spec.x" not supported for batchv1.Job'],
    [
      resources.resourceslices,
      'spec.x=y',
      'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.x',
    ],
    [resources.eventsEventsV1, 'involvedObject.name=x', 'field label not supported: involvedObject.name'],
    [
      resources.persistentvolumes,
      'name=x',
      '"name" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
  ])('words a refusal as the kind does: %o', async (resource, fieldSelector, message) => {
    const api = await createTestCluster();
    const refused = await failure(api.list(resource as Resource, { query: { fieldSelector } }));
    expect(refused).toMatchObject({ code: 400, message });
  });

  test('knows fields by what each form of a kind calls them', async () => {
    const api = await createTestCluster();
    const event = (name: string, about: string) => ({
      metadata: { name },
      involvedObject: { kind: 'Pod', name: about, namespace: 'default' },
      reportingComponent: 'tester',
      type: 'Normal',
    });
    await api.send('create', resources.events, { body: event('a', 'web') });
    await api.send('create', resources.events, { body: event('b', 'db') });
    const newer = 'regarding.name=web,reportingController=tester';
    expect(names(await api.list(resources.eventsEventsV1, { query: { fieldSelector: newer } }))).toEqual([
      'a',
    ]);
    const older = 'involvedObject.name!=web,source=tester';
    expect(names(await api.list(resources.events, { query: { fieldSelector: older } }))).toEqual(['b']);
    const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await api.send('create', pods, { body: pod('p') });
    expect(names(await api.list(pods, { query: { fieldSelector: 'spec.host=' } }))).toEqual(['p']);
    expect(names(await api.list(pods, { query: { fieldSelector: 'spec.host=n' } }))).toEqual([]);
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
    const page = await at({ resourceVersion: '5', limit: '1' });
    expect([names(page), page.metadata.remainingItemCount]).toEqual([['m0'], 1]);
    expect(names(await at({ continue: page.metadata.continue as string }))).toEqual(['m1']);
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
    const { metadata } = await (await withMaps(2)).list(configmaps, { query: { limit: '1' } });
    expect(await texts({ continue: metadata.continue as string, resourceVersion: '5' })).toBe(
      'specifying resource version is not allowed when using continue',
    );
    expect(await texts({ continue: 'x', resourceVersion: '5' })).toContain('continue key is not valid');
    expect(await texts({ resourceVersionMatch: 'Exact', resourceVersion: '0' })).toContain(
      'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    );
    expect(await texts({ resourceVersionMatch: 'Newest', resourceVersion: '5' })).toContain(
      'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
    );
    const both = await texts({ resourceVersionMatch: 'NotOlderThan', continue: 'x', limit: '1' });
    expect(both).toContain('resourceVersionMatch is forbidden unless resourceVersion is provided');
    expect(both).toContain('resourceVersionMatch is forbidden when continue is provided');
    expect(await texts({ limit: 'many', resourceVersionMatch: 'Exact' })).toBe(
      'strconv.ParseInt: parsing "many": invalid syntax',
    );
    expect(await texts({ timeoutSeconds: '1s' })).toBe('strconv.ParseInt: parsing "1s": invalid syntax');
    expect(await texts({ resourceVersion: '18446744073709551616' })).toContain('value out of range');
    expect(await texts({ resourceVersion: 'abc' })).toContain('invalid resource version:');
    expect(await texts({ sendInitialEvents: 'true' })).toContain('sendInitialEvents is forbidden for list');
  });

  test('tells what is wrong with a continue token', async () => {
    const api = await createTestCluster();
    const wrong = async (token: string) =>
      (await failure(api.list(configmaps, { query: { continue: token } })))?.message;
    const made = (value: unknown) => wrong(Buffer.from(JSON.stringify(value)).toString('base64url'));
    const begin = 'invalid continue token: continue key is not valid: ';
    const v = 'meta.k8s.io/v1';
    expect(await wrong('ab!!')).toBe(`${begin}illegal base64 data at input byte 2`);
    expect(await wrong(Buffer.from('no').toString('base64url'))).toContain(`${begin}invalid character 'n'`);
    expect(await made({ v: 'v0', rv: 4, start: 'a' })).toBe(
      `${begin}server does not recognize this encoded version v0`,
    );
    expect(await made({ v, rv: 0, start: 'a' })).toBe(
      `${begin}incorrect encoded start resourceVersion (version meta.k8s.io/v1)`,
    );
    expect(await made({ v, rv: 4, start: '' })).toBe(
      `${begin}encoded start key empty (version meta.k8s.io/v1)`,
    );
    expect(await made({ v, rv: 4, start: 'a/../b' })).toBe(`${begin}a/../b`);
  });

  test('goes on with other selectors and another limit, if the client changes them', async () => {
    const api = await withMaps(6);
    const first = await api.list(configmaps, { query: { limit: '2' } });
    const query = { continue: first.metadata.continue as string, labelSelector: 'even=true', limit: '1' };
    const second = await api.list(configmaps, { query });
    expect([names(second), second.metadata.remainingItemCount]).toEqual([['m2'], undefined]);
    const rest = { continue: second.metadata.continue as string, resourceVersion: '0', limit: '1' };
    expect(names(await api.list(configmaps, { query: rest }))).toEqual(['m3', 'm4', 'm5']);
  });

  test('of any state is not limited', async () => {
    const api = await withMaps(3);
    const all = await api.list(configmaps, { query: { limit: '1', resourceVersion: '0' } });
    expect([names(all), all.metadata]).toEqual([['m0', 'm1', 'm2'], { resourceVersion: '6' }]);
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
