import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StatefulSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import {
  controllerrevisions,
  persistentvolumeclaims,
  pods,
  statefulsets,
} from '../../api/generated/resources.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { createGarbageCollector } from '../garbage/garbage.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { planStatefulSet } from './plan.ts';
import { ordinalOf } from './pods.ts';
import { createStatefulSetController } from './statefulset.ts';

test('a pod is known by its name', () => {
  expect(ordinalOf('web', 'web-10')).toBe(10);
  expect(ordinalOf('web', 'web-a-1')).toBeUndefined();
  expect(ordinalOf('web', 'web-01')).toBeUndefined();
});

test.each(['Parallel', 'OrderedReady'])('a set of more pods than there is memory for: %s', (policy) => {
  const spec = { replicas: 2 ** 31 - 1, podManagementPolicy: policy, selector: {}, template: {} };
  const set = { metadata: { name: 'db' }, spec } as Stored<StatefulSet>;
  const far = { metadata: { name: 'db-1000000' }, spec: { containers: [] } } as unknown as Stored<Pod>;
  const { steps } = planStatefulSet({ set, pods: [far], current: 'r', update: 'r', nowMs: 0 });
  const numbers = steps.map((step) => (step.type === 'create' ? step.ordinal : step.why));
  expect(numbers).toEqual(policy === 'Parallel' ? Array.from({ length: 500 }, (_, i) => i) : [0]);
});

let cluster: TestCluster;
let nodes: TestNodes;
/** Which requests of the controller are refused. */
let refuse: (request: ApiRequest) => boolean;

beforeEach(async () => {
  refuse = () => false;
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  await cluster.run(
    createStatefulSetController(cluster.refusing('statefulset-controller', (r) => refuse(r))),
    createGarbageCollector(cluster.context('generic-garbage-collector'), { discover: cluster.discover }),
  );
});
afterEach(() => cluster.stop());

const claim = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
const create = (replicas: number, spec: object = {}) =>
  cluster.create(statefulsets, {
    metadata: { name: 'db' },
    spec: {
      replicas,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'db:1' }] } },
      ...spec,
    },
  });
const change = (spec: object) => cluster.patch(statefulsets, 'db', { spec });
const roll = (image: string) => change({ template: { spec: { containers: [{ name: 'c', image }] } } });
const get = () => cluster.get(statefulsets, 'db');
const images = async () =>
  Object.fromEntries((await cluster.list(pods)).map((p) => [p.metadata.name, p.spec.containers[0]?.image]));

