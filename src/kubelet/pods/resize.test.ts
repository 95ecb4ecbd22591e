import { describe, expect, test } from 'vitest';
import type { Container, Node, Pod } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import { container, TestNode } from '../testing/test-node.ts';
import { Allocations } from './allocations.ts';
import { planResize } from './plan-resize.ts';
import type { RuntimePod } from './runtime-pod.ts';

const node: Node = {
  metadata: { name: 'n1' },
  spec: {},
  status: { allocatable: { cpu: '4', memory: '8Gi' } },
};

function podOf(cpu: string, uid = 'u'): Pod {
  return {
    metadata: { name: 'p', uid },
    spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] },
  };
}

const none = () => [];
const cpuOf = (pod: Pod) => pod.spec.containers[0]?.resources?.requests?.cpu;

describe('what is set aside for a pod', () => {
  test('is what it first asks for, and more where there is room', () => {
    const allocations = new Allocations();
    expect(cpuOf(allocations.allocate(podOf('9'), node, none).pod)).toBe('9');
    const { pod, pending } = allocations.allocate(podOf('3'), node, () => [podOf('1', 'other')]);
    expect([cpuOf(pod), pending]).toEqual(['3', undefined]);
  });

  test('stays as it was where there is none', () => {
    const allocations = new Allocations();
    allocations.allocate(podOf('1'), node, none);
    const deferred = allocations.allocate(podOf('3'), node, () => [podOf('2', 'other')]);
    expect(cpuOf(deferred.pod)).toBe('1');
    expect(deferred.pending).toMatchObject({
      type: 'PodResizePending',
      reason: 'Deferred',
      message: "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
    });
    const infeasible = allocations.allocate(podOf('5'), node, none);
    expect(infeasible.pending).toMatchObject({ reason: 'Infeasible' });
    expect(cpuOf(allocations.allocate(podOf('3'), node, none).pod)).toBe('3');
  });
});

describe('a wish that waits for room', () => {
  const more = (cpu: string, uid: string, spec: Partial<Pod['spec']> = {}): Pod => {
    const pod = podOf(cpu, uid);
    return { ...pod, spec: { ...pod.spec, ...spec } };
  };

  test('takes none from others', () => {
    const allocations = new Allocations();
    const asking = ['a', 'b'].map((uid) => podOf('3', uid));
    for (const uid of ['a', 'b']) allocations.allocate(podOf('1', uid), node, none);
    const [a, b] = asking as [Pod, Pod];
    expect(allocations.allocate(a, node, () => [b, podOf('2', 'c')]).pending?.reason).toBe('Deferred');
    expect(allocations.allocate(b, node, () => [a]).news).toBe('granted');
    expect(cpuOf(allocations.asHeld(a))).toBe('1');
  });

  test('is asked about again by what it asks for, its priority, its class and how long it has waited', () => {
    const allocations = new Allocations();
    const limits = { cpu: '3', memory: '1Gi' };
    const sure = { containers: [{ name: 'c', resources: { limits, requests: limits } }] };
    const asking = [
      more('3', 'first'),
      more('3', 'second'),
      more('3', 'guaranteed', sure),
      more('3', 'urgent', { priority: 1 }),
      more('3', 'less'),
      more('5', 'infeasible'),
    ];
    for (const { metadata } of asking)
      allocations.allocate(podOf(metadata.uid === 'less' ? '4' : '1', metadata.uid), node, none);
    const full = () => [podOf('4', 'other')];
    for (const pod of asking) allocations.allocate(pod, node, full);
    const order = ['less', 'urgent', 'guaranteed', 'first', 'second'];
    expect(allocations.waiting([...asking].reverse()).map((pod) => pod.metadata.uid)).toEqual(order);
  });

  test('waits on after a restart of the kubelet, until all pods are known', () => {
    const allocations = new Allocations();
    const told = { type: 'PodResizePending', status: 'True', reason: 'Deferred', message: 'no room' };
    const held = { name: 'c', allocatedResources: { cpu: '1' }, resources: { requests: { cpu: '1' } } };
    const pod: Pod = {
      ...podOf('3'),
      status: {
        conditions: [{ ...told, lastTransitionTime: '2026-01-01T00:00:00Z' }],
        containerStatuses: [{ ...held, ready: true, restartCount: 0, image: 'i', imageID: 'i' }],
      },
    };
    const taken = allocations.allocate(pod, node, none);
    expect([cpuOf(taken.pod), taken.pending, taken.news]).toEqual(['1', told, undefined]);
    expect(allocations.allocate(pod, node, none).news).toBe('granted');
  });
});

describe('planning a resize', () => {
  const runtime = {
    containers: [{ id: 'i', name: 'c', state: 'running' }],
  } as RuntimePod;
  const plan = (more: Partial<Container>, given: object | undefined) =>
    planResize({
      pod: { metadata: {}, spec: { containers: [{ name: 'c', ...more }] } },
      runtime,
      wanted: () => ({ cpuShares: 512, cpuQuotaUs: 50_000, memoryLimitBytes: 100 }),
      given: () => given,
    });

  test('finds what differs', () => {
    expect(plan({}, { cpuShares: 512, cpuQuotaUs: 50_000, memoryLimitBytes: 100 })).toEqual([]);
    expect(plan({}, { cpuShares: 2, cpuQuotaUs: 50_000, memoryLimitBytes: 100 })).toMatchObject([
      { id: 'i', restart: false },
    ]);
    expect(plan({}, undefined)).toEqual([]);
  });

  test('restarts where the container wants it', () => {
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    expect(
      plan({ resizePolicy }, { cpuShares: 512, cpuQuotaUs: 50_000, memoryLimitBytes: 50 }),
    ).toMatchObject([{ restart: true }]);
    expect(plan({ resizePolicy }, { cpuShares: 2, cpuQuotaUs: 50_000, memoryLimitBytes: 100 })).toMatchObject(
      [{ restart: false }],
    );
  });
});

