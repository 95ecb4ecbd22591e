import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';
import { deployments, pods, replicasets } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { createGarbageCollector } from '../garbage/garbage.ts';
import { createReplicaSetController } from '../replicaset/replicaset.ts';
import { isReady } from '../shared/pods.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { createDeploymentController } from './deployment.ts';
import { planDeployment } from './plan.ts';
import { scaleInProportion } from './scaling.ts';

let cluster: TestCluster;
let nodes: TestNodes;
/** Which requests of the controller are refused. */
let refuse: (request: ApiRequest) => boolean;

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image }] },
});
const create = (replicas: number, spec: object = {}) =>
  cluster.create(deployments, {
    metadata: { name: 'web', annotations: { 'example.com/note': 'x' } },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('web:1'), ...spec },
  });
const change = (spec: object) => cluster.patch(deployments, 'web', { spec });
const roll = (image: string) => change({ template: { spec: { containers: [{ name: 'c', image }] } } });
const get = () => cluster.get(deployments, 'web');
const imageOf = (set: ReplicaSet) => set.spec.template?.spec?.containers[0]?.image ?? '';
/** Replicas by image, of the ReplicaSets that have any. */
const spread = async () =>
  Object.fromEntries(
    (await cluster.list(replicasets)).flatMap((set): [string, number][] =>
      set.spec.replicas ? [[imageOf(set), set.spec.replicas]] : [],
    ),
  );
const condition = (deployment: Stored<Deployment>, type: string) => {
  const found = deployment.status?.conditions?.find((c) => c.type === type);
  return found && `${found.status} ${found.reason}`;
};

beforeEach(async () => {
  refuse = () => false;
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  await cluster.run(
    createReplicaSetController(cluster.context('replicaset-controller')),
    createDeploymentController(cluster.refusing('deployment-controller', (r) => refuse(r))),
    createGarbageCollector(cluster.context('generic-garbage-collector'), { discover: cluster.discover }),
  );
});
afterEach(() => cluster.stop());

