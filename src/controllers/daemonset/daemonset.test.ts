import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import { controllerrevisions, daemonsets, nodes, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { addNode, readyNode, TestCluster, TestNodes } from '../testing.ts';
import { createDaemonSetController } from './daemonset.ts';
import { hashLabel, mayMoveDaemons, nodeOf, placement } from './pods.ts';

test('what a daemon tolerates is put together once, however many nodes there are', () => {
  let reads = 0;
  const spec = {
    containers: [],
    get tolerations() {
      reads++;
      return [{ key: 'a', operator: 'Exists' }];
    },
  };
  const set = { metadata: {}, spec: { selector: {}, template: { spec } } };
  const node = { metadata: { name: 'n' }, spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } };
  for (let i = 0; i < 100; i++) expect(placement(set, node)).toEqual({ runs: true, goesOn: true });
  expect(reads).toBe(1);
  const other = { metadata: { name: 'n' }, spec: { taints: [{ key: 'b', effect: 'NoSchedule' }] } };
  expect(placement(set, other)).toEqual({ runs: false, goesOn: true });
});

test.each([
  ['says how it is', false, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }],
  ['is noted something on', false, { metadata: { labels: { a: 'b' }, annotations: { x: 'y' } } }],
  ['has other labels', true, { metadata: { labels: { a: 'c' } } }],
  ['has a taint more', true, { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }],
  ['has no taints, in other words', false, { spec: { taints: [] } }],
])('where a node %s, daemons may have to move: %s', (_, may, change) => {
  const old: Node = { metadata: { labels: { a: 'b' } }, spec: {} };
  expect(mayMoveDaemons({ ...old, ...change }, old)).toBe(may);
});

let cluster: TestCluster;
let kubelets: TestNodes;
/** Which requests of the controller are refused. */
let refuse: (request: ApiRequest) => boolean;

beforeEach(async () => {
  cluster = await TestCluster.start();
  kubelets = new TestNodes(cluster);
  kubelets.place = nodeOf;
  refuse = () => false;
  await cluster.run(createDaemonSetController(cluster.refusing('daemon-set-controller', (r) => refuse(r))));
  for (const name of ['a', 'b', 'c']) await node(name);
});
afterEach(() => cluster.stop());

const node = (name: string, labels: Record<string, string> = {}) =>
  addNode(cluster, readyNode(name, cluster.clock.now(), { labels }));
const create = (spec: object = {}, podSpec: object = {}) =>
  cluster.create(daemonsets, {
    metadata: { name: 'agent' },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: {
        metadata: { labels: { app: 'agent' } },
        spec: { containers: [{ name: 'c', image: 'agent:1' }], ...podSpec },
      },
      ...spec,
    },
  });
const roll = (image: string) =>
  cluster.patch(daemonsets, 'agent', {
    spec: { template: { spec: { containers: [{ name: 'c', image }] } } },
  });
const places = async () => (await cluster.list(pods)).map((pod) => nodeOf(pod)).sort();
const images = async () =>
  (await cluster.list(pods)).map((p) => `${nodeOf(p)} ${p.spec.containers[0]?.image}`).sort();
const status = async () => (await cluster.get(daemonsets, 'agent')).status;

test('a DaemonSet whose pods cannot be made says how many are wanted all the same', async () => {
  refuse = (r) => r.method === 'POST' && r.path.endsWith('/pods');
  await create();
  await cluster.settle();
  expect(await status()).toMatchObject({
    desiredNumberScheduled: 3,
    currentNumberScheduled: 0,
    numberUnavailable: 3,
    observedGeneration: 1,
  });
  expect(await cluster.events('FailedCreate')).toContain('FailedCreate Error creating: no');
});

