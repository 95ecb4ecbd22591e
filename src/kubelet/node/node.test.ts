import { describe, expect, test } from 'vitest';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { silentLog } from '../../platform/log.ts';
import { systemProcesses } from '../../platform/processes.ts';
import { linuxCgroups } from '../cgroups/linux-cgroups.ts';
import { milliCpuToQuotaUs, milliCpuToShares, sharesToWeight } from '../cgroups/cpu.ts';
import { oomScoreAdj } from '../cgroups/oom-score.ts';
import { podCgroupLimits, podCgroupPath, qosCgroups } from '../cgroups/pod-cgroup.ts';
import { containerResources } from '../cgroups/container-resources.ts';
import type { Lease } from '../../api/coordination/v1.ts';
import type { Node, NodeStatus, NodeSystemInfo, Pod, ResourceRequirements } from '../../api/core/v1.ts';
import { events, nodes } from '../../api/generated/resources.ts';
import { TestNode } from '../testing/test-node.ts';
import { countCpus, memInfoBytes, osName } from './linux-host.ts';
import { statusEvents } from './node-events.ts';
import { imageList, nodeAllocatable, nodeCapacity, nodeConditions, runtimeTroubles } from './node-object.ts';

const gi = 2 ** 30;

function podOf(...resources: (ResourceRequirements | undefined)[]): Pod {
  return {
    metadata: { uid: 'u' },
    spec: { containers: resources.map((r, i) => ({ name: `c${i}`, resources: r })) },
  };
}

const full = (cpu: string, memory: string) => ({ limits: { cpu, memory }, requests: { cpu, memory } });

describe('control groups', () => {
  test('CPU in the words of the kernel', () => {
    expect([0, 1, 100, 1000, 1_000_000].map(milliCpuToShares)).toEqual([2, 2, 102, 1024, 262_144]);
    expect([0, 5, 500, 2000].map(milliCpuToQuotaUs)).toEqual([-1, 1000, 50_000, 200_000]);
    expect([2, 1024, 262_144].map(sharesToWeight)).toEqual([1, 39, 10_000]);
  });

  test('stand below their class', () => {
    expect(podCgroupPath('/k/kubepods', 'u', 'Guaranteed')).toBe('/k/kubepods/podu');
    expect(podCgroupPath('/k/kubepods', 'u', 'BestEffort')).toBe('/k/kubepods/besteffort/podu');
  });

  test('of a pod are limited where all its containers are', () => {
    expect(podCgroupLimits(podOf(full('1', '1Gi'), full('500m', '1Gi')), 100)).toEqual({
      cpuShares: 1536,
      cpuQuotaUs: 150_000,
      memoryBytes: 2 * gi,
      pids: 100,
    });
    expect(podCgroupLimits(podOf(full('1', '1Gi'), undefined))).toEqual({ cpuShares: 1024 });
  });

  test('of a class weigh what its pods ask for', () => {
    const [burstable, bestEffort] = qosCgroups('/k', [
      podOf({ requests: { cpu: '1' } }),
      podOf({ requests: { cpu: '2' } }),
      podOf(full('4', '1Gi')),
    ]);
    expect(burstable?.limits.cpuShares).toBe(3072);
    expect(bestEffort?.limits.cpuShares).toBe(2);
  });

  test('of a container', () => {
    const pod = podOf(full('500m', '64Mi'));
    const [container] = pod.spec.containers;
    const node = { memoryBytes: 8 * gi, cgroupVersion: 1 as const };
    expect(containerResources(pod, container as never, node)).toEqual({
      cpuShares: 512,
      cpuPeriodUs: 100_000,
      cpuQuotaUs: 50_000,
      oomScoreAdj: -997,
      memoryLimitBytes: 64 * 2 ** 20,
      memorySwapLimitBytes: 64 * 2 ** 20,
    });
  });

  test.each([
    [podOf(undefined), 1000],
    [podOf(full('1', '1Gi')), -997],
    [podOf({ requests: { memory: '2Gi' } }), 750],
    [podOf({ requests: { cpu: '1' } }), 999],
    [podOf({ requests: { memory: '8Gi' } }), 3],
  ])('who goes first when memory is out', (pod, score) => {
    expect(oomScoreAdj(pod, pod.spec.containers[0] as never, 8 * gi)).toBe(score);
  });

  test.each([
    [
      'unified',
      2,
      {
        '/cg/k/cpu.weight': '39',
        '/cg/k/cpu.max': '50000 100000',
        '/cg/k/memory.max': '1024',
        '/cg/k/pids.max': '7',
      },
    ],
    [
      'old',
      1,
      {
        '/cg/cpu/k/cpu.shares': '1024',
        '/cg/cpu/k/cpu.cfs_quota_us': '50000',
        '/cg/memory/k/memory.limit_in_bytes': '1024',
        '/cg/pids/k/pids.max': '7',
      },
    ],
  ])('in the %s hierarchy', async (_, version, expected) => {
    const files = new MemoryFiles();
    await files.makeDir('/cg');
    if (version === 2) await files.write('/cg/cgroup.controllers', 'cpu memory');
    const removed: string[] = [];
    const calls = {
      space: async () => ({}) as never,
      removeFolders: async (path: string) => void removed.push(path),
    };
    const cgroups = await linuxCgroups({
      files,
      calls,
      processes: systemProcesses,
      log: silentLog,
      mount: '/cg',
    });
    expect(cgroups.version).toBe(version);
    await cgroups.ensure('/k', { cpuShares: 1024, cpuQuotaUs: 50_000, memoryBytes: 1024, pids: 7 });
    for (const [path, text] of Object.entries(expected)) expect(await files.readText(path)).toBe(text);
    await cgroups.remove('/k');
    expect(removed).toEqual(version === 2 ? ['/cg/k'] : ['/cg/cpu/k', '/cg/memory/k', '/cg/pids/k']);
  });
});

