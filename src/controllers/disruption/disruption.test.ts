import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jobs, poddisruptionbudgets, pods, replicasets } from '../../api/generated/resources.ts';
import { createReplicaSetController } from '../replicaset/replicaset.ts';
import { noteDisruption } from '../shared/disruption.ts';
import { conditionOf } from '../shared/pods.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { createDisruptionController } from './disruption.ts';
import { healthyPods, wantedPods } from './plan.ts';
import { createStaleDisruptionController } from './stale.ts';

test.each([
  [{ minAvailable: 2 }, { expected: 4, healthy: 2 }],
  [{ minAvailable: '50%' }, { expected: 5, healthy: 3 }],
  [{ maxUnavailable: 1 }, { expected: 5, healthy: 4 }],
  [{ maxUnavailable: '30%' }, { expected: 5, healthy: 3 }],
])('%j wants %j', (spec, wanted) => {
  expect(wantedPods({ metadata: {}, spec }, { pods: 4, scale: 5 })).toEqual(wanted);
});

test('a pod may be called as what every object has', () => {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  const pod = { metadata: { name: 'constructor' }, spec: { containers: [] }, status };
  expect(healthyPods([pod], {})).toBe(1);
});

let cluster: TestCluster;
let nodes: TestNodes;

beforeEach(async () => {
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  await cluster.run(
    createDisruptionController(cluster.context('disruption-controller'), { discover: cluster.discover }),
    createStaleDisruptionController(cluster.context('disruption-controller')),
    createReplicaSetController(cluster.context('replicaset-controller')),
  );
});
afterEach(() => cluster.stop());

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'web:1' }] },
};
const selector = { matchLabels: { app: 'web' } };
const jobSpec = { template: { spec: { ...template.spec, restartPolicy: 'Never' } } };
const budget = (spec: object) =>
  cluster.create(poddisruptionbudgets, { metadata: { name: 'b' }, spec: { selector, ...spec } });
const set = (replicas: number) =>
  cluster.create(replicasets, { metadata: { name: 'web' }, spec: { replicas, selector, template } });
const status = async () => (await cluster.get(poddisruptionbudgets, 'b')).status;
const evict = async (name: string) => {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' } };
  await cluster.client
    .of(pods)
    .postSubresource(body.metadata, 'eviction', body, { cause: { reason: 'test' } });
  await cluster.settle();
};

