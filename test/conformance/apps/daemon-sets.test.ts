import { expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { isReady } from '../support/virtual.ts';
import { apps, showCollection, showStatus, workload } from '../support/workloads.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const nodeCount = 3;
const world = await startFileWorld({ nodes: nodeCount });
const { api } = world;

const sets = (ns: string, name?: string) => at(apps, 'daemonsets', { ns, name });
const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });
const revisions = (ns: string, name?: string) => at(apps, 'controllerrevisions', { ns, name });
const byLabel = '?labelSelector=app%3Dweb';
const withImage = (image: string, annotations: object = {}) => ({
  spec: { template: { metadata: { annotations }, spec: { containers: [{ name: 'main', image }] } } },
});
const imageOf = (pod: Any) => pod.spec.containers[0].image;

/** Makes a DaemonSet and waits for its pod on each node. */
async function running(options: Any = {}): Promise<string> {
  const ns = await world.namespace();
  await api.post(sets(ns), workload('DaemonSet', 'web', options));
  await world.ready(ns, 'app=web', nodeCount);
  return ns;
}

line('daemon-create', async () => {
  const ns = await running();
  const [first, ...rest] = await world.pods(ns, 'app=web');
  expect(new Set([first, ...rest].map(({ spec }) => spec.nodeName)).size).toBe(nodeCount);
  await api.delete(pods(ns, first.metadata.name));
  const again = await world.ready(ns, 'app=web', nodeCount);
  expect(again.map(({ metadata }) => metadata.uid)).not.toContain(first.metadata.uid);
});

line('daemon-selection', async () => {
  const ns = await world.namespace();
  const spec = { nodeSelector: { 'daemonset-color': 'blue' } };
  await api.post(sets(ns), workload('DaemonSet', 'web', { spec }));
  await world.cluster.advance('5s');
  expect(await world.pods(ns, 'app=web')).toEqual([]);
  const node = at('v1', 'nodes', { name: 'node-2' });
  const paint = (color: string | null) =>
    api.patch(node, { metadata: { labels: { 'daemonset-color': color } } });
  await paint('blue');
  const [pod] = await world.ready(ns, 'app=web', 1);
  expect(pod.spec.nodeName).toBe('node-2');
  await paint('green');
  await world.until(async () => (await world.pods(ns, 'app=web')).length === 0);
  await api.patch(sets(ns, 'web'), {
    spec: {
      updateStrategy: { type: 'RollingUpdate' },
      template: { spec: { nodeSelector: { 'daemonset-color': 'green' } } },
    },
  });
  expect((await world.ready(ns, 'app=web', 1))[0].spec.nodeName).toBe('node-2');
  await paint(null);
});

line('daemon-retry', async () => {
  const ns = await running();
  const [first] = await world.pods(ns, 'app=web');
  await api.patch(`${pods(ns, first.metadata.name)}/status`, { status: { phase: 'Failed' } });
  await world.until(async () => !(await api.has(pods(ns, first.metadata.name))));
  const again = await world.ready(ns, 'app=web', nodeCount);
  expect(again.map(({ metadata }) => metadata.name)).not.toContain(first.metadata.name);
});

line('daemon-rolling', async () => {
  const ns = await running({ more: { updateStrategy: { type: 'RollingUpdate' } } });
  const labels = async () =>
    (await world.pods(ns, 'app=web')).map(({ metadata }) => metadata.labels['controller-revision-hash']);
  const before = new Set(await labels());
  expect(before.size).toBe(1);
  await api.patch(sets(ns, 'web'), withImage('app:2'), 'strategic');
  await world.until(async () => {
    const found = await world.ready(ns, 'app=web', nodeCount);
    return found.every((pod) => imageOf(pod) === 'app:2');
  });
  expect((await labels()).filter((hash) => before.has(hash))).toEqual([]);
  const { items } = await api.get(revisions(ns) + byLabel);
  expect(items.map((item: Any) => item.revision).sort()).toEqual([1, 2]);
  expect((await api.get(sets(ns, 'web'))).status).toMatchObject({
    updatedNumberScheduled: nodeCount,
    numberAvailable: nodeCount,
  });
});

line('daemon-rollback', async () => {
  const ns = await running();
  const before = await world.pods(ns, 'app=web');
  const bad = withImage('app:404', { 'simulated.k8ts.dev/pull-error': 'no such image' });
  await api.patch(sets(ns, 'web'), bad, 'strategic');
  await world.until(async () => (await world.pods(ns, 'app=web')).some((pod) => imageOf(pod) === 'app:404'));
  const mid = await world.pods(ns, 'app=web');
  const good = mid.filter((pod) => imageOf(pod) === 'app:1' && isReady(pod));
  expect(good).toHaveLength(nodeCount - 1);
  await api.patch(
    sets(ns, 'web'),
    withImage('app:1', { 'simulated.k8ts.dev/pull-error': null }),
    'strategic',
  );
  const after = await world.until(async () => {
    const found = await world.ready(ns, 'app=web', nodeCount);
    return found.every((pod) => imageOf(pod) === 'app:1') && found;
  });
  const uids = (list: Any[]) => list.map(({ metadata }) => metadata.uid);
  expect(uids(after)).toEqual(expect.arrayContaining(uids(good)));
  expect(uids(before)).toEqual(expect.arrayContaining(uids(good)));
  for (const pod of after) expect(pod.status.containerStatuses[0].restartCount).toBe(0);
});

line('daemon-status', async () => {
  const ns = await running();
  await showStatus(world, sets(ns, 'web'));
});

line('daemon-collection', async () => {
  const ns = await world.namespace();
  await showCollection(world, (name) => workload('DaemonSet', name), { resource: 'daemonsets', ns });
});

line('controller-revisions', async () => {
  const ns = await running();
  const list = async (selector: string): Promise<Any[]> =>
    (await api.get(`${revisions(ns)}?labelSelector=${encodeURIComponent(selector)}`)).items;
  const [first] = await list('app=web');
  expect(await list('app=web')).toHaveLength(1);
  const { name } = first.metadata;
  const path = revisions(ns, name);
  await api.patch(path, { metadata: { labels: { [name]: 'patched' } } });
  expect((await api.get(path)).metadata.labels[name]).toBe('patched');
  const { uid } = (await api.get(sets(ns, 'web'))).metadata;
  await api.post(revisions(ns), {
    metadata: {
      name: 'second',
      labels: { app: 'web', own: 'yes' },
      ownerReferences: [{ apiVersion: apps, kind: 'DaemonSet', name: 'web', uid, controller: true }],
    },
    data: first.data,
    revision: 3,
  });
  expect(await list('app=web')).toHaveLength(2);
  await api.delete(path);
  await world.until(async () => (await list('app=web')).length === 1);
  const [left] = await list('app=web');
  await api.update(revisions(ns, left.metadata.name), ({ metadata }) => {
    metadata.labels[left.metadata.name] = 'updated';
  });
  expect(await list(`${left.metadata.name}=updated`)).toHaveLength(1);
  const patch = { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } };
  await api.patch(sets(ns, 'web'), patch, 'strategic');
  await world.until(async () => (await list('app=web')).length === 2);
  await api.delete(`${revisions(ns)}?labelSelector=${left.metadata.name}%3Dupdated`);
  await world.until(async () => (await list('app=web')).length === 1);
  const current = await list('app=web');
  expect(current.map(({ revision }) => revision)).toEqual([left.revision + 1]);
});
