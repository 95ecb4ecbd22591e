import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodes, pods } from '../../../api/generated/resources.ts';
import type { ApiRequest } from '../../../client/transport.ts';
import { TestCluster } from '../../../controllers/testing.ts';

const path = '/apis/metrics.k8s.io/v1beta1';
const used = (cpu: string, memory: string) => ({ cpu, memory });

describe('the metrics API', () => {
  let cluster: TestCluster;
  const window = { timestamp: '2026-01-01T00:00:00Z', window: '15s' };
  const measured = {
    node: (name: string) => (name === 'n1' ? { ...window, usage: used('250m', '1Gi') } : undefined),
    pod: (namespace: string, name: string) =>
      name === 'late'
        ? undefined
        : { ...window, containers: [{ name: namespace, usage: used(`${name.length}m`, '1Mi') }] },
  };

  beforeAll(async () => {
    cluster = await TestCluster.start({ usage: async () => measured });
    for (const name of ['n1', 'n2'])
      await cluster.create(nodes, { metadata: { name, labels: { disk: 'ssd' } }, spec: {} });
    const spec = { containers: [{ name: 'c', image: 'i' }] };
    for (const [name, app] of [
      ['web', 'web'],
      ['store', 'store'],
      ['late', 'web'],
    ] as const)
      await cluster.create(pods, { metadata: { name, labels: { app } }, spec });
  });
  afterAll(() => cluster.stop());

  const ask = (to: string, query?: ApiRequest['query']) =>
    cluster.client.transport.request({ method: 'GET', path: `${path}${to}`, query }) as Promise<any>;
  const names = async (to: string, query?: ApiRequest['query']) =>
    (await ask(to, query)).items.map((item: any) => item.metadata.name);

  test('tells what is known, with the names and labels of what uses it', async () => {
    expect(await ask('/nodes')).toMatchObject({
      kind: 'NodeMetricsList',
      items: [{ metadata: { name: 'n1', labels: { disk: 'ssd' } }, ...window, usage: used('250m', '1Gi') }],
    });
    expect(await ask('/namespaces/default/pods/web')).toMatchObject({
      kind: 'PodMetrics',
      metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
      ...window,
      containers: [{ name: 'default', usage: used('3m', '1Mi') }],
    });
    for (const [one, name] of [
      ['/namespaces/default/pods', 'late'],
      ['/namespaces/default/pods', 'none'],
      ['/namespaces/other/pods', 'web'],
      ['/nodes', 'n2'],
    ])
      await expect(ask(`${one}/${name}`)).rejects.toMatchObject({ status: { reason: 'NotFound' } });
  });

  test('goes by namespaces, labels and names', async () => {
    expect(await names('/pods')).toEqual(['store', 'web']);
    expect(await names('/namespaces/default/pods', { labelSelector: 'app=web' })).toEqual(['web']);
    expect(await names('/namespaces/default/pods', { labelSelector: 'app notin (web)' })).toEqual(['store']);
    expect(await names('/pods', { fieldSelector: 'metadata.name=web' })).toEqual(['web']);
    expect(await names('/namespaces/other/pods')).toEqual([]);
    expect(await names('/nodes', { labelSelector: 'disk=hdd' })).toEqual([]);
  });

  test('is registered as a version that others may serve instead', async () => {
    const name = 'v1beta1.metrics.k8s.io';
    const services = '/apis/apiregistration.k8s.io/v1/apiservices';
    const read = () => cluster.client.transport.request({ method: 'GET', path: `${services}/${name}` });
    const service = await read();
    expect(service).toMatchObject({
      spec: { groupPriorityMinimum: 100, versionPriority: 100 },
      status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] },
    });
    expect(service).not.toHaveProperty('metadata.labels');
  });
});
