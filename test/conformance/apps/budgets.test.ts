import { expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { apps, workload } from '../support/workloads.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const world = await startFileWorld();
const { api } = world;

const policy = 'policy/v1';
const budgets = (ns: string, name?: string) => at(policy, 'poddisruptionbudgets', { ns, name });
const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });

const budget = (name: string, spec: object, labels: object = {}) => ({
  apiVersion: policy,
  kind: 'PodDisruptionBudget',
  metadata: { name, labels },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
});

async function replicas(ns: string, count: number): Promise<void> {
  await api.post(at(apps, 'replicasets', { ns }), workload('ReplicaSet', 'web', { replicas: count }));
  await world.ready(ns, 'app=web', count);
}

/** Waits until a budget counts this many healthy pods, and knows of its own change. */
const counts = (ns: string, currentHealthy: number) =>
  world.until(async () => {
    const { metadata, status } = await api.get(budgets(ns, 'b'));
    expect(status).toMatchObject({ currentHealthy, observedGeneration: metadata.generation });
    return true;
  });

const evict = (ns: string, name: string) =>
  api.call('POST', `${pods(ns, name)}/eviction`, {
    body: { apiVersion: policy, kind: 'Eviction', metadata: { name, namespace: ns } },
  });

line('budget-eviction', async () => {
  const ns = await world.namespace();
  await replicas(ns, 3);
  await api.post(budgets(ns), budget('b', { minAvailable: 3 }));
  await counts(ns, 3);
  const [{ metadata: first }] = await world.pods(ns, 'app=web');
  const refused = await evict(ns, first.name);
  expect(refused).toMatchObject({
    code: 429,
    body: {
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ reason: 'DisruptionBudget' }] },
    },
  });
  await api.update(budgets(ns, 'b'), ({ spec }) => {
    spec.minAvailable = 2;
  });
  await counts(ns, 3);
  expect((await evict(ns, first.name)).code).toBe(200);
  await world.ready(ns, 'app=web', 3);
  await counts(ns, 3);
  await api.patch(budgets(ns, 'b'), { spec: { minAvailable: null, maxUnavailable: 0 } });
  await counts(ns, 3);
  const [{ metadata: next }] = await world.pods(ns, 'app=web');
  expect((await evict(ns, next.name)).code).toBe(429);
  await api.delete(budgets(ns, 'b'));
  expect((await evict(ns, next.name)).code).toBe(200);
});

line('budget-api', async () => {
  const ns = await world.namespace();
  await api.post(budgets(ns), budget('b', { minAvailable: '1%' }));
  await api.update(budgets(ns, 'b'), ({ spec }) => {
    spec.minAvailable = '2%';
  });
  expect((await api.get(budgets(ns, 'b'))).spec.minAvailable).toBe('2%');
  await api.patch(budgets(ns, 'b'), { spec: { minAvailable: '3%' } }, 'strategic');
  expect((await api.get(budgets(ns, 'b'))).spec.minAvailable).toBe('3%');
  await api.delete(budgets(ns, 'b'));
  expect(await api.has(budgets(ns, 'b'))).toBe(false);
});

line('budget-collection', async () => {
  const ns = await world.namespace();
  const other = await world.namespace();
  const labels = { e2e: 'budgets' };
  for (const name of ['a', 'b', 'c']) await api.post(budgets(ns), budget(name, { minAvailable: 1 }, labels));
  await api.post(budgets(other), budget('d', { minAvailable: 1 }, labels));
  const selected = '?labelSelector=e2e%3Dbudgets';
  expect(await api.names(budgets(ns))).toEqual(['a', 'b', 'c']);
  expect(await api.names(at(policy, 'poddisruptionbudgets') + selected)).toEqual(['a', 'b', 'c', 'd']);
  await api.delete(budgets(ns) + selected);
  await world.until(async () => (await api.names(budgets(ns))).length === 0);
  expect(await api.names(budgets(other))).toEqual(['d']);
});

line('budget-controller', async () => {
  const ns = await world.namespace();
  await replicas(ns, 3);
  await api.post(budgets(ns), budget('b', { minAvailable: 1 }));
  await counts(ns, 3);
  expect((await api.get(budgets(ns, 'b'))).status).toMatchObject({
    disruptionsAllowed: 2,
    desiredHealthy: 1,
    expectedPods: 3,
  });
});

line('budget-status', async () => {
  const ns = await world.namespace();
  await replicas(ns, 3);
  await api.post(budgets(ns), budget('b', { minAvailable: 1 }));
  await counts(ns, 3);
  const path = `${budgets(ns, 'b')}/status`;
  const [first] = await world.pods(ns, 'app=web');
  const disruptedPods = {
    [first.metadata.name]: new Date(world.cluster.now()).toISOString().replace(/\.\d+/, ''),
  };
  const updated = await api.update(path, ({ status }: Any) => {
    status.disruptedPods = disruptedPods;
  });
  expect(updated.status.disruptedPods).toEqual(disruptedPods);
  expect((await api.get(path)).status.disruptedPods).toEqual(disruptedPods);
  await api.patch(path, { metadata: { annotations: { patched: 'true' } }, status: { disruptedPods: null } });
  const { metadata, status } = await api.get(path);
  expect(metadata.annotations.patched).toBe('true');
  expect(status.disruptedPods).toBeUndefined();
});
