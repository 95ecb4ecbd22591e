import { describe, expect, test } from 'vitest';
import type { Pod, PodSpec, ResourceRequirements } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import { containerResources } from '../cgroups/container-resources.ts';
import type { CgroupLimits } from '../cgroups/pod-cgroup.ts';
import { PodCgroups } from '../cgroups/pod-cgroups.ts';
import { resourceFieldValue } from '../containers/field-ref.ts';
import { podResourcesStatus } from '../status/pod-resources.ts';
import { container, TestNode } from '../testing/test-node.ts';

const MiB = 2 ** 20;

const amounts = (cpu: string, memory: string) => ({ cpu, memory });
const whole = (limits: Record<string, string>, requests = limits): ResourceRequirements => ({
  requests,
  limits,
});
const podOf = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: 'p', uid: 'u' },
  spec: { containers: [{ name: 'c' }], ...spec },
});

describe('a container without a limit of its own', () => {
  const pod = podOf({
    resources: whole(amounts('500m', '100Mi')),
    containers: [{ name: 'c' }, { name: 'own', resources: { limits: amounts('200m', '50Mi') } }],
  });

  test('is held by that of the pod', () => {
    const node = { memoryBytes: 2 ** 33, cgroupVersion: 2 } as const;
    const [free, own] = pod.spec.containers.map((c) => containerResources(pod, c, node));
    expect(free).toMatchObject({ cpuQuotaUs: 50_000, memoryLimitBytes: 100 * MiB });
    expect(own).toMatchObject({ cpuQuotaUs: 20_000, memoryLimitBytes: 50 * MiB });
  });

  test('hears of it', () => {
    const [own] = pod.spec.containers;
    const of = (resource: string) =>
      resourceFieldValue(pod, { resource }, { container: own, allocatable: new Map() });
    expect([of('limits.cpu'), of('limits.memory')]).toEqual(['1', String(100 * MiB)]);
  });
});

describe('the status of a pod as a whole', () => {
  test('is what its containers come to where nothing is said for it', () => {
    const requests = { resources: { requests: amounts('100m', '10Mi'), limits: { cpu: '1' } } };
    const pod = podOf({
      containers: [
        { name: 'a', ...requests },
        { name: 'b', ...requests },
      ],
    });
    expect(podResourcesStatus(pod, undefined)).toEqual({
      allocatedResources: { cpu: '200m', memory: '20Mi' },
      resources: { requests: { cpu: '200m', memory: '20Mi' }, limits: { cpu: '2' } },
    });
    expect(podResourcesStatus(podOf({}), undefined)).toEqual({ resources: {} });
  });

  test('has no limit where one container has none', () => {
    const pod = podOf({
      containers: [{ name: 'a', resources: { limits: { memory: '1Gi' } } }, { name: 'b' }],
    });
    expect(podResourcesStatus(pod, undefined)).toEqual({ resources: {} });
  });

  test('is what its cgroup holds while that is something else', () => {
    const pod = podOf({ resources: whole(amounts('1', '100Mi')) });
    const cgroup = { cpuShares: 512, cpuQuotaUs: 200_000, memoryBytes: 200 * MiB };
    expect(podResourcesStatus(pod, cgroup)).toEqual({
      allocatedResources: amounts('1', '100Mi'),
      resources: { requests: { cpu: '500m', memory: '100Mi' }, limits: amounts('2', '200Mi') },
    });
  });
});

test('a cgroup grows before its containers and shrinks after them', async () => {
  const told: CgroupLimits[] = [];
  const cgroups = {
    version: 2 as const,
    ensure: async (_: string, limits: CgroupLimits) => void told.push(limits),
    remove: async () => {},
    list: async () => [],
  };
  const at = new PodCgroups({ cgroups, podsRoot: '/pods' });
  await at.widen(podOf({ resources: whole(amounts('1', '200Mi')) }));
  const other = podOf({ resources: whole(amounts('2', '100Mi')) });
  await at.widen(other);
  await at.settle(other);
  await at.settle(other);
  expect(told.map(({ cpuQuotaUs, memoryBytes }) => [cpuQuotaUs, memoryBytes])).toEqual([
    [100_000, 200 * MiB],
    [200_000, 200 * MiB],
    [200_000, 100 * MiB],
  ]);
  const unlimited = podOf({});
  await at.widen(unlimited);
  expect(at.inForce('u')?.memoryBytes).toBeUndefined();
});