test('an init container gets its new limits while it runs, and is never started anew for them', () => {
  const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
  const [init, side] = [{ name: 'init' }, { name: 'side', restartPolicy: 'Always' }];
  const plan = planResize({
    pod: {
      metadata: {},
      spec: { initContainers: [init, side].map((c) => ({ ...c, resizePolicy })), containers: [] },
    },
    runtime: {
      containers: [
        { id: 'i', name: 'init', state: 'running' },
        { id: 's', name: 'side', state: 'running' },
      ],
    } as RuntimePod,
    wanted: () => ({ cpuShares: 512 }),
    given: () => ({ cpuShares: 2 }),
  });
  expect(plan.map(({ id, restart }) => [id, restart])).toEqual([
    ['i', false],
    ['s', true],
  ]);
});

test('a running container gets its new limits without a restart', async () => {
  const at = new TestNode();
  await at.start();
  const spec = (cpu: string) => ({
    containers: [container('c', { resources: { requests: { cpu }, limits: { cpu } } })],
  });
  at.create('web', spec('100m'));
  await at.until(() => at.pod('web')?.status?.phase === 'Running');
  const before = at.pod('web') as Pod;
  const id = before.status?.containerStatuses?.[0]?.containerID?.split('//')[1] ?? '';
  at.api.change(pods, {
    ...before,
    spec: { ...before.spec, ...spec('200m') },
    metadata: { ...before.metadata, generation: 2 },
  });
  await at.until(() => at.pod('web')?.status?.containerStatuses?.[0]?.resources?.limits?.cpu === '200m');
  expect((await at.runtime.containers.status(id)).resources?.cpuQuotaUs).toBe(20_000);
  expect(at.pod('web')?.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0 });
  const now = at.pod('web') as Pod;
  at.api.change(pods, {
    ...now,
    spec: { ...now.spec, ...spec('64') },
    metadata: { ...now.metadata, generation: 3 },
  });
  const pending = () => at.pod('web')?.status?.conditions?.find((c) => c.type === 'PodResizePending');
  await at.until(() => pending() !== undefined);
  expect(pending()).toMatchObject({ reason: 'Infeasible', status: 'True' });
  const last = at.pod('web') as Pod;
  at.api.change(pods, {
    ...last,
    spec: { ...last.spec, ...spec('200m') },
    metadata: { ...last.metadata, generation: 4 },
  });
  await at.until(() => pending() === undefined);
  await at.stop();
});

test('so does an init container that runs', async () => {
  const at = new TestNode();
  await at.start();
  const spec = (cpu: string) => ({
    initContainers: [container('init', { resources: { requests: { cpu }, limits: { cpu } } })],
    containers: [container('c')],
  });
  at.create('web', spec('100m'));
  const status = () => at.pod('web')?.status?.initContainerStatuses?.[0];
  await at.until(() => status()?.state?.running !== undefined);
  const id = status()?.containerID?.split('//')[1] ?? '';
  const before = at.pod('web') as Pod;
  at.api.change(pods, {
    ...before,
    spec: { ...before.spec, ...spec('200m') },
    metadata: { ...before.metadata, generation: 2 },
  });
  await at.until(() => status()?.resources?.limits?.cpu === '200m');
  expect((await at.runtime.containers.status(id)).resources?.cpuQuotaUs).toBe(20_000);
  expect(status()).toMatchObject({ restartCount: 0, allocatedResources: { cpu: '200m' } });
  await at.stop();
});

test('pods that wait for room get it when others go, the more urgent one first, and none that goes itself', async () => {
  const at = new TestNode();
  await at.start();
  const spec = (cpu: string, priority = 0) => ({
    priority,
    containers: [container('c', { resources: { requests: { cpu }, limits: { cpu } } })],
  });
  const names = ['old', 'low', 'high', 'going'];
  at.create('old', spec('2'), { 'simulated.k8ts.dev/stop-after': '10s' });
  at.create('low', spec('500m'));
  at.create('high', spec('500m', 10));
  at.create('going', spec('100m', 20), { 'simulated.k8ts.dev/stop-after': '1h' });
  await at.until(() => names.every((name) => at.pod(name)?.status?.phase === 'Running'));
  const condition = (name: string) =>
    at.pod(name)?.status?.conditions?.find((c) => c.type === 'PodResizePending')?.reason;
  for (const name of ['low', 'high', 'going']) {
    const pod = at.pod(name) as Pod;
    const metadata = { ...pod.metadata, generation: 2 };
    at.api.change(pods, { ...pod, metadata, spec: { ...pod.spec, ...spec('3', pod.spec.priority) } });
    await at.until(() => condition(name) === 'Deferred');
  }
  at.api.remove(pods, 'default', 'going', 3600);
  at.api.remove(pods, 'default', 'old', 30);
  await at.clock.advance(5000);
  expect(condition('high')).toBe('Deferred');
  await at.until(() => condition('high') === undefined);
  await at.until(() => at.pod('high')?.status?.containerStatuses?.[0]?.resources?.limits?.cpu === '3');
  expect(condition('low')).toBe('Deferred');
  await at.stop();
});