describe('a DaemonSet', () => {
  test('has a pod on every node, also on those that come later', async () => {
    await create();
    await cluster.settle();
    expect(await places()).toEqual(['a', 'b', 'c']);
    expect(await status()).toEqual({
      currentNumberScheduled: 3,
      desiredNumberScheduled: 3,
      numberMisscheduled: 0,
      numberReady: 3,
      numberAvailable: 3,
      updatedNumberScheduled: 3,
      observedGeneration: 1,
    });
    await node('d');
    await cluster.settle();
    expect(await places()).toEqual(['a', 'b', 'c', 'd']);
    const [pod] = await cluster.list(pods);
    expect(pod?.metadata.labels?.['pod-template-generation']).toBe('1');
    const required = pod?.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    expect(required?.nodeSelectorTerms).toEqual([
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeOf(pod as never)] }] },
    ]);
    expect(pod?.spec.tolerations?.map((t) => t.key)).toEqual(
      expect.arrayContaining(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unschedulable']),
    );
  });

  test('leaves conditions that others set', async () => {
    await create();
    await cluster.settle();
    const conditions = [{ type: 'Checked', status: 'True' as const }];
    const { client } = cluster;
    const written = {
      ...(await cluster.get(daemonsets, 'agent')),
      status: { ...(await status()), conditions },
    };
    await client.of(daemonsets).updateStatus(written as never, { cause: { reason: 'a test says so' } });
    await node('d');
    await cluster.settle();
    expect(await status()).toMatchObject({ conditions, numberReady: 4 });
  });

  test('runs where its selector says, and leaves when that no longer holds', async () => {
    await node('gpu', { gpu: 'yes' });
    await create({}, { nodeSelector: { gpu: 'yes' } });
    await cluster.settle();
    expect(await places()).toEqual(['gpu']);
    await cluster.patch(nodes, 'gpu', { metadata: { labels: { gpu: 'no' } } });
    expect(await places()).toEqual([]);
    expect(await status()).toMatchObject({ desiredNumberScheduled: 0 });
  });

  test('keeps off nodes with taints it does not tolerate, but does not leave for NoSchedule', async () => {
    await cluster.patch(nodes, 'a', { spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } });
    await cluster.patch(nodes, 'b', { spec: { unschedulable: true } });
    await create();
    await cluster.settle();
    expect(await places()).toEqual(['b', 'c']);
    await cluster.patch(nodes, 'c', { spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } });
    expect(await places()).toEqual(['b', 'c']);
    expect(await status()).toMatchObject({ desiredNumberScheduled: 1, numberMisscheduled: 1 });
    await cluster.patch(nodes, 'c', { spec: { taints: [{ key: 'own', effect: 'NoExecute' }] } });
    expect(await places()).toEqual(['b']);
  });

  test('replaces a failed pod, ever more slowly', async () => {
    kubelets.fate = (pod) => (nodeOf(pod) === 'a' ? 'Failed' : 'ready');
    await create();
    await cluster.pass(60_000);
    const failures = await cluster.events('FailedDaemonPod');
    expect(failures[0]).toMatch(
      /^FailedDaemonPod Found failed daemon pod default\/agent-.+ on node a, will try to kill it$/,
    );
    expect(failures.length).toBeGreaterThan(3);
    expect(failures.length).toBeLessThan(10);
  });

  test('replaces a failed pod no later although the clock has been set back', async () => {
    kubelets.fate = (pod) => (nodeOf(pod) === 'a' ? 'Failed' : 'ready');
    await create();
    await cluster.pass(10_000);
    const before = (await cluster.events('FailedDaemonPod')).length;
    cluster.clock.shiftWall(-5 * 3_600_000);
    await cluster.pass(120_000);
    expect((await cluster.events('FailedDaemonPod')).length).toBeGreaterThan(before);
  });

  test('replaces a failed pod soon again once all has gone well for long', async () => {
    const uid = async () => (await cluster.list(pods)).find((p) => nodeOf(p) === 'a')?.metadata.uid;
    kubelets.fate = (pod) => (nodeOf(pod) === 'a' ? 'Failed' : 'ready');
    await create();
    await cluster.pass(3_600_000);
    kubelets.fate = () => 'ready';
    await cluster.pass(1_860_000 + 900_000);
    kubelets.fate = (pod) => (nodeOf(pod) === 'a' ? 'Failed' : 'ready');
    const ready = (await cluster.list(pods)).find((p) => nodeOf(p) === 'a');
    if (ready) await kubelets.become(ready, 'Failed');
    await cluster.settle();
    const second = await uid();
    expect(second).not.toBe(ready?.metadata.uid);
    await cluster.pass(2_000);
    expect(await uid()).not.toBe(second);
  });
});

