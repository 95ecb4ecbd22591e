import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Service } from '../api/core/v1.ts';
import {
  clusterrolebindings,
  configmaps,
  customresourcedefinitions,
  events,
  namespaces,
  pods,
  poddisruptionbudgets,
  resourcequotas,
  serviceaccounts,
  servicecidrs,
  services,
} from '../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../api/resource.ts';
import { Client } from '../client/client.ts';
import type { WatchEvent } from '../client/transport.ts';
import { cidrContains } from '../machinery/ip.ts';
import { hasReason } from '../machinery/status-error.ts';
import { type SharingServer, type SharingServers, startSharingServers } from './testing-two-servers.ts';

const cause = { reason: 'a test' };

/** Lets everything run that needs nothing but its turn. */
async function someTurns(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise(setImmediate);
}
const namespace = 'default';

describe('two API servers on one store', () => {
  let both: SharingServers;
  let a: SharingServer;
  let b: SharingServer;
  beforeAll(async () => {
    both = await startSharingServers();
    [a, b] = both.servers as [SharingServer, SharingServer];
    for (const name of ['default'])
      await a.client.of(serviceaccounts).create({ metadata: { name, namespace } }, { cause });
  });
  afterAll(() => both.stop());

  const configMap = (name: string, data = {}) => ({ metadata: { name, namespace }, data });
  const service = (name: string, spec: Partial<Service['spec']> = {}): Service => ({
    metadata: { name, namespace },
    spec: { type: 'NodePort', ports: [{ port: 80 }], ...spec },
  });
  const pod = (name: string, labels = {}) => ({
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const turns = <T>(count: number, act: (server: SharingServer, i: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, i) => act(i % 2 ? b : a, i)));

  test('started at once, they have made everything once, and both serve it', async () => {
    for (const { client } of [a, b]) {
      const names = (await client.of(namespaces).list()).items.map(({ metadata }) => metadata.name);
      expect(names).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    }
  });

  test('what one has acknowledged the other reads and lists, even if it has not heard of it yet', async () => {
    b.fallBehind();
    await a.client.of(configmaps).create(configMap('seen'), { cause });
    const read = b.client.of(configmaps).get({ namespace, name: 'seen' });
    const listed = b.client.of(configmaps).list({ namespace });
    const cached = await b.client.of(configmaps).list({ namespace, resourceVersion: '0' });
    expect(cached.items.map(({ metadata }) => metadata.name)).not.toContain('seen');
    b.catchUp();
    expect((await read).metadata.name).toBe('seen');
    expect((await listed).items.map(({ metadata }) => metadata.name)).toContain('seen');
  });

  test('a revision that a server has not seen is waited for, and refused after three seconds', async () => {
    b.fallBehind();
    const made = await a.client.of(configmaps).create(configMap('ahead'), { cause });
    const { resourceVersion } = made.metadata;
    const late = b.client.of(configmaps).get({ namespace, name: 'ahead' }, { resourceVersion });
    await expect(late).rejects.toThrow(`Too large resource version: ${resourceVersion}, current: `);
    const again = b.client.of(configmaps).get({ namespace, name: 'ahead' }, { resourceVersion });
    b.catchUp();
    expect((await again).metadata.resourceVersion).toBe(resourceVersion);
  });

  test('watched on both, the same objects change in the same order at the same revisions', async () => {
    const said: string[][] = [[], []];
    const { resourceVersion } = (await a.client.of(configmaps).list({ namespace })).metadata;
    const streams = await Promise.all(
      [a, b].map(({ client }, i) =>
        client.of(configmaps).watch(
          { namespace, resourceVersion },
          {
            onEvent: ({ type, object }: WatchEvent) =>
              void said[i]?.push(`${type} ${object.metadata.name}@${object.metadata.resourceVersion}`),
            onEnd: () => {},
          },
        ),
      ),
    );
    await turns(20, async ({ client }, i) => {
      const name = `watched-${i}`;
      await client.of(configmaps).create(configMap(name), { cause });
      const other = client === a.client ? b.client : a.client;
      await other
        .of(configmaps)
        .patch({ namespace, name }, { data: { x: `${i}` } }, { type: 'application/merge-patch+json', cause });
      await client.of(configmaps).delete({ namespace, name }, { cause });
    });
    await vi.waitFor(() => expect(said.map((s) => s.length)).toEqual([60, 60]));
    expect(said[0]).toEqual(said[1]);
    for (const stream of streams) stream.stop();
  });

  test('no update is lost between them, and one made of an old version is a conflict', async () => {
    const first = await a.client.of(configmaps).create(configMap('count', { n: '0' }), { cause });
    const add = async ({ client }: SharingServer): Promise<void> => {
      for (;;) {
        const { data, metadata } = await client.of(configmaps).get({ namespace, name: 'count' });
        try {
          const next = { metadata, data: { n: String(Number(data?.n) + 1) } };
          await client.of(configmaps).update(next, { cause });
          return;
        } catch (error) {
          if (!hasReason(error, 'Conflict')) throw error;
        }
      }
    };
    await turns(10, add);
    expect((await b.client.of(configmaps).get({ namespace, name: 'count' })).data).toEqual({ n: '10' });
    await expect(b.client.of(configmaps).update(first, { cause })).rejects.toThrow(
      'the object has been modified',
    );
  });

  test('a page that one has begun is finished by the other', async () => {
    const all = await a.client.of(configmaps).list({ namespace });
    const first = await a.client.of(configmaps).list({ namespace, limit: 1 });
    const rest = await b.client
      .of(configmaps)
      .list({ namespace, continue: first.metadata.continue as string });
    const names = [...first.items, ...rest.items].map(({ metadata }) => metadata.name);
    expect(names).toEqual(all.items.map(({ metadata }) => metadata.name));
  });

  test('services get addresses and ports of nodes that no other has, whoever allots them', async () => {
    await turns(40, ({ client }, i) => client.of(services).create(service(`s${i}`), { cause }));
    const { items } = await a.client.of(services).list({ namespace });
    expect(items).toHaveLength(40);
    expect(new Set(items.map(({ spec }) => spec.clusterIP)).size).toBe(40);
    expect(new Set(items.map(({ spec }) => spec.ports?.[0]?.nodePort)).size).toBe(40);
  });

  test('servers that are told different ranges give addresses from the one that stands, and one of them says so', async () => {
    const cidrs = [['10.1.0.0/16'], ['10.2.0.0/16']];
    const unlike = await startSharingServers(2, cidrs);
    try {
      const [{ client }] = unlike.servers as [SharingServer, SharingServer];
      const stands = (await client.of(servicecidrs).get({ name: 'kubernetes' })).spec.cidrs ?? [];
      expect(cidrs).toContainEqual(stands);
      const made = await Promise.all(
        unlike.servers.map(({ client }, i) => client.of(services).create(service(`s${i}`), { cause })),
      );
      for (const { spec } of made)
        expect(cidrContains(stands[0] as string, spec.clusterIP as string)).toBe(true);
      await vi.waitFor(async () => {
        const { items } = await client.of(events).list();
        expect(items.map(({ reason }) => reason)).toEqual(['KubernetesDefaultServiceCIDRInconsistent']);
      });
    } finally {
      await unlike.stop();
    }
  });

  test('one address that many ask both servers for is given once', async () => {
    const spec = { clusterIP: '10.96.9.9' };
    const tries = await turns(10, ({ client }, i) =>
      client
        .of(services)
        .create(service(`many${i}`, spec), { cause })
        .then(
          () => 'made',
          (error: Error) => error.message,
        ),
    );
    expect(tries.filter((said) => said === 'made')).toHaveLength(1);
    expect(tries.filter((said) => said.includes('provided IP is already allocated'))).toHaveLength(9);
  });

  test.each([
    ['an address', { clusterIP: '10.96.7.7' }, 'provided IP is already allocated'],
    ['a port', { ports: [{ port: 80, nodePort: 31_234 }] }, 'provided port is already allocated'],
  ])(
    '%s that two ask for is given to one, even if the other server has not heard of it',
    async (_, spec, why) => {
      b.fallBehind();
      await a.client.of(services).create(service('first', spec), { cause });
      const second = b.client.of(services).create(service('second', spec), { cause });
      const refused = expect(second).rejects.toThrow(why);
      await someTurns();
      b.catchUp();
      await refused;
      await a.client.of(services).delete({ namespace, name: 'first' }, { cause });
    },
  );

  test('a quota is not exceeded by two who take from it at once', async () => {
    const name = 'few';
    await a.client.of(namespaces).create({ metadata: { name }, spec: {} }, { cause });
    const quota = { metadata: { name: 'q', namespace: name }, spec: { hard: { 'count/configmaps': '5' } } };
    const made = await a.client.of(resourcequotas).create(quota, { cause });
    const status = { hard: { 'count/configmaps': '5' }, used: { 'count/configmaps': '0' } };
    await a.client.of(resourcequotas).updateStatus({ ...made, status }, { cause });
    await b.client.of(resourcequotas).get({ namespace: name, name: 'q' });
    const tries = await turns(16, ({ client }, i) =>
      client
        .of(configmaps)
        .create({ metadata: { name: `c${i}`, namespace: name } }, { cause })
        .then(
          () => 'made',
          (error: Error) => error.message,
        ),
    );
    expect(tries.filter((said) => said === 'made')).toHaveLength(5);
    expect(tries.filter((said) => said.includes('exceeded quota: q'))).toHaveLength(11);
  });

  test('a budget of one eviction allows one, of both servers together', async () => {
    const labels = { app: 'e' };
    await turns(6, ({ client }, i) => client.of(pods).create(pod(`e${i}`, labels), { cause }));
    const bound = (name: string) =>
      a.client
        .of(pods)
        .postSubresource(
          { namespace, name },
          'binding',
          { metadata: { name }, target: { kind: 'Node', name: 'n' } },
          { cause },
        );
    for (let i = 0; i < 6; i++) await bound(`e${i}`);
    const conditions = [{ type: 'Ready', status: 'True' as const }];
    for (let i = 0; i < 6; i++) {
      const now = await a.client.of(pods).get({ namespace, name: `e${i}` });
      await a.client.of(pods).updateStatus({ ...now, status: { phase: 'Running', conditions } }, { cause });
    }
    const spec = { maxUnavailable: 1, selector: { matchLabels: labels } };
    const budget = await a.client
      .of(poddisruptionbudgets)
      .create({ metadata: { name: 'e', namespace }, spec }, { cause });
    const status = {
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 6,
      desiredHealthy: 5,
      expectedPods: 6,
    };
    await a.client.of(poddisruptionbudgets).updateStatus({ ...budget, status }, { cause });
    await b.client.of(poddisruptionbudgets).get({ namespace, name: 'e' });
    const tries = await turns(6, ({ client }, i) =>
      client
        .of(pods)
        .postSubresource(
          { namespace, name: `e${i}` },
          'eviction',
          { metadata: { name: `e${i}`, namespace } },
          { cause },
        )
        .then(
          () => 'evicted',
          (error: { code: number }) => error.code,
        ),
    );
    expect(tries.sort()).toEqual([429, 429, 429, 429, 429, 'evicted']);
  });

  test('a namespace that one has made can be filled through the other at once', async () => {
    b.fallBehind();
    await a.client.of(namespaces).create({ metadata: { name: 'fresh' }, spec: {} }, { cause });
    const filled = b.client.of(configmaps).create({ metadata: { name: 'c', namespace: 'fresh' } }, { cause });
    await someTurns();
    b.catchUp();
    expect((await filled).metadata.name).toBe('c');
  });

  test('nothing is left in a namespace that went while the other server had not heard of it', async () => {
    await a.client.of(namespaces).create({ metadata: { name: 'gone' }, spec: {} }, { cause });
    await b.client.of(namespaces).get({ name: 'gone' });
    b.fallBehind();
    await a.client.of(namespaces).delete({ name: 'gone' }, { cause });
    const going = await a.client.of(namespaces).get({ name: 'gone' });
    await a.client.transport.request({
      method: 'PUT',
      path: '/api/v1/namespaces/gone/finalize',
      body: { ...going, spec: { finalizers: [] } },
      cause,
    });
    const late = b.client.of(configmaps).create({ metadata: { name: 'c', namespace: 'gone' } }, { cause });
    const refused = expect(late).rejects.toThrow('namespaces "gone" not found');
    await someTurns();
    expect((await both.store.list('/registry/configmaps/gone/')).entries).toHaveLength(1);
    b.catchUp();
    await refused;
    expect((await both.store.list('/registry/configmaps/gone/')).entries).toEqual([]);
  });

  test('a role that is given through one holds at the other', async () => {
    const user = new Client(b.api.transportFor({ name: 'jane', groups: [] }));
    await expect(user.of(configmaps).list({ namespace })).rejects.toThrow('forbidden');
    const subjects = [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
    await a.client
      .of(clusterrolebindings)
      .create({ metadata: { name: 'jane' }, subjects, roleRef }, { cause });
    await vi.waitFor(() => user.of(configmaps).list({ namespace }));
  });

  test('kinds that are defined through one are served by both', async () => {
    const spec = {
      group: 'example.com',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      scope: 'Namespaced',
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    };
    await a.client
      .of(customresourcedefinitions)
      .create({ metadata: { name: 'widgets.example.com' }, spec } as never, { cause });
    const path = '/apis/example.com/v1/namespaces/default/widgets';
    const widget = (name: string) => ({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name, namespace },
    });
    await vi.waitFor(() => b.client.transport.request({ method: 'POST', path, body: widget('w'), cause }));
    const widgets = {
      group: 'example.com',
      version: 'v1',
      kind: 'Widget',
      plural: 'widgets',
      namespaced: true,
    };
    await vi.waitFor(async () =>
      expect(
        (await a.client.of(widgets as Resource<KubernetesObject>).list({ namespace })).items.map(
          (w) => w.metadata.name,
        ),
      ).toEqual(['w']),
    );
  });

  test('generated names are not given twice', async () => {
    const made = await turns(40, ({ client }) =>
      client.of(configmaps).create({ metadata: { generateName: 'g-', namespace } }, { cause }),
    );
    expect(new Set(made.map(({ metadata }) => metadata.name)).size).toBe(40);
  });
});
