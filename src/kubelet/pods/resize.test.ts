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

const cpuOf = (pod: Pod) => pod.spec.containers[0]?.resources?.requests?.cpu;

describe('what is set aside for a pod', () => {
  test('is what it first asks for, and more where there is room', () => {
    const allocations = new Allocations();
    expect(cpuOf(allocations.allocate(podOf('9'), node, []).pod)).toBe('9');
    const { pod, pending } = allocations.allocate(podOf('3'), node, [podOf('1', 'other')]);
    expect([cpuOf(pod), pending]).toEqual(['3', undefined]);
  });

  test('stays as it was where there is none', () => {
    const allocations = new Allocations();
    allocations.allocate(podOf('1'), node, []);
    const deferred = allocations.allocate(podOf('3'), node, [podOf('2', 'other')]);
    expect(cpuOf(deferred.pod)).toBe('1');
    expect(deferred.pending).toMatchObject({
      type: 'PodResizePending',
      reason: 'Deferred',
      message: "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000",
    });
    const infeasible = allocations.allocate(podOf('5'), node, []);
    expect(infeasible.pending).toMatchObject({ reason: 'Infeasible' });
    expect(cpuOf(allocations.allocate(podOf('3'), node, []).pod)).toBe('3');
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