const surging = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
const daemonOf = async (node: string) =>
  (await cluster.list(pods)).find((pod) => nodeOf(pod) === node)?.metadata.name ?? '';

describe('an update', () => {
  test('reaches at once the daemons that failed, however long they would have been left', async () => {
    kubelets.fate = (pod) => (pod.spec.containers[0]?.image === 'agent:1' ? 'Failed' : 'ready');
    await create();
    await cluster.pass(60_000);
    await roll('agent:2');
    expect(await images()).toEqual(['a agent:2', 'b agent:2', 'c agent:2']);
    expect(await status()).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
  });

  test('goes node by node', async () => {
    await create();
    await cluster.settle();
    kubelets.fate = () => 'unready';
    await roll('agent:2');
    expect((await images()).filter((text) => text.endsWith(':2'))).toHaveLength(1);
    expect(await status()).toMatchObject({
      updatedNumberScheduled: 1,
      numberAvailable: 2,
      numberUnavailable: 1,
    });
    kubelets.fate = () => 'ready';
    await kubelets.all('app=agent', 'ready');
    expect(await images()).toEqual(['a agent:2', 'b agent:2', 'c agent:2']);
    expect(await status()).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
  });

  test('with surge has the new pod before the old one goes', async () => {
    await create({ updateStrategy: surging });
    await cluster.pass(1000);
    kubelets.fate = () => 'unready';
    await roll('agent:2');
    expect(await images()).toHaveLength(4);
    // As long as the old one is there, its node is not updated.
    expect(await status()).toMatchObject({ numberAvailable: 3 });
    expect(await status()).not.toHaveProperty('updatedNumberScheduled');
    kubelets.fate = () => 'ready';
    await kubelets.all('app=agent', 'ready');
    expect(await images()).toEqual(['a agent:2', 'b agent:2', 'c agent:2']);
    expect(await status()).toMatchObject({ numberAvailable: 3, updatedNumberScheduled: 3 });
  });

  test('with surge does not wait for a daemon that is on its way out', async () => {
    await create({ updateStrategy: surging });
    await cluster.settle();
    kubelets.lets = false;
    await cluster.delete(pods, await daemonOf('a'));
    expect(await places()).toEqual(['a', 'a', 'b', 'c']);
  });

  test('with surge keeps no old daemon that is not ready', async () => {
    await create({ updateStrategy: surging });
    await cluster.pass(1000);
    kubelets.fate = () => 'unready';
    await roll('agent:2');
    const [surged] = (await images()).filter((text) => text.endsWith(':2')).map((text) => text.charAt(0));
    const isOld = (pod: Pod) => nodeOf(pod) === surged && pod.spec.containers[0]?.image === 'agent:1';
    await kubelets.become((await cluster.list(pods)).find(isOld) as Stored<Pod>, 'unready');
    await cluster.settle();
    expect((await images()).filter((text) => text.startsWith(surged as string))).toEqual([
      `${surged} agent:2`,
    ]);
  });

  test('with surge goes on when a daemon has been ready for long enough', async () => {
    await create({ updateStrategy: surging, minReadySeconds: 10 });
    await cluster.pass(11_000);
    await roll('agent:2');
    await cluster.pass(60_000);
    expect(await images()).toEqual(['a agent:2', 'b agent:2', 'c agent:2']);
  });

  test.each([
    ['in place', undefined],
    ['with surge', surging],
  ])('%s takes the old daemon away where there shall be none any more', async (_, updateStrategy) => {
    await create({ updateStrategy });
    await cluster.settle();
    await cluster.patch(nodes, 'a', { spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } });
    expect(await places()).toEqual(['a', 'b', 'c']);
    await roll('agent:2');
    expect(await images()).toEqual(['b agent:2', 'c agent:2']);
  });

  test('with surge keeps it there until others are available', async () => {
    await cluster.patch(nodes, 'a', { metadata: { labels: { pool: 'first' } } });
    await create({ updateStrategy: surging }, { nodeSelector: { pool: 'first' } });
    await cluster.settle();
    expect(await places()).toEqual(['a']);
    await cluster.patch(nodes, 'a', { spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } });
    kubelets.fate = () => 'unready';
    await cluster.patch(daemonsets, 'agent', {
      spec: { template: { spec: { nodeSelector: null } } },
    });
    expect(await places()).toEqual(['a', 'b', 'c']);
    for (const name of ['b', 'c'])
      await kubelets.become(await cluster.get(pods, await daemonOf(name)), 'ready');
    await cluster.settle();
    expect(await places()).toEqual(['b', 'c']);
  });

  test('is known by the generation of its template too, whatever its hash', async () => {
    await create();
    await cluster.settle();
    const before = await cluster.names(pods);
    for (const name of before)
      await cluster.patch(pods, name, { metadata: { labels: { [hashLabel]: 'another' } } });
    await cluster.pass(10_000);
    expect(await cluster.names(pods)).toEqual(before);
    expect(await status()).toMatchObject({ updatedNumberScheduled: 3 });
    await roll('agent:2');
    expect(await images()).toEqual(['a agent:2', 'b agent:2', 'c agent:2']);
  });

  test('keeps as many old revisions as it is told, those of daemons that are there among them', async () => {
    await create({ updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 2 });
    await cluster.settle();
    for (const image of ['agent:2', 'agent:3', 'agent:4']) await roll(image);
    const kept = (await cluster.list(controllerrevisions)).map(({ revision }) => revision);
    expect(kept.sort()).toEqual([1, 3, 4]);
  });

  test('on delete waits for the deletion', async () => {
    await create({ updateStrategy: { type: 'OnDelete' } });
    await cluster.settle();
    await roll('agent:2');
    expect((await images()).every((text) => text.endsWith(':1'))).toBe(true);
    const [first] = await cluster.list(pods);
    await cluster.delete(pods, first?.metadata.name ?? '');
    expect((await images()).filter((text) => text.endsWith(':2'))).toHaveLength(1);
  });
});