describe('a StatefulSet', () => {
  test('has its revisions say why it was changed', async () => {
    const annotations = { 'kubernetes.io/change-cause': 'a new database' };
    await create(0);
    await cluster.patch(statefulsets, 'db', { metadata: { annotations } });
    await roll('db:2');
    const revisions = await cluster.list(controllerrevisions);
    const last = revisions.find(({ revision }) => revision === 2);
    expect(last?.metadata.annotations).toEqual(annotations);
  });

  test('gives its pods names, labels and host names', async () => {
    await create(2);
    await cluster.settle();
    expect(await cluster.names(pods)).toEqual(['db-0', 'db-1']);
    const pod = await cluster.get(pods, 'db-1');
    const { updateRevision } = (await get()).status ?? {};
    expect(pod.metadata.labels).toEqual({
      app: 'db',
      'apps.kubernetes.io/pod-index': '1',
      'controller-revision-hash': updateRevision,
      'statefulset.kubernetes.io/pod-name': 'db-1',
    });
    expect(pod.spec).toMatchObject({ hostname: 'db-1', subdomain: 'db' });
    expect((await get()).status).toEqual({
      observedGeneration: 1,
      replicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      currentReplicas: 2,
      updatedReplicas: 2,
      currentRevision: updateRevision,
      updateRevision,
      collisionCount: 0,
    });
    expect(await cluster.events('SuccessfulCreate')).toContain(
      'SuccessfulCreate create Pod db-0 in StatefulSet db successful',
    );
  });

  test('starts one after the other, and stops from the highest', async () => {
    nodes.fate = () => 'unready';
    await create(3);
    await cluster.settle();
    expect(await cluster.names(pods)).toEqual(['db-0']);
    await nodes.become(await cluster.get(pods, 'db-0'), 'ready');
    await cluster.settle();
    expect(await cluster.names(pods)).toEqual(['db-0', 'db-1']);
    nodes.fate = () => 'ready';
    await nodes.all('app=db', 'ready');
    expect(await cluster.list(pods)).toHaveLength(3);
    nodes.lets = false;
    await change({ replicas: 1 });
    const leaving = (await cluster.list(pods)).filter((p) => p.metadata.deletionTimestamp);
    expect(leaving.map((p) => p.metadata.name)).toEqual(['db-2']);
    await nodes.finish(await cluster.get(pods, 'db-2'));
    nodes.lets = true;
    await cluster.settle();
    expect(await cluster.names(pods)).toEqual(['db-0']);
  });

  test('takes no pod away while that and a lower one are unwell', async () => {
    await create(3);
    await cluster.settle();
    await nodes.all('app=db', 'unready');
    await change({ replicas: 0 });
    expect(await cluster.list(pods)).toHaveLength(3);
    for (const name of ['db-0', 'db-1']) await nodes.become(await cluster.get(pods, name), 'ready');
    await cluster.settle();
    expect(await cluster.list(pods)).toEqual([]);
  });

  test('in parallel waits for nothing', async () => {
    nodes.fate = () => 'unready';
    await create(3, { podManagementPolicy: 'Parallel', ordinals: { start: 5 } });
    await cluster.settle();
    expect(await cluster.names(pods)).toEqual(['db-5', 'db-6', 'db-7']);
    await change({ replicas: 0 });
    expect(await cluster.list(pods)).toEqual([]);
  });

  test('makes a failed pod anew under its name', async () => {
    await create(1);
    await cluster.settle();
    const { metadata } = await cluster.get(pods, 'db-0');
    await nodes.become(await cluster.get(pods, 'db-0'), 'Failed');
    await cluster.settle();
    const again = await cluster.get(pods, 'db-0');
    expect(again.metadata.uid).not.toBe(metadata.uid);
    expect(await cluster.events('RecreatingFailedPod')).toEqual([]);
  });

  test('in parallel makes the pods beside one that is refused', async () => {
    refuse = (r) => r.method === 'POST' && JSON.stringify(r.body).includes('"db-1"');
    await create(6, { podManagementPolicy: 'Parallel' });
    await cluster.settle();
    expect(await cluster.names(pods)).toEqual(['db-0', 'db-2']);
  });

  test('takes no pod away that is unwell while a lower one has not been ready for long enough', async () => {
    await create(3);
    await cluster.settle();
    await cluster.pass(10_000);
    await nodes.become(await cluster.get(pods, 'db-1'), 'ready');
    await nodes.become(await cluster.get(pods, 'db-2'), 'unready');
    await change({ replicas: 1, minReadySeconds: 5 });
    expect(await cluster.names(pods)).toEqual(['db-0', 'db-1', 'db-2']);
    await cluster.pass(6_000);
    expect(await cluster.names(pods)).toEqual(['db-0']);
  });

  test('lets go of a pod that is not called as its pods are', async () => {
    await create(1);
    await cluster.settle();
    const { metadata, spec } = await cluster.get(pods, 'db-0');
    const { labels, ownerReferences } = metadata;
    await cluster.create(pods, { metadata: { name: 'other', labels, ownerReferences }, spec });
    await cluster.settle();
    expect((await cluster.get(pods, 'other')).metadata.ownerReferences).toBeUndefined();
    expect((await get()).status?.replicas).toBe(1);
  });

  test('keeps all of its history where it is asked for no end of it', async () => {
    await create(0, { revisionHistoryLimit: -1 });
    for (const image of ['db:2', 'db:3']) await roll(image);
    expect((await cluster.list(controllerrevisions)).map((r) => r.revision).sort()).toEqual([1, 2, 3]);
  });
});

