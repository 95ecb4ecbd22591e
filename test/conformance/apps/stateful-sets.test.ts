import { expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { comingsAndGoings, isReady } from '../support/virtual.ts';
import { apps, showCollection, showScale, showStatus, workload } from '../support/workloads.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const world = await startFileWorld();
const { api } = world;

const sets = (ns: string, name?: string) => at(apps, 'statefulsets', { ns, name });
const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });
const probe = { httpGet: { path: '/index.html', port: 80 }, periodSeconds: 1, failureThreshold: 1 };
const spec = { containers: [{ name: 'main', image: 'app:1', readinessProbe: probe }] };

const statefulSet = (replicas: number, more: object = {}) =>
  workload('StatefulSet', 'ss', { replicas, spec, more: { serviceName: 'test', ...more } });

/** Makes a StatefulSet and waits until its pods are ready. */
async function running(replicas: number, more: object = {}): Promise<string> {
  const ns = await world.namespace();
  await api.post(sets(ns), statefulSet(replicas, more));
  await world.ready(ns, 'app=ss', replicas);
  return ns;
}

const podsOf = (ns: string) => world.pods(ns, 'app=ss');
const scale = (ns: string, replicas: number) => api.patch(sets(ns, 'ss'), { spec: { replicas } });
const revisionOf = (pod: Any) => pod.metadata.labels['controller-revision-hash'];

/** Its probe fails from now on. */
async function unwell(ns: string, ...ordinals: number[]): Promise<void> {
  for (const ordinal of ordinals) {
    const path = pods(ns, `ss-${ordinal}`);
    world.unwell.add((await api.get(path)).status.podIP);
    await world.until(async () => !isReady(await api.get(path)));
  }
}

const setImage = (ns: string, image: string) =>
  api.patch(
    sets(ns, 'ss'),
    { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } },
    'strategic',
  );

line('stateful-order', async () => {
  const ns = await world.namespace();
  const events = await world.watch(pods(ns));
  await api.post(sets(ns), statefulSet(1));
  await world.ready(ns, 'app=ss', 1);
  await unwell(ns, 0);
  await scale(ns, 3);
  await world.cluster.advance('10s');
  expect(await podsOf(ns)).toHaveLength(1);
  world.unwell.clear();
  await world.ready(ns, 'app=ss', 3);
  await unwell(ns, 0, 1, 2);
  await scale(ns, 0);
  await world.cluster.advance('10s');
  expect(await podsOf(ns)).toHaveLength(3);
  world.unwell.clear();
  await world.until(async () => (await podsOf(ns)).length === 0);
  await world.cluster.advance('2s');
  expect(comingsAndGoings(events)).toEqual([
    'ADDED ss-0',
    'ADDED ss-1',
    'ADDED ss-2',
    'DELETED ss-2',
    'DELETED ss-1',
    'DELETED ss-0',
  ]);
});

line('stateful-burst', async () => {
  const ns = await running(1, { podManagementPolicy: 'Parallel' });
  await unwell(ns, 0);
  await scale(ns, 3);
  await world.until(async () => (await podsOf(ns)).length === 3);
  expect(isReady((await podsOf(ns))[0])).toBe(false);
  world.unwell.clear();
  await world.ready(ns, 'app=ss', 3);
  await unwell(ns, 0);
  await scale(ns, 0);
  await world.until(async () => (await podsOf(ns)).length === 0);
  world.unwell.clear();
});

line('stateful-failed', async () => {
  const ns = await world.namespace();
  const ports = [{ name: 'conflict', containerPort: 21017, hostPort: 21017 }];
  const containers = [{ name: 'main', image: 'app:1', ports }];
  const taken = { nodeName: 'node-1', containers };
  await api.post(pods(ns), { metadata: { name: 'holder' }, spec: taken });
  await world.until(async () => isReady(await api.get(pods(ns, 'holder'))));
  const set = workload('StatefulSet', 'ss', { replicas: 1, spec: taken, more: { serviceName: 'test' } });
  // The pod is made and refused again and again: that has to take time.
  world.cluster.setFaults({ requestDelayMs: 100 });
  const events = await world.watch(`${pods(ns)}?labelSelector=app%3Dss`);
  await api.post(sets(ns), set);
  await world.until(async () => events.some(({ object }) => (object as Any).status?.phase === 'Failed'));
  await world.until(async () => new Set(events.map(({ object }) => object.metadata.uid)).size > 1);
  await api.delete(pods(ns, 'holder'), { gracePeriodSeconds: 0 });
  await world.ready(ns, 'app=ss', 1);
  world.cluster.calm();
});

