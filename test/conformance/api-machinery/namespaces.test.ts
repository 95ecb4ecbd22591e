import { afterAll, beforeAll, expect } from 'vitest';
import { at } from '../support/api.ts';
import { type ConformanceCluster, eventually, startConformanceCluster } from '../support/cluster.ts';
import { testsOf } from '../support/lines.ts';
import { pod, service } from '../support/objects.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];

beforeAll(async () => {
  cluster = await startConformanceCluster({ nodes: 1 });
  ({ api } = cluster);
});
afterAll(() => cluster?.stop());

const namespace = (name: string) => at('v1', 'namespaces', { name });

line('namespace-finalizer', async () => {
  const path = namespace(await cluster.namespace());
  const made = 'e2e.example.com/fakeFinalizer';
  await api.update(path, (object) => object.spec.finalizers.push(made), '/finalize');
  expect((await api.get(path)).spec.finalizers).toEqual(['kubernetes', made]);
  const others = (finalizers: string[]) => finalizers.filter((name) => name !== made);
  await api.update(
    path,
    ({ spec }) => Object.assign(spec, { finalizers: others(spec.finalizers) }),
    '/finalize',
  );
  expect((await api.get(path)).spec.finalizers).toEqual(['kubernetes']);
});

line('namespace-update', async () => {
  const path = namespace(await cluster.namespace());
  await api.update(path, (object) => {
    object.metadata.labels.updated = 'yes';
  });
  expect((await api.get(path)).metadata.labels).toMatchObject({ updated: 'yes' });
});

line('namespace-status', async () => {
  const path = namespace(await cluster.namespace());
  expect((await api.get(`${path}/status`)).status.phase).toBe('Active');
  const condition = (type: string) => ({
    type,
    status: 'True',
    reason: 'E2E',
    message: 'set by a test',
    lastTransitionTime: '2026-01-02T03:04:05Z',
  });
  await api.patch(`${path}/status`, { status: { conditions: [condition('StatusPatched')] } });
  await api.update(`${path}/status`, (object) => object.status.conditions.push(condition('StatusUpdate')));
  const { status } = await api.get(path);
  expect(status).toEqual({
    phase: 'Active',
    conditions: [condition('StatusPatched'), condition('StatusUpdate')],
  });
});

line('namespace-pods', async () => {
  const ns = await cluster.namespace();
  const path = at('v1', 'pods', { ns, name: 'going' });
  await api.post(at('v1', 'pods', { ns }), pod('going'));
  await eventually(async () => (await api.get(path)).status.phase === 'Running');
  await api.delete(namespace(ns));
  await eventually(async () => !(await api.has(namespace(ns))));
  expect(await api.has(path)).toBe(false);
  await api.post(at('v1', 'namespaces'), { metadata: { name: ns } });
  expect(await api.names(at('v1', 'pods', { ns }))).toEqual([]);
});

line('namespace-services', async () => {
  const ns = await cluster.namespace();
  await api.post(at('v1', 'services', { ns }), service('going'));
  await api.delete(namespace(ns));
  await eventually(async () => !(await api.has(namespace(ns))));
  await api.post(at('v1', 'namespaces'), { metadata: { name: ns } });
  expect(await api.names(at('v1', 'services', { ns }))).toEqual([]);
});

line('namespace-patch', async () => {
  const path = namespace(await cluster.namespace());
  await api.patch(path, { metadata: { labels: { testLabel: 'testValue' } } }, 'strategic');
  expect((await api.get(path)).metadata.labels).toMatchObject({ testLabel: 'testValue' });
});
