import { expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { apps, showScale, showStatus, workload } from '../support/workloads.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const world = await startFileWorld();
const { api } = world;

const deployments = (ns: string, name?: string) => at(apps, 'deployments', { ns, name });
const replicaSets = (ns: string, name?: string) => at(apps, 'replicasets', { ns, name });
const revisionKey = 'deployment.kubernetes.io/revision';
const broken = { 'simulated.k8ts.dev/pull-error': 'no such image' };

const setsOf = async (ns: string, name: string): Promise<Any[]> =>
  (await api.get(`${replicaSets(ns)}?labelSelector=app%3D${name}`)).items;

/** Waits until a Deployment's pods are all of its template, and available. */
const complete = (ns: string, name: string) =>
  world.until(async () => {
    const { metadata, spec, status } = await api.get(deployments(ns, name));
    const { replicas } = spec;
    expect(status).toMatchObject({
      replicas,
      updatedReplicas: replicas,
      availableReplicas: replicas,
      observedGeneration: metadata.generation,
    });
    return true;
  });

const withImage = (image: string, annotations?: object) => ({
  spec: {
    template: { metadata: { annotations }, spec: { containers: [{ name: 'main', image }] } },
  },
});

line('deployment-scale', async () => {
  const ns = await world.namespace();
  await api.post(deployments(ns), workload('Deployment', 'web', { replicas: 1 }));
  await showScale(world, deployments(ns, 'web'), ns);
});

line('deployment-status', async () => {
  const ns = await world.namespace();
  await api.post(deployments(ns), workload('Deployment', 'web', { replicas: 1 }));
  await complete(ns, 'web');
  await showStatus(world, deployments(ns, 'web'));
});

line('deployment-recreate', async () => {
  const ns = await world.namespace();
  const more = { strategy: { type: 'Recreate' } };
  const annotations = { 'simulated.k8ts.dev/stop-after': '5s' };
  const spec = { terminationGracePeriodSeconds: 10 };
  await api.post(deployments(ns), workload('Deployment', 'web', { replicas: 2, more, annotations, spec }));
  await complete(ns, 'web');
  const old = new Set((await world.pods(ns, 'app=web')).map((pod) => pod.metadata.name));
  const events = await world.watch(at('v1', 'pods', { ns }));
  await api.patch(deployments(ns, 'web'), withImage('app:2'), 'strategic');
  await complete(ns, 'web');
  for (const { type, object } of events) {
    if (type === 'ADDED' && !old.has(object.metadata.name)) expect(old.size).toBe(0);
    if (type === 'DELETED') old.delete(object.metadata.name);
  }
  expect(old.size).toBe(0);
});

line('deployment-rolling', async () => {
  const ns = await world.namespace();
  const set = workload('ReplicaSet', 'first', { replicas: 1 });
  const pods = { app: 'web' };
  set.metadata.annotations = { [revisionKey]: '3546343826724305832' };
  set.spec.selector.matchLabels = pods;
  set.spec.template.metadata.labels = pods;
  set.metadata.labels = pods;
  await api.post(replicaSets(ns), set);
  await world.ready(ns, 'app=web', 1);
  await api.post(deployments(ns), workload('Deployment', 'web', { replicas: 1, image: 'app:2' }));
  await world.until(async () => {
    const { metadata } = await api.get(deployments(ns, 'web'));
    return metadata.annotations?.[revisionKey] === '3546343826724305833';
  });
  await complete(ns, 'web');
  const sets = await setsOf(ns, 'web');
  expect(sets).toHaveLength(2);
  const old = sets.find(({ metadata }) => metadata.name === 'first');
  expect(old.spec.replicas).toBe(0);
  expect(old.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name: 'web', controller: true }]);
  const fresh = sets.find(({ metadata }) => metadata.name !== 'first');
  expect(fresh.metadata.annotations[revisionKey]).toBe('3546343826724305833');
});

line('deployment-history', async () => {
  const ns = await world.namespace();
  const more = { revisionHistoryLimit: 0 };
  await api.post(deployments(ns), workload('Deployment', 'web', { replicas: 1, more }));
  await complete(ns, 'web');
  for (const version of [2, 3]) {
    await api.patch(deployments(ns, 'web'), withImage(`app:${version}`), 'strategic');
    await complete(ns, 'web');
    await world.until(async () => (await setsOf(ns, 'web')).length === 1);
  }
  const [set] = await setsOf(ns, 'web');
  expect(set.spec.template.spec.containers[0].image).toBe('app:3');
});