line('stateful-scale', async () => {
  const ns = await running(1);
  await showScale(world, sets(ns, 'ss'), ns);
});

line('stateful-status', async () => {
  const ns = await running(1);
  await showStatus(world, sets(ns, 'ss'));
});

line('stateful-collection', async () => {
  const ns = await world.namespace();
  const make = (name: string) =>
    workload('StatefulSet', name, { replicas: 1, more: { serviceName: 'test' } });
  await api.post(sets(ns), make('own'));
  const patched = await api.patch(
    sets(ns, 'own'),
    {
      metadata: { labels: { patched: 'yes' } },
      spec: { replicas: 2, template: { spec: { terminationGracePeriodSeconds: 0 } } },
    },
    'strategic',
  );
  expect(patched).toMatchObject({ metadata: { labels: { patched: 'yes' } }, spec: { replicas: 2 } });
  await world.ready(ns, 'app=own', 2);
  await api.delete(`${sets(ns)}?labelSelector=patched%3Dyes`);
  await world.until(async () => !(await api.has(sets(ns, 'own'))));
  await showCollection(world, make, { resource: 'statefulsets', ns });
});

/** The image of each pod, in the order of the pods. */
const imagesOf = async (ns: string) => (await podsOf(ns)).map((pod) => pod.spec.containers[0].image);

/** Waits until pods are ready with these images. */
const have = (ns: string, images: string[]) =>
  world.until(async () => {
    expect(await imagesOf(ns)).toEqual(images);
    return (await podsOf(ns)).every(isReady);
  });

line('stateful-rolling', async () => {
  const ns = await running(3);
  const { currentRevision: first, updateRevision } = (await api.get(sets(ns, 'ss'))).status;
  expect(updateRevision).toBe(first);
  expect((await podsOf(ns)).map(revisionOf)).toEqual([first, first, first]);
  const update = async (image: string): Promise<string> => {
    const before = (await api.get(sets(ns, 'ss'))).status.currentRevision;
    const events = await world.watch(pods(ns));
    await setImage(ns, image);
    const wanted = await world.until(async () => {
      const { currentRevision, updateRevision: wanted } = (await api.get(sets(ns, 'ss'))).status;
      expect(currentRevision).toBe(before);
      return wanted !== before && wanted;
    });
    await have(ns, [image, image, image]);
    const gone = comingsAndGoings(events).filter((event) => event.startsWith('DELETED'));
    expect(gone).toEqual(['DELETED ss-2', 'DELETED ss-1', 'DELETED ss-0']);
    expect((await podsOf(ns)).map(revisionOf)).toEqual([wanted, wanted, wanted]);
    await world.until(async () => (await api.get(sets(ns, 'ss'))).status.currentRevision === wanted);
    return wanted;
  };
  expect(await update('app:2')).not.toBe(first);
  expect(await update('app:1')).toBe(first);
});

line('stateful-partition', async () => {
  const partition = (value: number) => ({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: value } },
  });
  const ns = await running(3, partition(3));
  const move = (value: number) => api.patch(sets(ns, 'ss'), { spec: partition(value) });
  await setImage(ns, 'app:2');
  await world.cluster.advance('20s');
  await have(ns, ['app:1', 'app:1', 'app:1']);
  const { currentRevision, updateRevision } = (await api.get(sets(ns, 'ss'))).status;
  expect(updateRevision).not.toBe(currentRevision);
  await move(2);
  await have(ns, ['app:1', 'app:1', 'app:2']);
  for (const ordinal of [0, 2]) await api.delete(pods(ns, `ss-${ordinal}`));
  await world.ready(ns, 'app=ss', 3);
  await have(ns, ['app:1', 'app:1', 'app:2']);
  expect((await podsOf(ns)).map(revisionOf)).toEqual([currentRevision, currentRevision, updateRevision]);
  await move(1);
  await have(ns, ['app:1', 'app:2', 'app:2']);
  await move(0);
  await have(ns, ['app:2', 'app:2', 'app:2']);
  await world.until(async () => (await api.get(sets(ns, 'ss'))).status.currentRevision === updateRevision);
});
