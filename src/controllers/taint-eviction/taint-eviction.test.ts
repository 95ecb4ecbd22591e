import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodes, pods } from '../../api/generated/resources.ts';
import { addNode, readyNode, TestCluster } from '../testing.ts';
import { createTaintEvictionController } from './taint-eviction.ts';

let cluster: TestCluster;
const [first, second] = ['first', 'second'].map((key) => ({ key, effect: 'NoExecute' }));
const tolerations = (...seconds: (number | undefined)[]) =>
  [first, second].map((taint, i) => ({
    ...taint,
    operator: 'Exists',
    ...(seconds[i] !== undefined && { tolerationSeconds: seconds[i] }),
  }));
const taint = (...taints: (object | undefined)[]) => cluster.patch(nodes, 'node-1', { spec: { taints } });
const createPod = (seconds: (number | undefined)[]) =>
  cluster.create(pods, {
    metadata: { name: 'web' },
    spec: {
      containers: [{ name: 'c', image: 'web:1' }],
      nodeName: 'node-1',
      tolerations: tolerations(...seconds),
      terminationGracePeriodSeconds: 0,
    },
  });
const isThere = async () => (await cluster.find(pods, 'web')) !== undefined;

beforeEach(async () => {
  cluster = await TestCluster.start();
  await addNode(cluster, readyNode('node-1', cluster.clock.now()));
  await cluster.run(createTaintEvictionController(cluster.context('node-controller')));
});
afterEach(() => cluster.stop());

test('the time that a pod was given does not change with what it tolerates later', async () => {
  await createPod([10, 10]);
  await taint(first);
  await cluster.pass(5_000);
  await cluster.patch(pods, 'web', { spec: { tolerations: tolerations(100, 10) } });
  await cluster.pass(6_000);
  expect(await isThere()).toBe(false);
});

test('nor with a taint that comes later and is tolerated for less', async () => {
  await createPod([100, 10]);
  await taint(first);
  await cluster.pass(50_000);
  await taint(first, second);
  await cluster.pass(40_000);
  expect(await isThere()).toBe(true);
  await cluster.pass(11_000);
  expect(await isThere()).toBe(false);
});

test('a taint that is tolerated for ever, again, ends the time that another has set', async () => {
  await createPod([undefined, 60]);
  await taint(first);
  await taint(first, second);
  await taint(first);
  await cluster.pass(120_000);
  expect(await isThere()).toBe(true);
  expect(await cluster.events('TaintManagerEviction')).toEqual([
    'TaintManagerEviction Cancelling deletion of Pod default/web',
  ]);
});

test('of several taints the one that is tolerated for the shortest time counts', async () => {
  await createPod([1, 100]);
  await taint(first, second);
  await cluster.pass(2_000);
  expect(await isThere()).toBe(false);
});

test('a pod goes when its time is up though its node has gone before', async () => {
  await createPod([10, 10]);
  await taint(first);
  await cluster.delete(nodes, 'node-1');
  await cluster.pass(9_000);
  expect(await isThere()).toBe(true);
  await cluster.pass(2_000);
  expect(await isThere()).toBe(false);
});
