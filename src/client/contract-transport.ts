import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../api/resource.ts';
import type { StatusError } from '../machinery/status-error.ts';
import type { Transport, WatchEvent } from './transport.ts';

/** A transport to a fresh API server, as a user who may do everything, and as one who may do nothing. */
export interface TransportUnderTest {
  transport: Transport;
  nobody: Transport;
  stop(): Promise<void>;
}

const path = '/api/v1/namespaces/default/configmaps';
const named = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: '1' },
});
type ConfigMap = KubernetesObject & { data: Record<string, string> };

/** What every transport promises. */
export function transportContract(name: string, start: () => Promise<TransportUnderTest>): void {
  describe(`the contract of transports: ${name}`, () => {
    let t: TransportUnderTest;
    let api: Transport;
    beforeAll(async () => {
      t = await start();
      api = t.transport;
    });
    afterAll(() => t.stop());
    const create = (objectName: string) => api.request({ method: 'POST', path, body: named(objectName) });
    const remove = (objectName: string) => api.request({ method: 'DELETE', path: `${path}/${objectName}` });

    test('writes and reads', async () => {
      const made = (await create('one')) as ConfigMap;
      expect(made).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: '1' } });
      expect(made.metadata.uid).toBeDefined();
      const body = { ...made, data: { a: '2' } };
      const changed = (await api.request({ method: 'PUT', path: `${path}/one`, body })) as ConfigMap;
      expect(changed.data).toEqual({ a: '2' });
      const contentType = 'application/merge-patch+json';
      const patch = {
        method: 'PATCH',
        path: `${path}/one`,
        contentType,
        body: { data: { b: '3' } },
      } as const;
      expect(((await api.request(patch)) as ConfigMap).data).toEqual({ a: '2', b: '3' });
      expect(await api.request({ method: 'GET', path: `${path}/one` })).toMatchObject({
        data: { a: '2', b: '3' },
      });
      await remove('one');
    });

    test('a write without an answer is made, and fails as others do', async () => {
      await create('quiet');
      const contentType = 'application/merge-patch+json';
      const patch = (name: string) =>
        api.request({
          ...{ method: 'PATCH', path: `${path}/${name}`, contentType },
          body: { data: { a: '9' } },
          withoutAnswer: true,
        });
      await patch('quiet');
      expect(await api.request({ method: 'GET', path: `${path}/quiet` })).toMatchObject({ data: { a: '9' } });
      await expect(patch('nobody')).rejects.toMatchObject({ reason: 'NotFound' });
      await remove('quiet');
    });

    test('lists with a query; values that are undefined are left out', async () => {
      await Promise.all(['l1', 'l2', 'l3'].map(create));
      const query = {
        limit: 2,
        continue: undefined,
        fieldSelector: 'metadata.name!=l9,metadata.namespace=default',
      };
      const list = (await api.request({ method: 'GET', path, query })) as {
        kind: string;
        items: ConfigMap[];
        metadata: any;
      };
      expect(list.kind).toBe('ConfigMapList');
      expect(list.items.map((item) => item.metadata.name)).toEqual(['l1', 'l2']);
      expect(list.metadata.continue).toBeTruthy();
      await Promise.all(['l1', 'l2', 'l3'].map(remove));
    });

    test('a collection is deleted, and a pod evicted: writes that carry others with them', async () => {
      await Promise.all(['d1', 'd2'].map(create));
      const chosen = { fieldSelector: 'metadata.name=d1' };
      await api.request({ method: 'DELETE', path, query: chosen, body: { propagationPolicy: 'Background' } });
      const left = (await api.request({ method: 'GET', path })) as { items: ConfigMap[] };
      expect(left.items.map((item) => item.metadata.name)).toEqual(['d2']);
      await remove('d2');

      const pods = '/api/v1/namespaces/default/pods';
      const metadata = { name: 'evicted' };
      const spec = { containers: [{ name: 'c', image: 'i' }] };
      const accounts = '/api/v1/namespaces/default/serviceaccounts';
      await api.request({ method: 'POST', path: accounts, body: { metadata: { name: 'default' } } });
      await api.request({ method: 'POST', path: pods, body: { metadata, spec } });
      await api.request({ method: 'POST', path: `${pods}/evicted/eviction`, body: { metadata } });
      const there = (await api.request({ method: 'GET', path: pods })) as { items: unknown[] };
      expect(there.items).toEqual([]);
    });

    test('refusals are StatusErrors with all that the server said', async () => {
      const refusal = (promise: Promise<unknown>) =>
        promise.then(
          () => undefined,
          (error: StatusError) => error,
        );
      const missing = await refusal(api.request({ method: 'GET', path: `${path}/none` }));
      expect(missing).toMatchObject({ name: 'StatusError', code: 404, reason: 'NotFound' });
      expect(missing?.message).toBe('configmaps "none" not found');
      expect(missing?.status.details).toEqual({ name: 'none', kind: 'configmaps' });
      await create('twice');
      expect(await refusal(create('twice'))).toMatchObject({ code: 409, reason: 'AlreadyExists' });
      await remove('twice');
      expect(await refusal(t.nobody.request({ method: 'GET', path }))).toMatchObject({
        code: 403,
        reason: 'Forbidden',
      });
      const watching = t.nobody.watch({ method: 'GET', path }, { onEvent: () => {}, onEnd: () => {} });
      expect(await refusal(watching)).toMatchObject({ code: 403 });
      expect(await refusal(api.request({ method: 'GET', path: '/api/v1/nothings' }))).toMatchObject({
        code: 404,
      });
    });

    const podOf = (spec: object) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: {} },
      spec,
    });
    const createPod = (spec: object, query = {}) =>
      api.request({ method: 'POST', path: '/api/v1/namespaces/default/pods', body: podOf(spec), query });

    test.each([
      [
        'a text for a list',
        { containers: 'a' },
        'into Go struct field PodSpec.spec.containers of type []v1.Container',
      ],
      [
        'a text for a number',
        { containers: [{ name: 'a', image: 'a', ports: [{ containerPort: '80' }] }] },
        'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
      ],
      [
        'a quantity that is none',
        { containers: [{ name: 'a', image: 'a', resources: { limits: { cpu: 'much' } } }] },
        'quantities must match the regular expression',
      ],
    ])('what its kind cannot hold is refused: %s', async (_, spec, message) => {
      const error = (await createPod(spec).catch((e: unknown) => e)) as StatusError;
      expect(error).toMatchObject({ code: 400, reason: 'BadRequest' });
      expect(error.message).toContain('Pod in version "v1" cannot be handled as a Pod: ');
      expect(error.message).toContain(message);
    });

    test('an object takes the form of its kind: what is empty goes, quantities are canonical, names nobody knows go', async () => {
      const container = {
        name: 'a',
        image: 'a',
        stdin: false,
        args: [],
        resources: { limits: { cpu: '0.50' } },
      };
      const spec = { containers: [container], hostNetwork: false, overhead: {}, unheardOf: 1 };
      const made = (await createPod(spec, { dryRun: 'All' })) as KubernetesObject & { spec: typeof spec };
      expect(made.metadata).not.toHaveProperty('labels');
      for (const name of ['hostNetwork', 'overhead', 'unheardOf']) expect(made.spec).not.toHaveProperty(name);
      const [shown] = made.spec.containers;
      expect(shown).not.toHaveProperty('stdin');
      expect(shown).not.toHaveProperty('args');
      expect(shown?.resources.limits).toEqual({ cpu: '500m' });
    });

    test('names nobody knows are refused where that is asked for', async () => {
      const spec = { containers: [{ name: 'a', image: 'a' }], unheardOf: 1 };
      await expect(createPod(spec, { fieldValidation: 'Strict' })).rejects.toMatchObject({
        code: 400,
        message: expect.stringContaining('strict decoding error: unknown field "spec.unheardOf"'),
      });
    });

    test('an object of another kind, and one that is none, are refused', async () => {
      const post = (body: unknown) => api.request({ method: 'POST', path, body });
      await expect(post({ ...named('x'), kind: 'Secret' })).rejects.toMatchObject({
        code: 400,
        message: expect.stringContaining('Secret in version "v1" cannot be handled as a ConfigMap'),
      });
      await expect(post({ ...named('x'), kind: 5 })).rejects.toMatchObject({
        code: 400,
        message: expect.stringContaining("couldn't get version/kind"),
      });
    });

    test('options of a deletion that are none are refused', async () => {
      const body = { gracePeriodSeconds: 'soon' };
      await expect(api.request({ method: 'DELETE', path: `${path}/x`, body })).rejects.toMatchObject({
        code: 400,
        message: expect.stringContaining('gracePeriodSeconds'),
      });
    });

    test('a cause goes with a write', async () => {
      const cause = {
        reason: 'ünïcode, "quotes" and % signs',
        object: { apiVersion: 'v1', kind: 'Pod', name: 'p' },
      };
      await api.request({ method: 'POST', path, body: named('caused'), cause });
      await remove('caused');
    });

    test('an aborted request rejects with the reason', async () => {
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      await expect(api.request({ method: 'GET', path, signal })).rejects.toBe(reason);
    });

    test('a watch tells what happens, in order, until it is stopped', async () => {
      const events: WatchEvent[] = [];
      let ended = false;
      const stream = await api.watch(
        { method: 'GET', path, query: { resourceVersion: '0', sendInitialEvents: undefined } },
        { onEvent: (event) => events.push(event), onEnd: () => (ended = true) },
      );
      await create('w');
      await remove('w');
      await expect
        .poll(() => events.map((e) => `${e.type} ${e.object.metadata.name}`))
        .toEqual(['ADDED w', 'DELETED w']);
      expect(events[0]?.object).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
      stream.stop();
      await create('unseen');
      await remove('unseen');
      expect(events).toHaveLength(2);
      expect(ended).toBe(false);
    });

    test('a watch ends with the signal, and says nothing any more', async () => {
      const abort = new AbortController();
      const events: WatchEvent[] = [];
      const sink = { onEvent: (event: WatchEvent) => void events.push(event), onEnd: () => {} };
      await api.watch({ method: 'GET', path, signal: abort.signal }, sink);
      abort.abort();
      await create('late');
      await remove('late');
      expect(events).toEqual([]);
    });

    test('a watch that cannot begin is rejected', async () => {
      const sink = { onEvent: () => {}, onEnd: () => {} };
      const request = { method: 'GET', path, query: { resourceVersion: 'x' } } as const;
      await expect(api.watch(request, sink)).rejects.toMatchObject({ name: 'StatusError', code: 400 });
    });
  });
}
