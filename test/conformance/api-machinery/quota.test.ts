import { afterAll, beforeAll, expect } from 'vitest';
import { type Any, at, refusal } from '../support/api.ts';
import { type ConformanceCluster, eventually, fresh, startConformanceCluster } from '../support/cluster.ts';
import { testsOf } from '../support/lines.ts';
import { configMap, controller, pod, replicaSet, service } from '../support/objects.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];

beforeAll(async () => {
  cluster = await startConformanceCluster({ nodes: 1 });
  ({ api } = cluster);
});
afterAll(() => cluster?.stop());

const quotas = (ns: string, name?: string) => at('v1', 'resourcequotas', { ns, name });
const quota = (name: string, hard: object, more: { labels?: object; spec?: object } = {}) => ({
  metadata: { name, labels: more.labels },
  spec: { hard, ...more.spec },
});

/** Waits until a quota counts this much. */
const counts = (ns: string, name: string, used: object) =>
  eventually(async () => {
    const { status } = await api.get(quotas(ns, name));
    expect(status.used).toMatchObject(used);
    return true;
  });

/** Makes a quota, and waits until it counts. */
async function counted(ns: string, name: string, hard: object, spec: object = {}): Promise<void> {
  await api.post(quotas(ns), quota(name, hard, { spec }));
  await eventually(async () => {
    const { status } = await api.get(quotas(ns, name));
    expect(status.hard).toEqual(hard);
    return Object.keys(status.used).length === Object.keys(hard).length;
  });
}

const asking = (requests: object, limits: object = {}, more: object = {}) => ({
  containers: [{ name: 'main', image: 'registry.test/main:1', resources: { requests, limits } }],
  ...more,
});

line('quota-status', async () => {
  const ns = await cluster.namespace();
  const hard = { cpu: '500m', memory: '500Mi' };
  await counted(ns, 'q', hard);
  const path = quotas(ns, 'q');
  const watch = await api.watch(quotas(ns));
  const other = { cpu: '750m', memory: '750Mi' };
  const updated = await api.update(`${path}/status`, ({ status }) => Object.assign(status, { hard: other }));
  expect(updated.status.hard).toEqual(other);
  await watch.next('MODIFIED', 'q');
  await eventually(async () => {
    expect((await api.get(path)).status.hard).toEqual(hard);
    return true;
  });
  const patched = await api.patch(`${path}/status`, { status: { hard: { cpu: '1', memory: '1Gi' } } });
  expect(patched.status.hard).toEqual({ cpu: '1', memory: '1Gi' });
  expect(patched.spec.hard).toEqual(hard);
  await eventually(async () => {
    expect((await api.get(path)).status.hard).toEqual(hard);
    return true;
  });
  const wider = { cpu: '2', memory: '2Gi' };
  await api.patch(path, { spec: { hard: wider } });
  await eventually(async () => {
    expect((await api.get(path)).status.hard).toEqual(wider);
    return true;
  });
  const ignored = await api.patch(`${path}/status`, { spec: { hard: { cpu: '9' } } });
  expect(ignored.spec.hard).toEqual(wider);
  watch.close();
});

line('quota-update-delete', async () => {
  const ns = await cluster.namespace();
  await counted(ns, 'q', { cpu: '1', memory: '500Mi' });
  const hard = { cpu: '2', memory: '1Gi' };
  await api.update(quotas(ns, 'q'), ({ spec }) => Object.assign(spec, { hard }));
  expect((await api.get(quotas(ns, 'q'))).spec.hard).toEqual(hard);
  await api.delete(quotas(ns, 'q'));
  expect(await api.has(quotas(ns, 'q'))).toBe(false);
});

line('quota-pods', async () => {
  const ns = await cluster.namespace();
  const extended = 'requests.example.com/dongle';
  await counted(ns, 'q', {
    pods: '5',
    cpu: '1',
    memory: '500Mi',
    'requests.ephemeral-storage': '50Gi',
    [extended]: '3',
  });
  const none = { pods: '0', cpu: '0', memory: '0', 'requests.ephemeral-storage': '0', [extended]: '0' };
  await counts(ns, 'q', none);
  const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', 'example.com/dongle': '2' };
  const limits = { 'example.com/dongle': '2' };
  const pods = at('v1', 'pods', { ns });
  await api.post(pods, pod('first', { spec: asking(requests, limits) }));
  const used = {
    pods: '1',
    cpu: '500m',
    memory: '252Mi',
    'requests.ephemeral-storage': '30Gi',
    [extended]: '2',
  };
  await counts(ns, 'q', used);
  const refused = async (name: string, spec: object) => {
    const status = await refusal(api.post(pods, pod(name, { spec })));
    expect(status).toMatchObject({ code: 403, reason: 'Forbidden' });
    return status.message;
  };
  const small = { 'ephemeral-storage': '1Gi' };
  expect(await refused('too-much-cpu', asking({ cpu: '600m', memory: '100Mi', ...small }))).toBe(
    'pods "too-much-cpu" is forbidden: exceeded quota: q, requested: cpu=600m, used: cpu=500m, limited: cpu=1',
  );
  const dongles = { 'example.com/dongle': '2' };
  const extending = asking({ cpu: '500m', memory: '100Mi', ...small, ...dongles }, dongles);
  expect(await refused('too-many-dongles', extending)).toContain(
    `exceeded quota: q, requested: ${extended}=2`,
  );
  expect(await refused('says-nothing', {})).toContain('failed quota: q: must specify cpu for: main');
  const changed = api.update(`${pods}/first`, ({ spec }) => {
    spec.containers[0].resources.requests.cpu = '100m';
  });
  expect(await refusal(changed)).toMatchObject({ code: 422 });
  await counts(ns, 'q', used);
  await api.delete(`${pods}/first`);
  await counts(ns, 'q', none);
});