describe('an update', () => {
  test('goes from the highest down, and back to an earlier revision', async () => {
    await create(3);
    await cluster.settle();
    const first = (await get()).status?.currentRevision;
    const order: string[] = [];
    cluster.informers.of(pods).onChange({ deleted: (pod) => order.push(pod.metadata.name) });
    await roll('db:2');
    expect(order).toEqual(['db-2', 'db-1', 'db-0']);
    expect(await images()).toEqual({ 'db-0': 'db:2', 'db-1': 'db:2', 'db-2': 'db:2' });
    const { status } = await get();
    expect(status?.currentRevision).toBe(status?.updateRevision);
    expect(status?.currentRevision).not.toBe(first);
    await roll('db:1');
    expect((await get()).status?.currentRevision).toBe(first);
    const revisions = await cluster.list(controllerrevisions);
    expect(revisions.map((r) => r.revision).sort()).toEqual([2, 3]);
  });

  test('is none where a revision means the same that another Kubernetes has written in other words', async () => {
    refuse = ({ method, path }) => method === 'POST' && path.endsWith('/controllerrevisions');
    const { metadata, spec } = await create(1);
    const { template } = spec;
    const containers = template.spec?.containers.map((container) => ({ ...container, env: [] }));
    const written = {
      metadata: { ...template.metadata, creationTimestamp: null },
      spec: { ...template.spec, containers },
      $patch: 'replace',
    };
    const { name, uid } = metadata;
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid, controller: true };
    await cluster.create(controllerrevisions, {
      metadata: { name: 'db-before', labels: { app: 'db' }, ownerReferences: [owner] },
      revision: 1,
      data: { spec: { template: written } },
    });
    refuse = () => false;
    await cluster.pass(10_000);
    expect(await cluster.names(controllerrevisions)).toEqual(['db-before']);
    expect((await get()).status).toMatchObject({ updateRevision: 'db-before', updatedReplicas: 1 });
  });

  test('stays above its partition, for new pods too', async () => {
    await create(3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
    await cluster.settle();
    await roll('db:2');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:2' });
    await cluster.delete(pods, 'db-0');
    expect((await images())['db-0']).toBe('db:1');
    expect((await get()).status).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
    await change({ updateStrategy: { rollingUpdate: { partition: 0 } } });
    expect(await images()).toEqual({ 'db-0': 'db:2', 'db-1': 'db:2', 'db-2': 'db:2' });
  });

  test('waits for a pod that does not become ready', async () => {
    await create(3);
    await cluster.settle();
    nodes.fate = () => 'unready';
    await roll('db:bad');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:bad' });
  });

  test('may take several at once', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } };
    await create(4, { podManagementPolicy: 'Parallel', updateStrategy });
    await cluster.settle();
    nodes.fate = () => 'unready';
    await roll('db:2');
    expect(Object.values(await images()).sort()).toEqual(['db:1', 'db:1', 'db:2', 'db:2']);
  });

  test('rounds a share of them down, and counts what does not work below its partition too', async () => {
    const rollingUpdate = { maxUnavailable: '60%', partition: 1 };
    await create(4, {
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
    });
    await cluster.settle();
    await nodes.become(await cluster.get(pods, 'db-0'), 'unready');
    nodes.fate = () => 'unready';
    await roll('db:2');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1', 'db-2': 'db:1', 'db-3': 'db:2' });
  });

  test('in parallel replaces at once what does not work, so that a mended template gets through', async () => {
    nodes.fate = () => 'unready';
    await create(3, { podManagementPolicy: 'Parallel' });
    await cluster.settle();
    await roll('db:2');
    expect(await images()).toEqual({ 'db-0': 'db:2', 'db-1': 'db:2', 'db-2': 'db:2' });
  });

  test('on delete waits for the deletion', async () => {
    await create(2, { updateStrategy: { type: 'OnDelete' } });
    await cluster.settle();
    await roll('db:2');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:1' });
    await cluster.delete(pods, 'db-1');
    expect(await images()).toEqual({ 'db-0': 'db:1', 'db-1': 'db:2' });
  });
});

