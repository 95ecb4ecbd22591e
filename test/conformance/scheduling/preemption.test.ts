import { afterEach, beforeEach, expect } from 'vitest';
import { type Any, at, refusal } from '../support/api.ts';
import { testsOf } from '../support/lines.ts';
import { comingsAndGoings, ConformanceWorld } from '../support/virtual.ts';
import { apps, workload } from '../support/workloads.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let world: ConformanceWorld;
let api: ConformanceWorld['api'];

beforeEach(async () => {
  world = await ConformanceWorld.start({ nodes: 2 });
  ({ api } = world);
});
afterEach(() => world?.stop());

const scarce = 'scheduling.k8s.io/foo';
const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });
const classes = (name?: string) => at('scheduling.k8s.io/v1', 'priorityclasses', { name });
const priorityClass = (name: string, value: number) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
});

/** Nodes say that they have some of a resource, and their kubelets that pods may have it. */
async function provide(resource: string, amount: string, ...nodes: string[]): Promise<void> {
  for (const name of nodes) {
    const path = at('v1', 'nodes', { name });
    await api.patch(`${path}/status`, { status: { capacity: { [resource]: amount } } }, 'strategic');
    await world.until(async () => (await api.get(path)).status.allocatable[resource] !== undefined);
  }
}

const asking = (resource: string, amount: string): Any => ({
  containers: [
    {
      name: 'main',
      image: 'app:1',
      resources: { requests: { [resource]: amount }, limits: { [resource]: amount } },
    },
  ],
  terminationGracePeriodSeconds: 0,
});

async function make(ns: string, name: string, spec: Any, metadata: Any = {}): Promise<string> {
  await api.post(pods(ns), { metadata: { name, ...metadata }, spec });
  return pods(ns, name);
}

const isScheduled = (path: string) => world.until(async () => (await api.get(path)).spec.nodeName as string);

/** Four pods fill both nodes, one of them of low priority; gives that one's path. */
async function fill(ns: string): Promise<string> {
  await provide(scarce, '5', 'node-1', 'node-2');
  await api.post(classes(), priorityClass('low', 1));
  await api.post(classes(), priorityClass('medium', 100));
  await api.post(classes(), priorityClass('high', 1000));
  const spec = (priorityClassName: string) => ({ ...asking(scarce, '2'), priorityClassName });
  const low = await make(ns, 'pod0', spec('low'));
  const paths = [low];
  for (const name of ['pod1', 'pod2', 'pod3']) paths.push(await make(ns, name, spec('medium')));
  for (const path of paths) await isScheduled(path);
  return low;
}

/** The low one has gone, the medium ones stay. */
async function lowIsGone(ns: string, low: string): Promise<void> {
  await world.until(async () => !(await api.has(low)));
  for (const name of ['pod1', 'pod2', 'pod3']) {
    expect((await api.get(pods(ns, name))).metadata.deletionTimestamp).toBeUndefined();
  }
}

line('preemption', async () => {
  const ns = await world.namespace();
  const low = await fill(ns);
  const { nodeName } = (await api.get(low)).spec;
  const preemptor = await make(ns, 'preemptor', { ...asking(scarce, '2'), priorityClassName: 'high' });
  expect(await isScheduled(preemptor)).toBe(nodeName);
  await lowIsGone(ns, low);
});

line('preemption-critical', async () => {
  const ns = await world.namespace();
  const low = await fill(ns);
  const spec = { ...asking(scarce, '2'), priorityClassName: 'system-cluster-critical' };
  const critical = await make('kube-system', 'critical', spec);
  await isScheduled(critical);
  await lowIsGone(ns, low);
});

line('preemption-condition', async () => {
  const ns = await world.namespace();
  await provide(scarce, '1', 'node-1');
  await api.post(classes(), priorityClass('low', 1));
  await api.post(classes(), priorityClass('high', 1000));
  const spec = (priorityClassName: string) => ({ ...asking(scarce, '1'), priorityClassName });
  const finalizers = ['example.com/test-finalizer'];
  const victim = await make(ns, 'victim', spec('low'), { finalizers });
  await isScheduled(victim);
  const preemptor = await make(ns, 'preemptor', spec('high'));
  await world.until(async () => {
    const { metadata, status } = await api.get(victim);
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
      }),
    );
    return true;
  });
  await world.cluster.advance('10s');
  expect(await api.has(victim)).toBe(true);
  await api.patch(victim, { metadata: { finalizers: null } });
  await world.until(async () => !(await api.has(victim)));
  expect(await isScheduled(preemptor)).toBe('node-1');
});

line('preemption-path', async () => {
  const ns = await world.namespace();
  const resource = 'example.com/fakecpu';
  await provide(resource, '1000', 'node-1');
  for (const level of [1, 2, 3, 4]) await api.post(classes(), priorityClass(`p${level}`, level));
  const nodeSelector = { 'kubernetes.io/hostname': 'node-1' };
  const spec = (level: number, amount: string) => ({
    ...asking(resource, amount),
    nodeSelector,
    priorityClassName: `p${level}`,
  });
  const events = await world.watch(pods(ns));
  for (const [index, amount] of ['200', '300', '450'].entries()) {
    const name = `rs-pod${index + 1}`;
    const set = workload('ReplicaSet', name, { replicas: 1, spec: spec(index + 1, amount) });
    await api.post(at(apps, 'replicasets', { ns }), set);
    await world.ready(ns, `app=${name}`, 1);
  }
  expect(await isScheduled(await make(ns, 'pod4', spec(4, '500')))).toBe('node-1');
  await world.cluster.advance('1m');
  const made = (name: string) =>
    comingsAndGoings(events).filter((event) => event.startsWith(`ADDED ${name}-`)).length;
  expect([1, 2, 3].map((level) => made(`rs-pod${level}`))).toEqual([2, 2, 1]);
});

line('priority-classes', async () => {
  for (const level of [1, 2]) await api.post(classes(), priorityClass(`p${level}`, level));
  const immutable = (error: Any) =>
    expect(error).toMatchObject({ code: 422, reason: 'Invalid', details: { causes: [{ field: 'value' }] } });
  immutable(await refusal(api.patch(classes('p1'), { value: 10 }, 'strategic')));
  const second = await api.get(classes('p2'));
  immutable(await refusal(api.put(classes('p2'), { ...second, value: 20 })));
  const description = 'updated description';
  await api.patch(classes('p1'), { description }, 'strategic');
  await api.put(classes('p2'), { ...second, description });
  expect(await api.names(classes())).toEqual(['p1', 'p2', 'system-cluster-critical', 'system-node-critical']);
  for (const level of [1, 2]) {
    expect(await api.get(classes(`p${level}`))).toMatchObject({ value: level, description });
  }
});
