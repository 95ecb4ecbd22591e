import { afterAll, beforeAll, expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { type ConformanceCluster, eventually, startConformanceCluster } from '../support/cluster.ts';
import { testsOf } from '../support/lines.ts';
import { controller, deployment, pod } from '../support/objects.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];

beforeAll(async () => {
  cluster = await startConformanceCluster({ nodes: 1 });
  ({ api } = cluster);
});
afterAll(() => cluster?.stop());

const podsOf = async (ns: string): Promise<Any[]> => (await api.get(at('v1', 'pods', { ns }))).items;
const setsOf = async (ns: string): Promise<Any[]> =>
  (await api.get(at('apps/v1', 'replicasets', { ns }))).items;

/** A Deployment that has all its pods. */
async function runningDeployment(ns: string): Promise<string> {
  const all = at('apps/v1', 'deployments', { ns });
  await api.post(all, deployment('web', 2));
  await eventually(async () => (await api.get(`${all}/web`)).status?.availableReplicas === 2);
  return `${all}/web`;
}

/** A ReplicationController that has all its pods. */
async function runningController(ns: string, name: string, replicas: number): Promise<string> {
  const all = at('v1', 'replicationcontrollers', { ns });
  await api.post(all, controller(name, replicas));
  await eventually(async () => (await api.get(`${all}/${name}`)).status?.readyReplicas === replicas);
  return `${all}/${name}`;
}

line('garbage-background-deployment', async () => {
  const ns = await cluster.namespace();
  const path = await runningDeployment(ns);
  expect(await setsOf(ns)).toHaveLength(1);
  await api.delete(path, { propagationPolicy: 'Background' });
  expect(await api.has(path)).toBe(false);
  await eventually(async () => (await setsOf(ns)).length + (await podsOf(ns)).length === 0);
});

line('garbage-background-rc', async () => {
  const ns = await cluster.namespace();
  const path = await runningController(ns, 'two', 2);
  await api.delete(path, { propagationPolicy: 'Background' });
  expect(await api.has(path)).toBe(false);
  await eventually(async () => (await podsOf(ns)).length === 0);
});

line('garbage-foreground-rc', async () => {
  const ns = await cluster.namespace();
  const path = await runningController(ns, 'many', 10);
  const [watch, pods] = await Promise.all([
    api.watch(at('v1', 'replicationcontrollers', { ns })),
    api.watch(at('v1', 'pods', { ns })),
  ]);
  await api.delete(path, { propagationPolicy: 'Foreground' });
  const { object } = await watch.next('MODIFIED', 'many');
  expect(object.metadata.finalizers).toContain('foregroundDeletion');
  expect(object.metadata.deletionTimestamp).toBeTruthy();
  const gone = await watch.next('DELETED', 'many');
  await pods.until(() => pods.events.filter(({ type }) => type === 'DELETED').length === 10 || undefined);
  const lastPod = Math.max(
    ...pods.events
      .filter(({ type }) => type === 'DELETED')
      .map((e) => Number(e.object.metadata.resourceVersion)),
  );
  expect(Number(gone.object.metadata.resourceVersion)).toBeGreaterThan(lastPod);
  watch.close();
  pods.close();
});

line('garbage-cycle', async () => {
  const ns = await cluster.namespace();
  const all = at('v1', 'pods', { ns });
  const made: Any[] = [];
  for (const name of ['pod1', 'pod2', 'pod3']) made.push(await api.post(all, pod(name)));
  const owner = ({ metadata: { name, uid } }: Any) => ({ apiVersion: 'v1', kind: 'Pod', name, uid });
  const [one, two, three] = made;
  const owned = [
    [one, three],
    [two, one],
    [three, two],
  ];
  for (const [which, by] of owned) {
    const ownerReferences = [{ ...owner(by), controller: true, blockOwnerDeletion: true }];
    await api.patch(`${all}/${which.metadata.name}`, { metadata: { ownerReferences } });
  }
  await api.delete(`${all}/pod1`, { propagationPolicy: 'Foreground' });
  await eventually(async () => (await podsOf(ns)).length === 0);
});

line('garbage-two-owners', async () => {
  const ns = await cluster.namespace();
  const going = await runningController(ns, 'going', 10);
  const staying = await runningController(ns, 'staying', 1);
  const { metadata } = await api.get(staying);
  const second = { apiVersion: 'v1', kind: 'ReplicationController', name: 'staying', uid: metadata.uid };
  const shared = (await podsOf(ns)).filter((p) => p.metadata.labels.app === 'going').slice(0, 5);
  for (const { metadata: of } of shared) {
    await api.update(at('v1', 'pods', { ns, name: of.name }), (object) => {
      object.metadata.ownerReferences.push(second);
    });
  }
  await api.delete(going, { propagationPolicy: 'Foreground' });
  await eventually(async () => !(await api.has(going)));
  const left = (await podsOf(ns)).filter((p) => p.metadata.labels.app === 'going');
  expect(left.map((p) => p.metadata.name).sort()).toEqual(shared.map((p) => p.metadata.name).sort());
  for (const { metadata: of } of left) {
    expect(of.deletionTimestamp).toBeUndefined();
    expect(of.ownerReferences.map((reference: Any) => reference.name)).toEqual(['staying']);
  }
});

line('garbage-orphan-deployment', async () => {
  const ns = await cluster.namespace();
  const path = await runningDeployment(ns);
  const [set] = await setsOf(ns);
  const pods = (await podsOf(ns)).map((p) => p.metadata.uid).sort();
  await api.delete(path, { propagationPolicy: 'Orphan' });
  await eventually(async () => !(await api.has(path)));
  const [orphan] = await setsOf(ns);
  expect(orphan.metadata.uid).toBe(set.metadata.uid);
  expect(orphan.metadata.ownerReferences).toBeUndefined();
  expect((await podsOf(ns)).map((p) => p.metadata.uid).sort()).toEqual(pods);
});

line('garbage-orphan-rc', async () => {
  const ns = await cluster.namespace();
  const path = await runningController(ns, 'orphaning', 10);
  const pods = (await podsOf(ns)).map((p) => p.metadata.uid).sort();
  await api.delete(path, { propagationPolicy: 'Orphan' });
  await eventually(async () => !(await api.has(path)));
  const left = await podsOf(ns);
  expect(left.map((p) => p.metadata.uid).sort()).toEqual(pods);
  expect(left.filter((p) => p.metadata.deletionTimestamp || p.metadata.ownerReferences)).toEqual([]);
});