describe('what is told', () => {
  test('pods get back the labels that say which they are', async () => {
    await create(1);
    await cluster.settle();
    const labels = { 'statefulset.kubernetes.io/pod-name': 'other', 'apps.kubernetes.io/pod-index': null };
    await cluster.patch(pods, 'db-0', { metadata: { labels } });
    expect((await cluster.get(pods, 'db-0')).metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'db-0',
      'apps.kubernetes.io/pod-index': '0',
    });
    expect(await cluster.events('SuccessfulUpdate')).toEqual([
      'SuccessfulUpdate update Pod db-0 in StatefulSet db successful',
    ]);
  });

  test('no failure where a pod is there that the informer has not shown yet', async () => {
    const spec = { containers: [{ name: 'c', image: 'db:1' }] };
    await cluster.create(pods, { metadata: { name: 'db-0' }, spec });
    await create(1);
    await cluster.pass(1_000);
    expect(await cluster.events('FailedCreate')).toEqual([]);
  });

  test('that a claim cannot be made, and so no pod', async () => {
    refuse = (r) => r.method === 'POST' && r.path.endsWith('/persistentvolumeclaims');
    await create(1, { volumeClaimTemplates: [claim] });
    await cluster.settle();
    expect(await cluster.events('FailedCreate')).toEqual(
      expect.arrayContaining([
        'FailedCreate create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: no',
        'FailedCreate create Pod db-0 in StatefulSet db failed error: failed to create PVC data-db-0: no',
      ]),
    );
  });
});

test('how many pods may be missed, and how many are, is measured', async () => {
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '60%' } };
  await create(4, { updateStrategy });
  await cluster.settle();
  await nodes.become(await cluster.get(pods, 'db-1'), 'unready');
  await cluster.settle();
  const labels = 'statefulset_namespace="default",statefulset_name="db",pod_management_policy="OrderedReady"';
  const name = 'statefulset_controller_statefulset';
  expect(seriesOf(cluster.meter)).toMatchObject({
    [`${name}_max_unavailable{${labels}}`]: 2,
    [`${name}_unavailable_replicas{${labels}}`]: 1,
  });
  await change({ updateStrategy: { type: 'OnDelete', rollingUpdate: null } });
  expect(Object.keys(seriesOf(cluster.meter)).filter((key) => key.startsWith(name))).toEqual([]);
});

describe('claims', () => {
  test('are made for each pod and outlive it', async () => {
    await create(2, { volumeClaimTemplates: [claim] });
    await cluster.settle();
    expect(await cluster.names(persistentvolumeclaims)).toEqual(['data-db-0', 'data-db-1']);
    const pod = await cluster.get(pods, 'db-1');
    expect(pod.spec.volumes?.find((v) => v.name === 'data')?.persistentVolumeClaim?.claimName).toBe(
      'data-db-1',
    );
    await change({ replicas: 1 });
    await cluster.delete(statefulsets, 'db');
    await cluster.pass(1_000);
    expect(await cluster.list(pods)).toEqual([]);
    expect(await cluster.names(persistentvolumeclaims)).toEqual(['data-db-0', 'data-db-1']);
  });

  test('are made again for a pod that waits for one', async () => {
    nodes.fate = () => 'pending';
    await create(1, { volumeClaimTemplates: [claim] });
    await cluster.settle();
    // Nobody takes away the mark of what is used.
    await cluster.patch(persistentvolumeclaims, 'data-db-0', { metadata: { finalizers: null } });
    await cluster.delete(persistentvolumeclaims, 'data-db-0');
    expect(await cluster.list(persistentvolumeclaims)).toEqual([]);
    await cluster.patch(pods, 'db-0', { metadata: { annotations: { seen: 'yes' } } });
    expect(await cluster.names(persistentvolumeclaims)).toEqual(['data-db-0']);
  });

  test('go with the pod that is scaled away, or with the set, where it asks for that', async () => {
    await create(2, {
      volumeClaimTemplates: [claim],
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
    });
    await cluster.settle();
    await change({ replicas: 1 });
    await cluster.pass(1_000);
    const gone = async (name: string) => {
      const found = await cluster.find(persistentvolumeclaims, name);
      return !found || found.metadata.deletionTimestamp !== undefined;
    };
    expect(await gone('data-db-1')).toBe(true);
    expect(await gone('data-db-0')).toBe(false);
    await cluster.delete(statefulsets, 'db');
    await cluster.pass(1_000);
    expect(await gone('data-db-0')).toBe(true);
  });
});

