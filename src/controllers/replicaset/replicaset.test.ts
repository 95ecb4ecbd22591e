import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pods, replicasets, replicationcontrollers } from '../../api/generated/resources.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { statusOf } from './plan.ts';
import { createReplicaSetController } from './replicaset.ts';
import { createReplicationController } from './replicationcontroller.ts';

const template = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'c', image: 'web:1' }] },
};
const specOf = (replicas: number) => ({
  replicas,
  minReadySeconds: 0,
  template,
  deleting: false,
  countsTerminating: true,
});
const setOf = (replicas: number, more: object = {}) => ({
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template, ...more },
});

let cluster: TestCluster;
let nodes: TestNodes;

beforeEach(async () => {
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  await cluster.run(
    createReplicaSetController(cluster.context('replicaset-controller')),
    createReplicationController(cluster.context('replication-controller')),
  );
});
afterEach(() => cluster.stop());

describe('ReplicaSet', () => {
  test('makes pods, reports them, and makes up for those that go', async () => {
    await cluster.create(replicasets, setOf(3));
    await cluster.settle();
    const made = await cluster.list(pods);
    expect(made).toHaveLength(3);
    expect(made[0]?.metadata.ownerReferences).toMatchObject([
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', controller: true, blockOwnerDeletion: true },
    ]);
    const { status } = await cluster.get(replicasets, 'web');
    expect(status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
      fullyLabeledReplicas: 3,
    });
    expect(await cluster.events('SuccessfulCreate')).toHaveLength(3);

    await cluster.delete(pods, made[0]?.metadata.name ?? '');
    expect(await cluster.list(pods)).toHaveLength(3);
  });

  test('gives its whole name to its pods, of which the server cuts theirs', async () => {
    const name = `${'long-'.repeat(50)}web`;
    await cluster.create(replicasets, { ...setOf(1), metadata: { name } });
    await cluster.settle();
    const [made] = await cluster.list(pods);
    expect(made?.metadata.generateName).toBe(`${name}-`);
    expect(made?.metadata.name.slice(0, -5)).toBe(name.slice(0, 58));
  });

  test('counts the pods of a large set once for many that change', async () => {
    await cluster.create(replicasets, setOf(200));
    await cluster.pass(1000);
    let written = 0;
    cluster.informers.of(replicasets).onChange({ updated: () => void written++ });
    for (const pod of await cluster.list(pods)) await nodes.become(pod, 'Failed');
    await cluster.pass(1000);
    expect((await cluster.get(replicasets, 'web')).status?.readyReplicas).toBe(200);
    expect(written).toBeLessThan(20);
  });

  test('removes first what is not ready, then the youngest', async () => {
    await cluster.create(replicasets, setOf(2));
    await cluster.settle();
    const old = await cluster.names(pods);
    await cluster.pass(60_000);
    nodes.fate = () => 'unready';
    await cluster.patch(replicasets, 'web', { spec: { replicas: 4 } });
    expect(await cluster.list(pods)).toHaveLength(4);
    await cluster.patch(replicasets, 'web', { spec: { replicas: 2 } });
    expect(await cluster.names(pods)).toEqual(old);
  });

  test('tells how old those are that it takes away, beside the youngest', async () => {
    await cluster.create(replicasets, setOf(1));
    await cluster.settle();
    await cluster.pass(70_000);
    await cluster.patch(replicasets, 'web', { spec: { replicas: 2 } });
    await cluster.pass(10_000);
    await cluster.patch(replicasets, 'web', { spec: { replicas: 0 } });
    expect(seriesOf(cluster.meter)).toMatchObject({
      replicaset_controller_sorting_deletion_age_ratio_count: 2,
      replicaset_controller_sorting_deletion_age_ratio_sum: 8 + 1,
    });
  });

  test('adopts matching orphans and lets go of pods that match no more', async () => {
    const metadata = { name: 'stray', labels: { app: 'web' } };
    await cluster.create(pods, { metadata, spec: template.spec });
    await cluster.create(replicasets, setOf(2));
    await cluster.settle();
    expect(await cluster.list(pods)).toHaveLength(2);
    expect((await cluster.get(pods, 'stray')).metadata.ownerReferences?.[0]?.name).toBe('web');

    await cluster.patch(pods, 'stray', { metadata: { labels: { app: 'other' } } });
    expect((await cluster.get(pods, 'stray')).metadata.ownerReferences).toBeUndefined();
    expect(await cluster.list(pods, 'app=web')).toHaveLength(2);
  });

  test('a pod is available only after minReadySeconds', async () => {
    await cluster.create(replicasets, setOf(1, { minReadySeconds: 30 }));
    await cluster.pass(29_000);
    const { readyReplicas, availableReplicas } = (await cluster.get(replicasets, 'web')).status ?? {};
    expect({ readyReplicas, availableReplicas }).toEqual({ readyReplicas: 1 });
    await cluster.pass(2_000);
    expect((await cluster.get(replicasets, 'web')).status?.availableReplicas).toBe(1);
  });

  test('finished pods are replaced and not counted', async () => {
    await cluster.create(replicasets, setOf(1));
    await cluster.settle();
    const [first] = await cluster.list(pods);
    if (first) await nodes.become(first, 'Failed');
    await cluster.settle();
    expect(await cluster.list(pods)).toHaveLength(2);
    expect((await cluster.get(replicasets, 'web')).status?.replicas).toBe(1);
  });

  test('says so where pods are refused, and recovers', async () => {
    const spec = { ...template.spec, serviceAccountName: 'missing' };
    await cluster.create(replicasets, setOf(8, { template: { ...template, spec } }));
    await cluster.settle();
    const { status } = await cluster.get(replicasets, 'web');
    expect(status?.conditions).toMatchObject([
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' },
    ]);
    expect(status?.conditions?.[0]?.message).toContain('serviceaccount "missing" not found');
    expect((await cluster.events('FailedCreate'))[0]).toContain('FailedCreate Error creating: pods "web-');
    const failure = { reason: 'FailedDelete', message: 'no' } as const;
    const later = { spec: specOf(8), owned: [], status, generation: 1, failure, nowMs: 0 };
    expect(statusOf(later).status.conditions).toEqual(status?.conditions);
    await cluster.patch(replicasets, 'web', {
      spec: { template: { spec: { serviceAccountName: null, serviceAccount: null } } },
    });
    await cluster.pass(2_000);
    expect(await cluster.list(pods)).toHaveLength(8);
    expect((await cluster.get(replicasets, 'web')).status?.conditions).toBeUndefined();
  });

  test('shrinks where pods of the other templates of its Deployment are as well', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'd-uid', controller: true };
    const set = (name: string) => {
      const labels = { app: 'web', set: name };
      const spec = {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { ...template, metadata: { labels } },
      };
      return cluster.create(replicasets, { metadata: { name, ownerReferences: [owner] }, spec });
    };
    nodes.place = () => 'a';
    await set('old');
    await cluster.pass(3_600_000);
    nodes.place = () => 'b';
    await cluster.patch(replicasets, 'old', { spec: { replicas: 2 } });
    nodes.place = () => 'a';
    await set('new');
    await cluster.settle();
    await cluster.patch(replicasets, 'old', { spec: { replicas: 1 } });
    const left = (await cluster.list(pods)).filter(({ metadata }) => metadata.labels?.set === 'old');
    expect(left.map(({ spec }) => spec.nodeName)).toEqual(['b']);
  });

  test('comes to rest: nothing is written where nothing changes', async () => {
    await cluster.create(replicasets, setOf(2));
    await cluster.settle();
    const before = await cluster.get(replicasets, 'web');
    await cluster.pass(3_600_000);
    expect((await cluster.get(replicasets, 'web')).metadata.resourceVersion).toBe(
      before.metadata.resourceVersion,
    );
  });
});

test('a ReplicationController keeps its pods by plain labels', async () => {
  const spec = { replicas: 2, selector: { app: 'web' }, template };
  await cluster.create(replicationcontrollers, { metadata: { name: 'web' }, spec });
  await cluster.settle();
  expect(await cluster.list(pods)).toHaveLength(2);
  const before = await cluster.get(replicationcontrollers, 'web');
  expect(before.status).toMatchObject({ replicas: 2, readyReplicas: 2, availableReplicas: 2 });
  await cluster.patch(replicationcontrollers, 'web', { spec: { replicas: 0 } });
  expect(await cluster.list(pods)).toHaveLength(0);
  await cluster.pass(60_000);
  expect((await cluster.get(replicationcontrollers, 'web')).status?.replicas).toBe(0);
});