describe('a running pod whose resources as a whole change', () => {
  async function running(resources: ResourceRequirements, annotations?: Record<string, string>) {
    const at = new TestNode();
    await at.start();
    at.create('web', { resources, containers: [container('c')] }, annotations);
    await at.until(() => at.pod('web')?.status?.phase === 'Running');
    const change = (generation: number, next: ResourceRequirements) => {
      const pod = at.pod('web') as Pod;
      at.api.change(pods, {
        ...pod,
        spec: { ...pod.spec, resources: next },
        metadata: { ...pod.metadata, generation },
      });
    };
    const conditions = (type: string) => at.pod('web')?.status?.conditions?.find((c) => c.type === type);
    const resizes = () => at.told('web').filter((line) => line.startsWith('Resize'));
    const id = at.pod('web')?.status?.containerStatuses?.[0]?.containerID?.split('//')[1] ?? '';
    return { at, change, conditions, resizes, id };
  }

  test('gets them without a restart, and so do the containers that it holds', async () => {
    const { at, change, resizes, id } = await running(whole(amounts('1', '200Mi')));
    expect(at.pod('web')?.status).toMatchObject({
      allocatedResources: amounts('1', '200Mi'),
      resources: whole(amounts('1', '200Mi')),
    });
    change(2, whole(amounts('2', '300Mi')));
    await at.until(() => at.pod('web')?.status?.resources?.limits?.cpu === '2');
    await at.until(() => resizes().length === 2);
    expect(at.pod('web')?.status).toMatchObject({
      allocatedResources: amounts('2', '300Mi'),
      resources: whole(amounts('2', '300Mi')),
      containerStatuses: [{ restartCount: 0 }],
    });
    expect((await at.runtime.containers.status(id)).resources).toMatchObject({
      cpuQuotaUs: 200_000,
      memoryLimitBytes: 300 * MiB,
    });
    const summary = '{"containers":[{"name":"c","resources":{}}],"generation":2}';
    expect(resizes()).toEqual([
      `ResizeStarted: Pod resize started: ${summary}`,
      `ResizeCompleted: Pod resize completed: ${summary}`,
    ]);
    await at.stop();
  });

  test('keeps them while the node has no room, and it is told once', async () => {
    const { at, change, conditions, resizes } = await running(whole(amounts('1', '200Mi')));
    change(2, whole(amounts('64', '200Mi')));
    await at.until(() => conditions('PodResizePending') !== undefined);
    expect(conditions('PodResizePending')).toMatchObject({ reason: 'Infeasible', observedGeneration: 2 });
    expect(at.pod('web')?.status?.allocatedResources).toEqual(amounts('1', '200Mi'));
    await at.clock.advance(180_000);
    const error = "Node didn't have enough capacity: cpu, requested: 64000, capacity: 4000";
    expect(resizes()).toEqual([
      `ResizeInfeasible: Pod resize Infeasible: {"containers":[{"name":"c","resources":{}}],"generation":2,"error":"${error}"}`,
    ]);
    await at.stop();
  });

  test('keeps memory that it uses', async () => {
    const used = 64 * MiB;
    const usage = { 'simulated.k8ts.dev/memory': '64Mi' };
    const { at, change, conditions, resizes } = await running(whole(amounts('1', '200Mi')), usage);
    change(2, whole(amounts('1', '1Mi')));
    await at.until(() => conditions('PodResizeInProgress')?.reason === 'Error');
    expect(conditions('PodResizeInProgress')).toMatchObject({
      observedGeneration: 2,
      message:
        `cannot decrease memory limits: [attempting to set pod memory limit (${MiB}) below current usage (${used}), ` +
        `attempting to set container "c" memory limit (${MiB}) below current usage (${used})]`,
    });
    expect(at.pod('web')?.status?.resources?.limits?.memory).toBe('200Mi');
    await at.clock.advance(180_000);
    expect(resizes().map((line) => line.split(':')[0])).toEqual(['ResizeStarted', 'ResizeError']);
    change(3, whole(amounts('1', '250Mi')));
    await at.until(() => conditions('PodResizeInProgress') === undefined);
    expect(at.pod('web')?.status?.resources?.limits?.memory).toBe('250Mi');
    await at.stop();
  });
});