const retention = { whenScaled: 'Delete', whenDeleted: 'Delete' };
const owner = (kind: string, name: string) => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  name,
  uid: `uid-of-${name}`,
  controller: true,
});

describe('owners of claims', () => {
  let set: Stored<StatefulSet>;
  let pod: Stored<Pod>;
  const createClaim = (ordinal: number, ownerReferences: object[]) => {
    const metadata = { name: `data-db-${ordinal}`, ownerReferences };
    return cluster.create(persistentvolumeclaims, { ...claim, metadata });
  };
  const ownersOf = async (ordinal: number) =>
    (await cluster.get(persistentvolumeclaims, `data-db-${ordinal}`)).metadata.ownerReferences?.map(
      ({ name }) => name,
    );

  // Nobody collects what has no owner.
  beforeEach(async () => {
    await cluster.stop();
    cluster = await TestCluster.start();
    nodes = new TestNodes(cluster);
    await cluster.run(createStatefulSetController(cluster.context('statefulset-controller')));
    set = await create(1, {
      volumeClaimTemplates: [claim],
      persistentVolumeClaimRetentionPolicy: retention,
    });
    await cluster.settle();
    pod = await cluster.get(pods, 'db-0');
  });

  test('are the set, or a pod that is scaled away', async () => {
    expect(await ownersOf(0)).toEqual([set.metadata.name]);
    nodes.lets = false;
    await change({ replicas: 0 });
    expect(await ownersOf(0)).toEqual([pod.metadata.name]);
  });

  test('are left to the garbage collector where they are of a set or a pod that was there before', async () => {
    const ownerReferences = [owner('StatefulSet', 'db')];
    await cluster.patch(persistentvolumeclaims, 'data-db-0', { metadata: { ownerReferences } });
    await cluster.patch(pods, 'db-0', { metadata: { annotations: { seen: 'yes' } } });
    const { metadata } = await cluster.get(persistentvolumeclaims, 'data-db-0');
    expect(metadata.ownerReferences).toEqual([expect.objectContaining(owner('StatefulSet', 'db'))]);
  });

  test('are not those of the set where somebody else manages the claim', async () => {
    await createClaim(1, [owner('Backup', 'nightly')]);
    await change({ replicas: 2 });
    expect(await cluster.names(pods)).toEqual(['db-0', 'db-1']);
    expect(await ownersOf(1)).toEqual(['nightly']);
    const shared = (await cluster.get(persistentvolumeclaims, 'data-db-0')).metadata.ownerReferences ?? [];
    const ownerReferences = [owner('Backup', 'nightly'), ...shared.map((r) => ({ ...r, controller: false }))];
    await cluster.patch(persistentvolumeclaims, 'data-db-0', { metadata: { ownerReferences } });
    await cluster.patch(pods, 'db-0', { metadata: { annotations: { seen: 'yes' } } });
    expect(await ownersOf(0)).toEqual(['nightly']);
    expect((await cluster.events('ConflictingController')).join()).toContain(
      'PersistentVolumeClaim data-db-0 has a conflicting OwnerReference',
    );
  });

  test('that were scaled away take their claims with them before a pod is made anew', async () => {
    await createClaim(1, [owner('Pod', 'db-1')]);
    await change({ replicas: 2 });
    expect(await cluster.names(pods)).toEqual(['db-0']);
    await cluster.delete(persistentvolumeclaims, 'data-db-1');
    await cluster.patch(persistentvolumeclaims, 'data-db-1', { metadata: { finalizers: null } });
    expect(await cluster.names(pods)).toEqual(['db-0', 'db-1']);
    expect(await ownersOf(1)).toEqual(['db']);
    expect(await cluster.events('FailedCreate')).toEqual([]);
  });
});

test('nothing is written where nothing changes', async () => {
  await create(2, { volumeClaimTemplates: [claim] });
  await cluster.settle();
  const before = (await get()).metadata.resourceVersion;
  await cluster.pass(600_000);
  expect((await get()).metadata.resourceVersion).toBe(before);
});