describe('a new Deployment', () => {
  test('has one ReplicaSet, comes up and says so', async () => {
    await create(3);
    await cluster.settle();
    const [set] = await cluster.list(replicasets);
    const hash = set?.metadata.labels?.['pod-template-hash'];
    expect(set?.metadata.name).toBe(`web-${hash}`);
    expect(set?.spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(set?.metadata.annotations).toEqual({
      'example.com/note': 'x',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    const deployment = await get();
    expect(deployment.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(deployment.metadata.generation).toBe(1);
    expect(deployment.status).toMatchObject({
      observedGeneration: deployment.metadata.generation,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect(condition(deployment, 'Available')).toBe('True MinimumReplicasAvailable');
    expect(condition(deployment, 'Progressing')).toBe('True NewReplicaSetAvailable');
    expect(await cluster.events('ScalingReplicaSet')).toEqual([
      `ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 3`,
    ]);
  });

  test('goes with all it made', async () => {
    await create(2);
    await cluster.settle();
    await cluster.delete(deployments, 'web', { propagationPolicy: 'Foreground' });
    await cluster.pass(1_000);
    expect(await cluster.find(deployments, 'web')).toBeUndefined();
    expect(await cluster.list(pods)).toEqual([]);
  });

  test('is not available while its pods are not ready, and times out', async () => {
    nodes.fate = () => 'unready';
    await create(2, { progressDeadlineSeconds: 60 });
    await cluster.settle();
    expect(condition(await get(), 'Available')).toBe('False MinimumReplicasUnavailable');
    expect(condition(await get(), 'Progressing')).toBe('True ReplicaSetUpdated');
    await cluster.pass(59_000);
    expect(condition(await get(), 'Progressing')).toBe('True ReplicaSetUpdated');
    await cluster.pass(5_000);
    expect(condition(await get(), 'Progressing')).toBe('False ProgressDeadlineExceeded');
    await nodes.all('app=web', 'ready');
    expect(condition(await get(), 'Progressing')).toBe('True NewReplicaSetAvailable');
  });

  test('tells of pods that are refused', async () => {
    const spec = { ...template('web:1').spec, serviceAccountName: 'missing' };
    await create(1, { template: { ...template('web:1'), spec }, progressDeadlineSeconds: 30 });
    await cluster.settle();
    expect(condition(await get(), 'ReplicaFailure')).toBe('True FailedCreate');
    await cluster.pass(40_000);
    expect(condition(await get(), 'Progressing')).toBe('False ProgressDeadlineExceeded');
  });
});

describe('a rolling update', () => {
  const mixes: [number | string, number | string, number, number][] = [
    [1, 0, 1, 0],
    [0, 1, 0, 1],
    [2, 1, 2, 1],
    ['25%', '25%', 2, 1],
    ['100%', 0, 6, 0],
    [0, '100%', 0, 6],
    ['50%', '50%', 3, 3],
  ];

  test.each(mixes)(
    'with surge %s and unavailable %s stays within its bounds',
    async (maxSurge, maxUnavailable, over, under) => {
      await create(6, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } });
      await cluster.settle();
      const living = () =>
        cluster.informers
          .of(pods)
          .list()
          .filter((pod) => !pod.metadata.deletionTimestamp);
      const seen: { all: number; ready: number }[] = [];
      const look = () => seen.push({ all: living().length, ready: living().filter(isReady).length });
      cluster.informers.of(pods).onChange({ updated: look, deleted: look });
      await roll('web:2');
      expect(await spread()).toEqual({ 'web:2': 6 });
      expect(Math.max(...seen.map((s) => s.all))).toBeLessThanOrEqual(6 + over);
      expect(Math.min(...seen.map((s) => s.ready))).toBeGreaterThanOrEqual(6 - under);
      expect(condition(await get(), 'Progressing')).toBe('True NewReplicaSetAvailable');
      expect((await get()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    },
  );

  test('to pods that never become ready stops early and can be undone', async () => {
    await create(4);
    await cluster.settle();
    nodes.fate = () => 'unready';
    await roll('web:bad');
    expect(await spread()).toEqual({ 'web:1': 3, 'web:bad': 2 });
    expect((await get()).status).toMatchObject({
      availableReplicas: 3,
      updatedReplicas: 2,
      unavailableReplicas: 2,
    });
    nodes.fate = () => 'ready';
    await roll('web:1');
    expect(await spread()).toEqual({ 'web:1': 4 });
    expect(await cluster.list(replicasets)).toHaveLength(2);
    const sets = await cluster.list(replicasets);
    const first = sets.find((set) => imageOf(set) === 'web:1');
    expect(first?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    });
    expect((await get()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  test('that is overtaken by the next leaves nothing of it', async () => {
    await create(4);
    await cluster.settle();
    nodes.fate = (pod) => (pod.spec.containers[0]?.image === 'web:2' ? 'unready' : 'ready');
    await roll('web:2');
    await roll('web:3');
    expect(await spread()).toEqual({ 'web:3': 4 });
    expect((await get()).status).toMatchObject({ replicas: 4, updatedReplicas: 4, availableReplicas: 4 });
  });

  test('waits for minReadySeconds between its steps', async () => {
    await create(2, { minReadySeconds: 10, strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await cluster.pass(11_000);
    await roll('web:2');
    expect(await spread()).toEqual({ 'web:1': 2, 'web:2': 1 });
    await cluster.pass(11_000);
    expect(await spread()).toEqual({ 'web:1': 1, 'web:2': 2 });
    await cluster.pass(11_000);
    expect(await spread()).toEqual({ 'web:2': 2 });
  });

  test('keeps as many old ReplicaSets as it is told', async () => {
    await create(1, { revisionHistoryLimit: 2 });
    for (const image of ['web:2', 'web:3', 'web:4', 'web:5']) await roll(image);
    await cluster.pass(1_000);
    expect((await cluster.list(replicasets)).map(imageOf).sort()).toEqual(['web:3', 'web:4', 'web:5']);
  });

  test('counts on from whatever revision there is, in 64 bits', async () => {
    const deployment = await create(1);
    await cluster.settle();
    const [set] = await cluster.list(replicasets);
    const key = 'deployment.kubernetes.io/revision';
    const annotations = { [key]: '3546343826724305832' };
    await cluster.patch(replicasets, set?.metadata.name as string, { metadata: { annotations } });
    await roll('web:2');
    await cluster.settle();
    expect((await get()).metadata.annotations?.[key]).toBe('3546343826724305833');
    expect(deployment).toBeDefined();
  });

  test('has its deadline from its own beginning', async () => {
    await create(2, { progressDeadlineSeconds: 60 });
    await cluster.pass(600_000);
    nodes.fate = () => 'unready';
    await roll('web:2');
    await cluster.pass(50_000);
    expect(condition(await get(), 'Progressing')).toBe('True ReplicaSetUpdated');
    await cluster.pass(20_000);
    expect(condition(await get(), 'Progressing')).toBe('False ProgressDeadlineExceeded');
  });
});

describe('scaling', () => {
  test('up and down without a rollout', async () => {
    await create(2);
    await change({ replicas: 5 });
    expect(await spread()).toEqual({ 'web:1': 5 });
    await change({ replicas: 0 });
    expect(await spread()).toEqual({});
    expect((await get()).status?.replicas).toBeUndefined();
    await change({ replicas: 1 });
    expect(await cluster.list(pods)).toHaveLength(1);
  });

  test('in the midst of a rollout shares what is added in proportion', async () => {
    await create(10, { strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } });
    await cluster.settle();
    nodes.fate = () => 'unready';
    await roll('web:bad');
    expect(await spread()).toEqual({ 'web:1': 8, 'web:bad': 5 });
    // The example of the documentation: 15 replicas asked for, five more to share out.
    await change({ replicas: 15 });
    expect(await spread()).toEqual({ 'web:1': 11, 'web:bad': 7 });
  });
});

test('a share of nothing is nothing: where no set says what it was part of, the first gives up what there is too much of', () => {
  const setOf = (name: string, second: number) =>
    ({
      metadata: { name, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
      spec: { replicas: 2 },
    }) as Stored<ReplicaSet>;
  const rollingUpdate = { maxSurge: 0, maxUnavailable: 1 };
  const spec = { replicas: 2, strategy: { type: 'RollingUpdate', rollingUpdate } };
  const deployment = { metadata: {}, spec, status: { replicas: 0 } } as Stored<Deployment>;
  const scaled = scaleInProportion(deployment, setOf('new', 2), [setOf('old', 1)]);
  expect(scaled.map(({ set, replicas }) => [set.metadata.name, replicas])).toEqual([
    ['old', 0],
    ['new', 2],
  ]);
});

describe('a pause', () => {
  test('holds the rollout, not scaling, and does not count against the deadline', async () => {
    await create(2, { progressDeadlineSeconds: 60 });
    await cluster.settle();
    await change({ paused: true });
    expect(condition(await get(), 'Progressing')).toBe('Unknown DeploymentPaused');
    await roll('web:2');
    expect(await spread()).toEqual({ 'web:1': 2 });
    expect((await get()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    await change({ replicas: 3 });
    expect(await spread()).toEqual({ 'web:1': 3 });
    await cluster.pass(600_000);
    nodes.fate = () => 'unready';
    await change({ paused: false });
    expect(condition(await get(), 'Progressing')).not.toBe('False ProgressDeadlineExceeded');
    nodes.fate = () => 'ready';
    await nodes.all('app=web', 'ready');
    await cluster.pass(1_000);
    expect(await spread()).toEqual({ 'web:2': 3 });
  });
});

test('old ReplicaSets are kept until nothing of any of them runs any more', () => {
  const set = (image: string, replicas: number) =>
    ({
      metadata: { name: image, uid: image, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { replicas, template: template(image) },
      status: { replicas, availableReplicas: replicas },
    }) as unknown as Stored<ReplicaSet>;
  const spec = { replicas: 2, revisionHistoryLimit: 0, template: template('web:3') };
  const removed = (replicas: number) => {
    const status = { updatedReplicas: 2, availableReplicas: replicas, replicas };
    const deployment = { metadata: {}, spec, status } as unknown as Stored<Deployment>;
    const sets = [set('web:1', 0), set('web:2', replicas - 2), set('web:3', 2)];
    return planDeployment({ deployment, sets, pods: [], nowMs: 0 }).remove.map(imageOf);
  };
  expect(removed(3)).toEqual([]);
  expect(removed(2)).toEqual(['web:1', 'web:2']);
});

test('Recreate is available with all of its pods, and not before', async () => {
  nodes.fate = () => 'unready';
  await create(2, { strategy: { type: 'Recreate' } });
  await cluster.settle();
  const available = async () =>
    (await get()).status?.conditions?.find(({ type }) => type === 'Available')?.reason;
  expect(await available()).toBe('MinimumReplicasUnavailable');
  const [first] = await cluster.list(pods);
  if (first) await nodes.become(first, 'ready');
  await cluster.settle();
  expect(await available()).toBe('MinimumReplicasUnavailable');
  await nodes.all('app=web', 'ready');
  expect(await available()).toBe('MinimumReplicasAvailable');
});

test('Recreate lets the old pods go before it makes new ones', async () => {
  await create(3, { strategy: { type: 'Recreate' } });
  await cluster.settle();
  nodes.lets = false;
  await roll('web:2');
  expect(await spread()).toEqual({});
  expect(await cluster.list(pods)).toHaveLength(3);
  nodes.lets = true;
  for (const pod of await cluster.list(pods)) await nodes.finish(pod);
  await cluster.settle();
  expect(await spread()).toEqual({ 'web:2': 3 });
  expect((await get()).status?.availableReplicas).toBe(3);
});

test('a name that is taken leads to another hash', async () => {
  await create(1);
  await cluster.settle();
  const [set] = await cluster.list(replicasets);
  await cluster.delete(deployments, 'web');
  await cluster.pass(1_000);
  const metadata = { name: set?.metadata.name ?? '', labels: { app: 'other' } };
  const other = { ...template('web:1'), metadata: { labels: { app: 'other' } } };
  await cluster.create(replicasets, {
    metadata,
    spec: { replicas: 0, selector: { matchLabels: { app: 'other' } }, template: other },
  });
  await create(1);
  await cluster.pass(1_000);
  expect((await get()).status).toMatchObject({ collisionCount: 1, availableReplicas: 1 });
  expect(await cluster.list(replicasets)).toHaveLength(2);
});

test('a ReplicaSet that fits is taken over', async () => {
  await create(2);
  await cluster.settle();
  const before = await cluster.names(pods);
  await cluster.delete(deployments, 'web', { propagationPolicy: 'Orphan' });
  await cluster.settle();
  expect(await cluster.names(pods)).toEqual(before);
  await create(2);
  await cluster.settle();
  expect(await cluster.list(replicasets)).toHaveLength(1);
  expect(await cluster.names(pods)).toEqual(before);
});

test('nothing is written where nothing changes', async () => {
  await create(2);
  await cluster.settle();
  const before = [...(await cluster.list(deployments)), ...(await cluster.list(replicasets))];
  await cluster.pass(3_600_000);
  const after = [...(await cluster.list(deployments)), ...(await cluster.list(replicasets))];
  expect(after.map((o) => o.metadata.resourceVersion)).toEqual(before.map((o) => o.metadata.resourceVersion));
});

test('a rollout whose ReplicaSet cannot be made says so', async () => {
  refuse = (r) => r.method === 'POST' && r.path.endsWith('/replicasets');
  await create(1);
  await cluster.settle();
  expect(condition(await get(), 'Progressing')).toBe('False ReplicaSetCreateError');
  expect((await cluster.events('ReplicaSetCreateError'))[0]).toMatch(
    /^ReplicaSetCreateError Failed to create new replica set "web-[a-z0-9]+": no$/,
  );
  refuse = () => false;
  await cluster.pass(60_000);
  expect(condition(await get(), 'Progressing')).toBe('True NewReplicaSetAvailable');
});