/** A thing of a kind is counted while it is there. */
async function showCount(
  ns: string,
  resource: string,
  thing: { apiVersion: string; key: string; object: Any },
) {
  const { apiVersion, key, object } = thing;
  const before = Number((await api.get(quotas(ns, 'q'))).status.used[key]);
  const all = at(apiVersion, resource, { ns });
  await api.post(all, object);
  await counts(ns, 'q', { [key]: String(before + 1) });
  await api.delete(`${all}/${object.metadata.name}`, { propagationPolicy: 'Background' });
  await counts(ns, 'q', { [key]: String(before) });
}

line('quota-counts', async () => {
  const ns = await cluster.namespace();
  // Each namespace has a ConfigMap of its own.
  await eventually(() => api.has(at('v1', 'configmaps', { ns, name: 'kube-root-ca.crt' })));
  await counted(ns, 'q', {
    configmaps: '3',
    'count/replicasets.apps': '3',
    replicationcontrollers: '3',
    secrets: '3',
    services: '3',
    'services.nodeports': '1',
    'services.loadbalancers': '1',
  });
  await counts(ns, 'q', { configmaps: '1', secrets: '0', services: '0', 'services.nodeports': '0' });
  await showCount(ns, 'configmaps', { apiVersion: 'v1', key: 'configmaps', object: configMap('m') });
  const set = replicaSet('s', 0);
  await showCount(ns, 'replicasets', { apiVersion: 'apps/v1', key: 'count/replicasets.apps', object: set });
  const rc = { apiVersion: 'v1', key: 'replicationcontrollers', object: controller('c', 0) };
  await showCount(ns, 'replicationcontrollers', rc);
  const secret = { metadata: { name: 'x' }, stringData: { a: 'b' } };
  await showCount(ns, 'secrets', { apiVersion: 'v1', key: 'secrets', object: secret });
  await showCount(ns, 'services', { apiVersion: 'v1', key: 'services', object: service('s') });
  const open = service('open');
  const nodePort = { ...open, spec: { ...open.spec, type: 'NodePort' } };
  await api.post(at('v1', 'services', { ns }), nodePort);
  await counts(ns, 'q', { services: '1', 'services.nodeports': '1' });
  const second = { ...nodePort, metadata: { name: 'second' } };
  expect((await refusal(api.post(at('v1', 'services', { ns }), second))).message).toContain(
    'exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
  );
});

line('quota-prompt', async () => {
  const ns = await cluster.namespace();
  await api.post(quotas(ns), quota('q', { resourcequotas: '2' }));
  await eventually(async () => {
    const { status } = await api.get(quotas(ns, 'q'));
    expect(status).toEqual({ hard: { resourcequotas: '2' }, used: { resourcequotas: '1' } });
    return true;
  }, 5_000);
});

line('quota-lifecycle', async () => {
  const ns = await cluster.namespace();
  const labels = { lifecycle: fresh('quota') };
  const selector = `labelSelector=lifecycle%3D${labels.lifecycle}`;
  await api.post(quotas(ns), quota('q', { cpu: '1', memory: '1Gi' }, { labels }));
  const everywhere = at('v1', 'resourcequotas');
  expect(await api.names(`${everywhere}?${selector}`)).toEqual(['q']);
  await api.patch(quotas(ns, 'q'), {
    metadata: { labels: { q: 'patched' } },
    spec: { hard: { memory: '750Mi' } },
  });
  const read = await api.get(quotas(ns, 'q'));
  expect(read.metadata.labels).toEqual({ ...labels, q: 'patched' });
  expect(read.spec.hard).toEqual({ cpu: '1', memory: '750Mi' });
  await api.delete(`${quotas(ns)}?${selector}`);
  expect(await api.names(`${everywhere}?${selector}`)).toEqual([]);
});

/** A pod counts in one of two quotas, and no longer once it is deleted. */
async function showScope(ns: string, spec: object, [counting, other]: [string, string]) {
  const pods = at('v1', 'pods', { ns });
  const name = fresh('scoped');
  await api.post(pods, pod(name, { spec }));
  await counts(ns, counting, { pods: '1' });
  await counts(ns, other, { pods: '0' });
  await api.delete(`${pods}/${name}`);
  await counts(ns, counting, { pods: '0' });
}

line('quota-best-effort', async () => {
  const ns = await cluster.namespace();
  await counted(ns, 'best-effort', { pods: '5' }, { scopes: ['BestEffort'] });
  await counted(ns, 'not-best-effort', { pods: '5' }, { scopes: ['NotBestEffort'] });
  await showScope(ns, {}, ['best-effort', 'not-best-effort']);
  const some = { cpu: '100m', memory: '100Mi' };
  await showScope(ns, asking(some, some), ['not-best-effort', 'best-effort']);
});

line('quota-terminating', async () => {
  const ns = await cluster.namespace();
  const hard = {
    pods: '5',
    'requests.cpu': '1',
    'requests.memory': '1Gi',
    'limits.cpu': '1',
    'limits.memory': '1Gi',
  };
  await counted(ns, 'terminating', hard, { scopes: ['Terminating'] });
  await counted(ns, 'not-terminating', hard, { scopes: ['NotTerminating'] });
  const some = { cpu: '100m', memory: '100Mi' };
  await showScope(ns, asking(some, some), ['not-terminating', 'terminating']);
  const deadline = asking(some, some, { activeDeadlineSeconds: 3600 });
  await showScope(ns, deadline, ['terminating', 'not-terminating']);
});