describe('the Node', () => {
  const facts = {
    machineId: 'm',
    systemUuid: 's',
    bootId: 'b',
    kernelVersion: '6',
    osImage: 'os',
    operatingSystem: 'linux',
    architecture: 'amd64',
    cpus: 4,
    memoryBytes: 8 * gi,
    hostname: 'h',
  };
  const disk = { capacityBytes: 100 * gi, availableBytes: gi, freeBytes: gi, inodes: 1, inodesFree: 1 };

  test('has what its machine has, unless it is told otherwise, less what is kept back', () => {
    const capacity = nodeCapacity(facts, disk, { addresses: [], capacity: { cpu: '2' }, maxPods: 5 });
    expect(capacity).toMatchObject({
      cpu: '2',
      memory: '8Gi',
      'ephemeral-storage': '100Gi',
      pods: '5',
    });
    expect(nodeAllocatable(capacity, { cpu: '500m', memory: '1Gi', pods: '9' })).toMatchObject({
      cpu: '1500m',
      memory: '7Gi',
      pods: '0',
    });
  });

  test('says how much it has as the API server gives it back: what has not changed is not written again', () => {
    const uneven = { ...facts, memoryBytes: 8 * gi + 1024 };
    expect(nodeCapacity(uneven, disk, { addresses: [] })).toMatchObject({ memory: '8388609Ki' });
    const capacity = nodeCapacity(facts, disk, { addresses: [], capacity: { cpu: '2000m' } });
    expect(capacity).toMatchObject({ cpu: '2', memory: '8Gi' });
  });

  test('says how it is, and since when', () => {
    const health = { troubles: [], memoryPressure: false, diskPressure: false, pidPressure: false };
    const before = nodeConditions(health, undefined, 't1');
    expect(before.map((c) => `${c.type}=${c.status}`)).toEqual([
      'MemoryPressure=False',
      'DiskPressure=False',
      'PIDPressure=False',
      'Ready=True',
    ]);
    const after = nodeConditions({ ...health, troubles: ['container runtime is down'] }, before, 't2');
    expect(after[3]).toMatchObject({
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'container runtime is down',
      lastTransitionTime: 't2',
    });
    expect(after[0]).toMatchObject({ lastTransitionTime: 't1', lastHeartbeatTime: 't2' });
  });

  test('tells what presses on it from the start, and whether it is ready when that changes', () => {
    const health = {
      troubles: [] as string[],
      memoryPressure: false,
      diskPressure: true,
      pidPressure: false,
    };
    const status = (changed: Partial<typeof health>, bootID = 'a') => ({
      conditions: nodeConditions({ ...health, ...changed }, undefined, 't1'),
      nodeInfo: { bootID } as NodeSystemInfo,
    });
    const told = (...statuses: [NodeStatus | undefined, NodeStatus]) =>
      statusEvents('n1', ...statuses).map(({ type, reason }) => `${type} ${reason}`);
    expect(told(undefined, status({ troubles: ['no network'] }))).toEqual([
      'Normal NodeHasSufficientMemory',
      'Normal NodeHasDiskPressure',
      'Normal NodeHasSufficientPID',
    ]);
    expect(told(status({}), status({}))).toEqual([]);
    expect(told(status({ troubles: ['no network'] }), status({}))).toEqual(['Normal NodeReady']);
    expect(told(status({}), status({ troubles: ['x'], memoryPressure: true }))).toEqual([
      'Normal NodeHasInsufficientMemory',
      'Normal NodeNotReady',
    ]);
    expect(statusEvents('n1', status({}), status({}, 'b'))).toEqual([
      { type: 'Warning', reason: 'Rebooted', message: 'Node n1 has been rebooted, boot id: b' },
    ]);
  });

  test('tells that it starts, and when pods are kept off it', async () => {
    const node = new TestNode();
    await node.start();
    const told = () => node.api.list(events).map(({ reason, message }) => `${reason}: ${message}`);
    await node.until(() => told().length >= 4);
    const isNow = (reason: string) => `${reason}: Node n1 status is now: ${reason}`;
    const begun = ['NodeHasSufficientMemory', 'NodeHasNoDiskPressure', 'NodeHasSufficientPID'].map(isNow);
    expect(told().sort()).toEqual([...begun, 'Starting: Starting kubelet.'].sort());
    const cordon = (unschedulable: boolean) =>
      node.api.request({
        method: 'PATCH',
        path: '/api/v1/nodes/n1',
        contentType: 'application/merge-patch+json',
        body: { spec: { unschedulable } },
      });
    await cordon(true);
    await node.until(() => told().includes(isNow('NodeNotSchedulable')));
    await cordon(false);
    await node.until(() => told().includes(isNow('NodeSchedulable')));
    await node.stop();
  });

  test('knows why its runtime is not ready', () => {
    expect(runtimeTroubles(undefined)).toEqual({ runtime: 'container runtime is down' });
    const conditions = [
      { type: 'RuntimeReady', status: true, reason: '', message: '' },
      { type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'no network config' },
    ];
    expect(runtimeTroubles({ conditions, handlers: [] }).network).toBe(
      'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no network config',
    );
  });

  test('lists its largest images', () => {
    const image = (id: string, sizeBytes: number) => ({
      id,
      tags: [`${id}:1`],
      digests: [`${id}@sha256:0`],
      sizeBytes,
      pinned: false,
    });
    expect(imageList([image('small', 1), image('large', 2)])[0]).toEqual({
      names: ['large@sha256:0', 'large:1'],
      sizeBytes: 2,
    });
    expect(imageList(Array.from({ length: 60 }, (_, i) => image(`i${i}`, i)))).toHaveLength(50);
  });

  test('lets pods have what others say that it has, for as long as they say so', async () => {
    const node = new TestNode();
    await node.start();
    await node.clock.advance(20_000);
    const dongle = 'example.com/dongle';
    const tell = (amount: string | null) =>
      node.api.request({
        method: 'PATCH',
        path: '/api/v1/nodes/n1/status',
        contentType: 'application/strategic-merge-patch+json',
        body: { status: { capacity: { [dongle]: amount } } },
      });
    const allowed = () => (node.api.get(nodes, '', 'n1') as Node).status?.allocatable?.[dongle];
    await tell('5');
    await node.clock.advance(20_000);
    expect(allowed()).toBe('5');
    await tell(null);
    await node.clock.advance(20_000);
    expect(allowed()).toBeUndefined();
    await node.stop();
  });

  test('renews its lease a little later each time than it has to, so that many do not in step', async () => {
    const node = new TestNode();
    await node.start();
    await node.clock.advance(200_000);
    const isLease = ({ method, path }: { method: string; path: string }) =>
      method === 'PUT' && path.includes('/leases/');
    const times = node.api.requests
      .filter(isLease)
      .map(({ body }) => Date.parse((body as Lease).spec?.renewTime ?? ''));
    const pauses = times.slice(1).map((time, i) => time - (times[i] as number));
    expect(new Set(pauses).size).toBeGreaterThan(5);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_401);
    await node.stop();
  });

  test('is written when something has changed, and now and then', async () => {
    const node = new TestNode();
    await node.start();
    await node.clock.advance(20_000);
    const writes = () =>
      node.api.requests.filter((r) => r.method === 'PATCH' && r.path.endsWith('/nodes/n1/status')).length;
    const before = writes();
    await node.clock.advance(120_000);
    expect(writes()).toBe(before);
    await node.clock.advance(300_000);
    expect(writes()).toBe(before + 1);
    await node.stop();
  });
});

test('what the machine says of itself', () => {
  expect(osName('NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')).toBe(
    'Debian GNU/Linux 12 (bookworm)',
  );
  expect(memInfoBytes('MemTotal:       16384 kB\nMemAvailable:    8192 kB\n', 'MemAvailable')).toBe(
    8 * 2 ** 20,
  );
  expect(countCpus('cpu  1 2\ncpu0 1\ncpu1 1\nintr 5\n')).toBe(2);
});