test('a daemon stays on a node that is unwell, whatever its template says of that', async () => {
  const toleration = { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' };
  await create({}, { tolerations: [{ ...toleration, tolerationSeconds: 30 }] });
  await cluster.settle();
  const [pod] = await cluster.list(pods);
  const given = pod?.spec.tolerations?.filter(({ key }) => key === toleration.key);
  expect(given).toEqual([toleration]);
});

test('a daemon that has ended and waits for its finalizers has no place', async () => {
  await create();
  await cluster.settle();
  const old = await daemonOf('a');
  await cluster.patch(pods, old, { metadata: { finalizers: ['example.com/hold'] } });
  await kubelets.become(await cluster.get(pods, old), 'Succeeded');
  await cluster.settle();
  expect((await cluster.get(pods, old)).metadata.deletionTimestamp).toBeDefined();
  expect(await places()).toEqual(['a', 'a', 'b', 'c']);
  expect(await status()).toMatchObject({ numberReady: 3 });
});

test('a daemon that cannot be taken away does not keep others from being made', async () => {
  await create();
  await cluster.settle();
  const kept = await daemonOf('a');
  refuse = (r) => r.method === 'DELETE' && r.path.endsWith(`/${kept}`);
  await cluster.patch(nodes, 'a', { spec: { taints: [{ key: 'own', effect: 'NoExecute' }] } });
  await node('d');
  await cluster.settle();
  expect(await places()).toEqual(['a', 'b', 'c', 'd']);
});

test('a DaemonSet that is being deleted gets no revision any more', async () => {
  await create();
  await cluster.settle();
  await cluster.delete(daemonsets, 'agent', { propagationPolicy: 'Foreground' });
  const [revision] = await cluster.names(controllerrevisions);
  await cluster.delete(controllerrevisions, revision as string);
  const ready = await cluster.get(pods, await daemonOf('a'));
  await kubelets.become(ready, 'unready');
  await cluster.settle();
  expect(await cluster.names(controllerrevisions)).toEqual([]);
});

test('nothing is written where nothing changes', async () => {
  await create();
  await cluster.settle();
  const before = (await cluster.get(daemonsets, 'agent')).metadata.resourceVersion;
  await cluster.pass(600_000);
  expect((await cluster.get(daemonsets, 'agent')).metadata.resourceVersion).toBe(before);
});
