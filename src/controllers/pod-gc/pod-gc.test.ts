import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { nodes, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { addNode, readyNode, TestCluster, TestNodes } from '../testing.ts';
import { findLeftovers } from './plan.ts';
import { createPodGarbageCollector } from './pod-gc.ts';

const cause = { reason: 'a test says so' };

let cluster: TestCluster;
let kubelets: TestNodes;

beforeEach(async () => {
  cluster = await TestCluster.start();
  kubelets = new TestNodes(cluster);
  await addNode(cluster, readyNode('node-1', cluster.clock.now()));
  await cluster.run(createPodGarbageCollector(cluster.context('pod-garbage-collector'), { mostFinished: 1 }));
});
afterEach(() => cluster.stop());

const pod = (name: string, spec: object = {}) =>
  cluster.create(pods, {
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'web:1' }], ...spec },
  });

test('pods of a node that is gone fail and are removed, after a while', async () => {
  await pod('web');
  await cluster.settle();
  kubelets.lets = false;
  await cluster.delete(nodes, 'node-1');
  await cluster.pass(30_000);
  expect(await cluster.find(pods, 'web')).toBeDefined();
  await cluster.pass(40_000);
  expect(await cluster.find(pods, 'web')).toBeUndefined();
});

test('finished pods beyond the threshold are removed, the oldest first', async () => {
  kubelets.fate = () => 'Succeeded';
  for (const name of ['a', 'b', 'c']) {
    await pod(name);
    await cluster.pass(1_000);
  }
  await cluster.pass(20_000);
  expect(await cluster.names(pods)).toEqual(['c']);
  expect(seriesOf(cluster.meter)).toMatchObject({
    'pod_gc_collector_force_delete_pods_total{namespace="default",reason="terminated"}': 2,
  });
});

test('a pod that has taken the name of one that is to be removed stays', async () => {
  await cluster.stop();
  cluster = await TestCluster.start();
  kubelets = new TestNodes(cluster);
  kubelets.fate = () => 'Succeeded';
  const deletes = ({ method }: ApiRequest) => method === 'DELETE';
  const context = cluster.overtaken('pod-garbage-collector', deletes, async () => {
    kubelets.fate = () => 'ready';
    await cluster.client
      .of(pods)
      .delete({ name: 'a', namespace: 'default' }, { cause, gracePeriodSeconds: 0 });
    await pod('a');
  });
  await cluster.run(createPodGarbageCollector(context, { mostFinished: 1 }));
  await pod('a');
  await cluster.pass(1_000);
  await pod('b');
  await cluster.pass(20_000);
  expect((await cluster.get(pods, 'a')).status?.phase).toBe('Running');
});

test('a pod that is deleted before it has a node does not linger', async () => {
  await pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] });
  await cluster.patch(pods, 'gated', { metadata: { finalizers: ['example.com/hold'] } });
  await cluster.delete(pods, 'gated');
  await cluster.patch(pods, 'gated', { metadata: { finalizers: null } });
  await cluster.pass(20_000);
  expect(await cluster.names(pods)).toEqual([]);
});

test('pods on their way out of a node that is out of service are removed', () => {
  const leaving = {
    metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z', creationTimestamp: '' },
    spec: { containers: [], nodeName: 'n' },
  } as unknown as Stored<Pod>;
  const node = (ready: string) => ({
    metadata: { name: 'n' },
    spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  });
  const input = { pods: [leaving], missingNodes: new Set<string>(), mostFinished: 1 };
  const leftovers = (ready: string) => findLeftovers({ ...input, nodes: new Map([['n', node(ready)]]) });
  expect(leftovers('Unknown')).toEqual([{ pod: leaving, why: 'out-of-service' }]);
  expect(leftovers('True')).toEqual([]);
});

const finished = (name: string, created: string, reason?: string) =>
  ({
    metadata: { name, creationTimestamp: created },
    spec: { containers: [] },
    status: { phase: 'Failed', ...(reason && { reason }) },
  }) as unknown as Stored<Pod>;

test.each([
  [0, []],
  [1, ['evicted', 'a', 'b']],
  [2, ['evicted', 'a']],
  [3, ['evicted']],
  [9, []],
])('with room for %i, evicted pods go first, then the older, then by their names', (mostFinished, gone) => {
  const pods = [
    finished('late', '2026-01-02T00:00:00Z'),
    finished('b', '2026-01-01T00:00:00Z'),
    finished('evicted', '2026-01-03T00:00:00Z', 'Evicted'),
    finished('a', '2026-01-01T00:00:00Z'),
  ];
  const leftovers = findLeftovers({ pods, nodes: new Map(), missingNodes: new Set(), mostFinished });
  expect(leftovers.map(({ pod: { metadata } }) => metadata.name).sort()).toEqual([...gone].sort());
});
