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