describe('a budget', () => {
  test('follows its pods', async () => {
    await set(3);
    await budget({ maxUnavailable: 1 });
    await cluster.settle();
    expect(await status()).toMatchObject({
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 3,
      desiredHealthy: 2,
      expectedPods: 3,
      conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }],
    });
    const [pod] = await cluster.list(pods);
    if (pod) await nodes.become(pod, 'unready');
    await cluster.settle();
    expect(await status()).toMatchObject({
      disruptionsAllowed: 0,
      currentHealthy: 2,
      conditions: [{ status: 'False', reason: 'InsufficientPods' }],
    });
  });

  test('lets one pod be evicted, and the next when that is made up for', async () => {
    await set(3);
    await budget({ minAvailable: 2 });
    await cluster.settle();
    nodes.fate = () => 'unready';
    const [first, second] = await cluster.names(pods);
    await evict(first ?? '');
    expect(await status()).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 2 });
    await expect(evict(second ?? '')).rejects.toThrow("violate the pod's disruption budget");
    await nodes.all('app=web', 'ready');
    expect(await status()).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 3 });
    await evict(second ?? '');
  });

  test('of no pods allows nothing', async () => {
    await budget({ minAvailable: 0 });
    await cluster.settle();
    expect(await status()).toMatchObject({ disruptionsAllowed: 0, expectedPods: 0 });
    expect(await cluster.events('NoPods')).toEqual(['NoPods No matching pods found']);
  });

  test.each([
    [
      'has no scale',
      { apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u' },
      'jobs.batch does not implement the scale subresource',
    ],
    [
      'is not there',
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'u' },
      'found no controllers for pod "owned"',
    ],
    [
      'is gone, whatever its kind',
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'u' },
      'found no controllers for pod "owned"',
    ],
  ])('allows nothing where the controller of a pod %s', async (_, owner, why) => {
    if (owner.kind === 'Job') await cluster.create(jobs, { metadata: { name: 'j' }, spec: jobSpec });
    const ownerReferences = [{ ...owner, controller: true }];
    const metadata = { name: 'owned', labels: { app: 'web' }, ownerReferences };
    await cluster.create(pods, { metadata, spec: template.spec });
    await budget({ maxUnavailable: 1 });
    await cluster.settle();
    const conditions = [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: why }];
    expect(await status()).toMatchObject({ disruptionsAllowed: 0, conditions });
    expect(await cluster.events('CalculateExpectedPodCountFailed')).toContain(
      `CalculateExpectedPodCountFailed Failed to calculate the number of expected pods: ${why}`,
    );
  });

  test('that is not the only one of a pod says so to the pod', async () => {
    await budget({ minAvailable: 1 });
    await cluster.create(poddisruptionbudgets, {
      metadata: { name: 'c' },
      spec: { selector, minAvailable: 1 },
    });
    await cluster.settle();
    await cluster.create(pods, { metadata: { name: 'both', labels: { app: 'web' } }, spec: template.spec });
    await cluster.settle();
    expect((await cluster.events('MultiplePodDisruptionBudgets'))[0]).toMatch(
      /^MultiplePodDisruptionBudgets Pod "default"\/"both" matches multiple PodDisruptionBudgets. {2}Chose "[bc]" arbitrarily.$/,
    );
  });

  test('warns of pods that nobody manages', async () => {
    await cluster.create(pods, { metadata: { name: 'bare', labels: { app: 'web' } }, spec: template.spec });
    await budget({ maxUnavailable: 1 });
    await cluster.settle();
    expect((await cluster.events('UnmanagedPods'))[0]).toContain(
      '(selector: app=web) were found to be unmanaged',
    );
  });
});

test('a pod that was to be disrupted and stays is not said to be any more, unless its kubelet says it', async () => {
  const disrupted = async (name: string, reason: string) => {
    await cluster.create(pods, { metadata: { name }, spec: template.spec });
    await cluster.settle();
    const condition = { reason, message: 'it is in the way' };
    await noteDisruption(cluster, await cluster.get(pods, name), { condition, cause: { reason: 'test' } });
  };
  await disrupted('evicted', 'EvictionByEvictionAPI');
  await disrupted('pressed', 'TerminationByKubelet');
  const said = async (name: string) => conditionOf(await cluster.get(pods, name), 'DisruptionTarget');
  await cluster.pass(110_000);
  expect(await said('evicted')).toMatchObject({ status: 'True', reason: 'EvictionByEvictionAPI' });
  await cluster.pass(15_000);
  expect(await said('evicted')).toMatchObject({ status: 'False' });
  expect(await said('evicted')).not.toHaveProperty('reason');
  expect(await said('pressed')).toMatchObject({ status: 'True' });
});

test('a disruption is noted with the generation that it was for, and began when it was first said', async () => {
  await cluster.create(pods, { metadata: { name: 'p' }, spec: template.spec });
  await cluster.settle();
  const note = async (reason: string) => {
    const condition = { reason, message: 'it is in the way' };
    await noteDisruption(cluster, await cluster.get(pods, 'p'), { condition, cause: { reason: 'test' } });
    return conditionOf(await cluster.get(pods, 'p'), 'DisruptionTarget');
  };
  const first = await note('One');
  expect(first).toMatchObject({ status: 'True', reason: 'One', observedGeneration: 1 });
  await cluster.pass(10_000);
  expect(await note('Two')).toEqual({ ...first, reason: 'Two' });
});