line('deployment-proportional', async () => {
  const ns = await world.namespace();
  const more = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } };
  await api.post(deployments(ns), workload('Deployment', 'web', { replicas: 10, more }));
  await complete(ns, 'web');
  const [first] = await setsOf(ns, 'web');
  const sizes = async () => {
    const sets = await setsOf(ns, 'web');
    const old = sets.find(({ metadata }) => metadata.uid === first.metadata.uid);
    const fresh = sets.find(({ metadata }) => metadata.uid !== first.metadata.uid);
    return [old.spec.replicas, old.status.availableReplicas, fresh?.spec.replicas];
  };
  const become = (wanted: number[]) =>
    world.until(async () => {
      expect(await sizes()).toEqual(wanted);
      return true;
    });
  await api.patch(deployments(ns, 'web'), withImage('app:404', broken), 'strategic');
  await become([8, 8, 5]);
  await api.patch(deployments(ns, 'web'), { spec: { replicas: 30 } });
  await become([20, 20, 13]);
  await world.cluster.advance('30s');
  expect(await sizes()).toEqual([20, 20, 13]);
});

line('deployment-rollover', async () => {
  const ns = await world.namespace();
  const set = workload('ReplicaSet', 'first', { replicas: 1 });
  set.metadata.labels = { app: 'web' };
  set.spec.selector.matchLabels = { app: 'web' };
  set.spec.template.metadata.labels = { app: 'web' };
  await api.post(replicaSets(ns), set);
  await world.ready(ns, 'app=web', 1);
  const more = {
    minReadySeconds: 10,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
  };
  const stuck = workload('Deployment', 'web', { replicas: 1, more, image: 'app:404', annotations: broken });
  await api.post(deployments(ns), stuck);
  await world.until(async () => (await setsOf(ns, 'web')).length === 2);
  await world.cluster.advance('20s');
  expect((await api.get(deployments(ns, 'web'))).status).toMatchObject({ replicas: 2, availableReplicas: 1 });
  const none = { 'simulated.k8ts.dev/pull-error': null };
  await api.patch(deployments(ns, 'web'), withImage('app:2', none), 'strategic');
  await world.until(async () => (await setsOf(ns, 'web')).length === 3);
  await complete(ns, 'web');
  await world.until(async () => {
    const left = (await setsOf(ns, 'web')).filter(({ spec }) => spec.replicas > 0);
    expect(left.map(({ spec }) => spec.template.spec.containers[0].image)).toEqual(['app:2']);
    return true;
  });
});

line('deployment-lifecycle', async () => {
  const ns = await world.namespace();
  const path = deployments(ns, 'web');
  const events = await world.watch(deployments(ns));
  await api.post(deployments(ns), workload('Deployment', 'web', { replicas: 1 }));
  await complete(ns, 'web');
  const patch = {
    metadata: { labels: { patched: 'yes' } },
    spec: { replicas: 2, ...withImage('app:2').spec },
  };
  await api.patch(path, patch, 'strategic');
  await complete(ns, 'web');
  const everywhere = `${at(apps, 'deployments')}?labelSelector=app%3Dweb,patched%3Dyes`;
  expect(await api.names(everywhere)).toEqual(['web']);
  await api.patch(`${path}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } });
  await complete(ns, 'web');
  expect((await api.get(`${path}/status`)).status.readyReplicas).toBe(2);
  await api.update(path, ({ metadata, spec }) => {
    metadata.labels.updated = 'yes';
    spec.template.spec.containers[0].image = 'app:3';
  });
  await complete(ns, 'web');
  await api.delete(`${deployments(ns)}?labelSelector=app%3Dweb`);
  await world.until(async () => !(await api.has(path)));
  await world.until(async () => (await setsOf(ns, 'web')).length === 0);
  await world.until(async () => (await world.pods(ns, 'app=web')).length === 0);
  expect(events.at(0)?.type).toBe('ADDED');
  expect(events.at(-1)?.type).toBe('DELETED');
});
