import { expect } from 'vitest';
import { at } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { controller, pod } from '../support/objects.ts';
import { apps, showCollection, showScale, showStatus, workload } from '../support/workloads.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const world = await startFileWorld();
const { api } = world;

const sets = (ns: string, name?: string) => at(apps, 'replicasets', { ns, name });
const controllers = (ns: string, name?: string) => at('v1', 'replicationcontrollers', { ns, name });
const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });

/** Makes a pod without an owner; gives its path. */
async function orphan(ns: string, app: string): Promise<string> {
  await api.post(pods(ns), pod('orphan', { labels: { app } }));
  await world.ready(ns, `app=${app}`, 1);
  return pods(ns, 'orphan');
}

/** Waits until a pod has this controller, or none. */
const ownedBy = (path: string, owner?: { kind: string; name: string }) =>
  world.until(async () => {
    const { ownerReferences = [] } = (await api.get(path)).metadata;
    expect(ownerReferences).toMatchObject(owner ? [{ ...owner, controller: true }] : []);
    return ownerReferences.length === (owner ? 1 : 0);
  });

line('set-replace', async () => {
  const ns = await world.namespace();
  await api.post(sets(ns), workload('ReplicaSet', 'web', { replicas: 1 }));
  await world.ready(ns, 'app=web', 1);
  await api.update(sets(ns, 'web'), ({ spec }) => {
    spec.replicas = 2;
  });
  await world.ready(ns, 'app=web', 2);
  const patch = {
    metadata: { labels: { patched: 'yes' } },
    spec: { replicas: 3, template: { spec: { terminationGracePeriodSeconds: 0 } } },
  };
  await api.patch(sets(ns, 'web'), patch, 'strategic');
  const patched = await api.get(sets(ns, 'web'));
  expect(patched.metadata.labels).toMatchObject({ patched: 'yes' });
  expect(patched.spec.replicas).toBe(3);
  await world.ready(ns, 'app=web', 3);
});

line('set-scale', async () => {
  const ns = await world.namespace();
  await api.post(sets(ns), workload('ReplicaSet', 'web', { replicas: 1 }));
  await showScale(world, sets(ns, 'web'), ns);
});

line('set-status', async () => {
  const ns = await world.namespace();
  await api.post(sets(ns), workload('ReplicaSet', 'web', { replicas: 1 }));
  await world.ready(ns, 'app=web', 1);
  await showStatus(world, sets(ns, 'web'));
});

line('set-adoption', async () => {
  const ns = await world.namespace();
  const path = await orphan(ns, 'web');
  await api.post(sets(ns), workload('ReplicaSet', 'web', { replicas: 1 }));
  await ownedBy(path, { kind: 'ReplicaSet', name: 'web' });
  expect(await world.ready(ns, 'app=web', 1)).toHaveLength(1);
  await api.patch(path, { metadata: { labels: { app: 'other' } } });
  await ownedBy(path);
  await world.ready(ns, 'app=web', 1);
});

line('set-collection', async () => {
  const ns = await world.namespace();
  await showCollection(world, (name) => workload('ReplicaSet', name, { replicas: 1 }), {
    resource: 'replicasets',
    ns,
  });
});

line('rc-adoption', async () => {
  const ns = await world.namespace();
  const path = await orphan(ns, 'web');
  await api.post(controllers(ns), controller('web', 1));
  await ownedBy(path, { kind: 'ReplicationController', name: 'web' });
  expect(await world.pods(ns, 'app=web')).toHaveLength(1);
});

line('rc-release', async () => {
  const ns = await world.namespace();
  await api.post(controllers(ns), controller('web', 1));
  const [first] = await world.ready(ns, 'app=web', 1);
  const path = pods(ns, first.metadata.name);
  await ownedBy(path, { kind: 'ReplicationController', name: 'web' });
  await api.patch(path, { metadata: { labels: { app: 'other' } } });
  await ownedBy(path);
  await world.ready(ns, 'app=web', 1);
});

line('rc-scale', async () => {
  const ns = await world.namespace();
  await api.post(controllers(ns), controller('web', 1));
  await showScale(world, controllers(ns, 'web'), ns);
});

line('rc-quota', async () => {
  const ns = await world.namespace();
  await api.post(at('v1', 'resourcequotas', { ns }), {
    metadata: { name: 'q' },
    spec: { hard: { pods: '2' } },
  });
  await world.cluster.advance('1s');
  await api.post(controllers(ns), controller('web', 3));
  const failure = async () => {
    const { status } = await api.get(controllers(ns, 'web'));
    return status.conditions?.find((c: { type: string }) => c.type === 'ReplicaFailure');
  };
  const found = await world.until(failure);
  expect(found).toMatchObject({ status: 'True', reason: 'FailedCreate' });
  expect(found.message).toContain('exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2');
  await api.patch(controllers(ns, 'web'), { spec: { replicas: 2 } });
  await world.until(async () => (await failure()) === undefined);
});

line('rc-lifecycle', async () => {
  const ns = await world.namespace();
  const path = controllers(ns, 'web');
  const events = await world.watch(controllers(ns));
  const made = controller('web', 1);
  await api.post(controllers(ns), { ...made, metadata: { name: 'web', labels: { e2e: 'lifecycle' } } });
  await world.ready(ns, 'app=web', 1);
  await api.patch(path, { metadata: { labels: { patched: 'yes' } } });
  expect((await api.get(path)).metadata.labels).toEqual({ e2e: 'lifecycle', patched: 'yes' });
  await api.patch(`${path}/status`, { status: { readyReplicas: 0, availableReplicas: 0 } });
  await world.until(async () => (await api.get(`${path}/status`)).status.availableReplicas === 1);
  await api.patch(`${path}/scale`, { spec: { replicas: 2 } });
  await world.ready(ns, 'app=web', 2);
  await api.update(path, ({ metadata, spec }) => {
    metadata.labels.updated = 'yes';
    spec.replicas = 1;
  });
  await world.ready(ns, 'app=web', 1);
  const selected = '?labelSelector=e2e%3Dlifecycle,updated%3Dyes';
  expect(await api.names(at('v1', 'replicationcontrollers') + selected)).toEqual(['web']);
  await api.delete(controllers(ns) + selected);
  await world.until(async () => !(await api.has(path)));
  expect(events.at(-1)?.type).toBe('DELETED');
});
