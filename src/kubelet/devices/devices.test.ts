import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Container, Pod } from '../../api/core/v1.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { MetricRegistry } from '../../platform/metrics/registry.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { PluginRegistry } from '../plugins/plugin-registry.ts';
import { TestDevicePlugin, type TestDevicePluginOptions } from '../testing/test-device-plugin.ts';
import { DeviceManager } from './device-manager.ts';

const resource = 'example.com/gpu';

let dir: string;
let passedMs: number;
let managers: DeviceManager[];
let plugins: TestDevicePlugin[];
let unwell: string[];
let changes: number;
let meter: MetricRegistry;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dev-'));
  passedMs = 0;
  managers = [];
  plugins = [];
  unwell = [];
  changes = 0;
  meter = new MetricRegistry();
});

afterEach(async () => {
  for (const plugin of plugins) plugin.stop();
  for (const manager of managers) await manager.stop();
  rmSync(dir, { recursive: true, force: true });
});

const platform = {
  clock: { ...systemClock, monotonic: () => systemClock.monotonic() + passedMs },
  files: systemFiles,
  log: silentLog,
};

/** Another call is a kubelet that was started again. */
async function startManager(): Promise<DeviceManager> {
  await managers.at(-1)?.stop();
  const manager = new DeviceManager({
    dir,
    platform,
    meter,
    onChange: () => void changes++,
    onHealth: (uid) => void unwell.push(uid),
  });
  managers.push(manager);
  await manager.start();
  return manager;
}

async function startPlugin(options: Partial<TestDevicePluginOptions> = {}): Promise<TestDevicePlugin> {
  const plugin = await TestDevicePlugin.start({ dir, resource, devices: ['a', 'b'], ...options });
  plugins.push(plugin);
  return plugin;
}

/** A kubelet that has met a plugin. */
async function startBoth(options: Partial<TestDevicePluginOptions> = {}) {
  const manager = await startManager();
  const plugin = await startPlugin(options);
  await plugin.register();
  const count = String((options.devices ?? ['a', 'b']).length);
  await vi.waitFor(() => expect(manager.capacity().capacity[options.resource ?? resource]).toBe(count));
  return { manager, plugin };
}

const wants = (name: string, count: number, more: Partial<Container> = {}): Container => ({
  name,
  image: 'i',
  resources: { limits: { [resource]: String(count) }, requests: { [resource]: String(count) } },
  ...more,
});

const pod = (uid: string, containers: Container[], initContainers?: Container[]): Pod => ({
  metadata: { name: uid, namespace: 'default', uid },
  spec: { containers, ...(initContainers && { initContainers }) },
});

const amounts = (manager: DeviceManager) => {
  const { capacity, allocatable } = manager.capacity();
  return [capacity[resource], allocatable[resource]];
};

/** Who has which devices, as the file says. */
const given = () =>
  Object.fromEntries(
    (
      JSON.parse(readFileSync(`${dir}/kubelet_internal_checkpoint`, 'utf8')).Data.PodDeviceEntries as {
        PodUID: string;
        ContainerName: string;
        DeviceIDs: Record<string, string[]>;
      }[]
    ).map((entry) => [`${entry.PodUID}/${entry.ContainerName}`, entry.DeviceIDs]),
  );

describe('a plugin that makes itself known', () => {
  test('has its devices counted, those that are unwell apart, and each change told', async () => {
    const { manager, plugin } = await startBoth({
      devices: ['a', 'b', { ID: 'c', health: 'Unhealthy' }],
    });
    expect(amounts(manager)).toEqual(['3', '2']);
    const before = changes;
    plugin.tell(['a']);
    await vi.waitFor(() => expect(amounts(manager)).toEqual(['1', '1']));
    expect(changes).toBeGreaterThan(before);
  });

  test.each([
    [
      'of another version',
      { version: 'v1alpha' },
      'requested API version "v1alpha" is not supported by kubelet. Supported version is ["v1beta1"]',
    ],
    ['for what is not its own', { resource: 'cpu' }, 'the ResourceName "cpu" is invalid'],
    [
      "for one of Kubernetes' own",
      { resource: 'kubernetes.io/x' },
      'the ResourceName "kubernetes.io/x" is invalid',
    ],
    ['for what is no name', { resource: 'example.com/a b' }, 'the ResourceName "example.com/a b" is invalid'],
  ])('%s is told why it is not taken in', async (_, options, why) => {
    await startManager();
    const plugin = await startPlugin(options);
    await expect(plugin.register()).rejects.toThrow(`rpc error: code = Unknown desc = ${why}`);
  });

  test('is taken in by a socket among those of all plugins, until that is gone', async () => {
    const manager = await startManager();
    const registry = new PluginRegistry({
      dir: `${dir}/registry`,
      platform,
      handlers: { DevicePlugin: manager.registry },
    });
    const plugin = await startPlugin();
    await plugin.registerBySocket(`${dir}/registry`);
    await registry.scan();
    expect(plugin.registrations).toEqual(['registered']);
    await vi.waitFor(() => expect(amounts(manager)).toEqual(['2', '2']));
    rmSync(`${dir}/registry/device-reg.sock`);
    await registry.scan();
    expect(amounts(manager)).toEqual(['2', '0']);
  });

  test.each([
    ['name', resource, ['v2'], 'manager version, v1beta1, is not among plugin supported versions [v2]'],
    [
      'version',
      'memory',
      ['v1beta1'],
      'invalid name of device plugin socket: the ResourceName "memory" is invalid',
    ],
  ])('by a socket is told what is wrong with its %s', async (_, named, versions, why) => {
    const manager = await startManager();
    const plugin = await startPlugin({ resource: named });
    await plugin.registerBySocket(`${dir}/registry`, versions);
    const handlers = { DevicePlugin: manager.registry };
    await new PluginRegistry({ dir: `${dir}/registry`, platform, handlers }).scan();
    expect(plugin.registrations).toEqual([why]);
  });

  test('and goes leaves devices that cannot be had, for five minutes, and then none', async () => {
    const { manager, plugin } = await startBoth();
    plugin.stop();
    await vi.waitFor(() => expect(amounts(manager)).toEqual(['2', '0']));
    await expect(manager.allocate(pod('p', [wants('c', 1)]))).rejects.toThrow(
      `no healthy devices present; cannot allocate unhealthy devices ${resource}`,
    );
    passedMs = 299_000;
    expect(amounts(manager)).toEqual(['2', '0']);
    passedMs = 301_000;
    expect(amounts(manager)).toEqual(['0', '0']);
    const again = await startPlugin({ devices: ['a'] });
    await again.register();
    await vi.waitFor(() => expect(amounts(manager)).toEqual(['1', '1']));
  });

  test('again at the same socket takes the place of what it was', async () => {
    const { manager, plugin } = await startBoth();
    plugin.stop();
    const again = await startPlugin({ devices: ['a', 'b', 'c'] });
    await again.register();
    await vi.waitFor(() => expect(amounts(manager)).toEqual(['3', '3']));
    await manager.allocate(pod('p', [wants('c', 1)]));
    expect(again.asked).toEqual(['Allocate a']);
  });

  test('beside another of its resource is asked from then on, and the other when it goes', async () => {
    const { manager, plugin: old } = await startBoth();
    const young = await startPlugin({ endpoint: 'young.sock' });
    await young.register();
    await manager.allocate(pod('p', [wants('c', 1)]));
    expect([old.asked, young.asked]).toEqual([[], ['Allocate a']]);
    young.stop();
    await vi.waitFor(() => expect(manager.registry.plugin(resource)?.socketPath).toBe(old.socket));
    expect(amounts(manager)).toEqual(['2', '2']);
    await manager.allocate(pod('q', [wants('c', 1)]));
    expect(old.asked).toEqual(['Allocate b']);
  });

  test('finds no socket of the last kubelet, and other files where they were', async () => {
    const stale = await startPlugin({ endpoint: 'stale.sock' });
    writeFileSync(`${dir}/notes`, 'mine');
    await startManager();
    expect(await systemFiles.list(dir)).toEqual(['kubelet.sock', 'notes']);
    expect(await systemFiles.exists(stale.socket)).toBe(false);
  });
});

describe('a pod that asks for devices', () => {
  test('gets its own, which no other gets while it is there', async () => {
    const { manager, plugin } = await startBoth({ devices: ['a', 'b', 'c'] });
    const [p, q] = [pod('p', [wants('c', 1), wants('d', 1)]), pod('q', [wants('c', 2)])];
    expect(manager.concerns(p)).toBe(true);
    expect(manager.concerns(pod('r', [{ name: 'c', image: 'i' }]))).toBe(false);
    manager.follow(() => new Set(['p']));
    await manager.allocate(p);
    expect(given()).toEqual({ 'p/c': { '-1': ['a'] }, 'p/d': { '-1': ['b'] } });
    await expect(manager.allocate(q)).rejects.toThrow(
      `requested number of devices unavailable for ${resource}. Requested: 2, Available: 1`,
    );
    manager.follow(() => new Set());
    await manager.allocate(q);
    expect(plugin.asked).toEqual(['Allocate a', 'Allocate b', 'Allocate a,b']);
    expect([...manager.counts()]).toEqual([[resource, 2]]);
  });

  test('leaves its devices to the next once it is over', async () => {
    const { manager } = await startBoth();
    const present = new Set<string>();
    manager.follow(() => present);
    const p = pod('p', [wants('c', 2)]);
    await manager.allocate(p);
    present.add('p');
    await manager.forContainer(p, wants('c', 2));
    present.delete('p');
    await manager.allocate(pod('q', [wants('c', 2)]));
    expect(Object.keys(given())).toEqual(['q/c']);
  });

  test('keeps what it has when it is asked about again', async () => {
    const { manager, plugin } = await startBoth();
    await manager.allocate(pod('p', [wants('c', 1)]));
    await manager.allocate(pod('p', [wants('c', 1)]));
    expect(plugin.asked).toEqual(['Allocate a']);
    await expect(manager.allocate(pod('p', [wants('c', 2)]))).rejects.toThrow(
      `pod "p" container "c" changed request for resource "${resource}" from 1 to 2`,
    );
  });

  test('is not let in with devices that have become unwell', async () => {
    const { manager, plugin } = await startBoth();
    await manager.allocate(pod('p', [wants('c', 1)]));
    plugin.tell([{ ID: 'a', health: 'Unhealthy' }, 'b']);
    await vi.waitFor(() => expect(amounts(manager)).toEqual(['2', '1']));
    await expect(manager.allocate(pod('p', [wants('c', 1)]))).rejects.toThrow(
      `previously allocated devices are no longer healthy; cannot allocate unhealthy devices ${resource}`,
    );
  });

  test('has none after its plugin has failed, for any of its containers', async () => {
    const { manager, plugin } = await startBoth();
    plugin.failures.set('Allocate', 'out of order');
    await expect(manager.allocate(pod('p', [wants('c', 1)]))).rejects.toThrow(
      'rpc error: code = Unknown desc = out of order',
    );
    plugin.failures.clear();
    await expect(manager.allocate(pod('p', [wants('c', 1), wants('d', 2)]))).rejects.toThrow('Requested: 2');
    await manager.allocate(pod('q', [wants('c', 2)]));
    expect(given()).toEqual({ 'q/c': { '-1': ['a', 'b'] } });
  });

  test('has init containers leave theirs to those after them; sidecars keep theirs', async () => {
    const { manager } = await startBoth({ devices: ['a', 'b', 'c', 'd'] });
    const sidecar = wants('side', 1, { restartPolicy: 'Always' });
    await manager.allocate(pod('p', [wants('one', 1), wants('two', 1)], [wants('init', 2), sidecar]));
    expect(given()).toEqual({
      'p/init': { '-1': ['a', 'b'] },
      'p/side': { '-1': ['a'] },
      'p/one': { '-1': ['b'] },
      'p/two': { '-1': ['c'] },
    });
  });

  test('gets what its plugin prefers, as far as that can be had', async () => {
    const prefers = vi.fn(() => ['d', 'x', 'c']);
    const { manager, plugin } = await startBoth({ devices: ['a', 'b', 'c', 'd'], prefers });
    await manager.allocate(pod('p', [wants('c', 3)], [wants('init', 1)]));
    expect(given()).toEqual({ 'p/init': { '-1': ['d'] }, 'p/c': { '-1': ['d', 'c', 'a'] } });
    expect(prefers.mock.calls).toEqual([
      [{ available: ['a', 'b', 'c', 'd'], mustInclude: [], size: 1 }],
      [{ available: ['a', 'b', 'c', 'd'], mustInclude: ['d'], size: 3 }],
    ]);
    plugin.failures.set('GetPreferredAllocation', 'no idea');
    await expect(manager.allocate(pod('q', [wants('c', 1)]))).rejects.toThrow(
      'device plugin GetPreferredAllocation rpc failed with err: rpc error: code = Unknown desc = no idea',
    );
  });

  test('has devices noted under the NUMA nodes that they belong to', async () => {
    const on = (ID: string, ...nodes: bigint[]) => ({
      ID,
      health: 'Healthy',
      topology: { nodes: nodes.map((node) => ({ ID: node })) },
    });
    const { manager } = await startBoth({ devices: [on('a', 0n), on('b', 0n, 1n), on('c')] });
    await manager.allocate(pod('p', [wants('c', 3)]));
    expect(given()).toEqual({ 'p/c': { 0: ['a', 'b'], 1: ['b'], '-1': ['c'] } });
  });

  test('asks for none where a claim serves it', async () => {
    const { manager } = await startBoth();
    const requestMappings = [{ containerName: 'c', resourceName: resource, requestName: 'r' }];
    const status = { extendedResourceClaimStatus: { requestMappings, resourceClaimName: 'x' } };
    expect(manager.concerns({ ...pod('p', [wants('c', 1)]), status })).toBe(false);
  });

  test('need not wait for a plugin that does not answer', async () => {
    const { manager, plugin } = await startBoth();
    plugin.gate = new Promise(() => {});
    const abort = new AbortController();
    const allocated = manager.allocate(pod('p', [wants('c', 1)]), abort.signal);
    await vi.waitFor(() => expect(plugin.asked).toEqual(['Allocate a']));
    abort.abort();
    await expect(allocated).rejects.toThrow('Canceled');
    expect([...manager.counts()]).toEqual([]);
  });
});

describe('a container with devices', () => {
  test('is started with what their plugins say, the first of which wins', async () => {
    const { manager } = await startBoth({
      response: (ids) => ({
        envs: { GPUS: ids.join(':'), WHO: 'gpu' },
        mounts: [{ containerPath: '/lib/gpu', hostPath: '/host/gpu', readOnly: true }],
        devices: [{ containerPath: '/dev/gpu0', hostPath: '/dev/null', permissions: 'rw' }],
        annotations: { 'example.com/gpu': 'yes' },
        cdiDevices: [{ name: 'example.com/gpu=a' }],
      }),
    });
    const nic = await startPlugin({
      resource: 'example.com/nic',
      endpoint: 'nic.sock',
      response: () => ({
        envs: { WHO: 'nic', NIC: '1' },
        mounts: [{ containerPath: '/lib/gpu', hostPath: '/other' }],
        cdiDevices: [{ name: 'example.com/gpu=a' }, { name: 'example.com/nic=0' }],
      }),
    });
    await nic.register();
    await vi.waitFor(() => expect(manager.capacity().capacity['example.com/nic']).toBe('2'));
    const limits = { [resource]: '1', 'example.com/nic': '1' };
    const container = { name: 'c', image: 'i', resources: { limits } };
    await manager.allocate(pod('p', [container]));
    const { env, ...rest } = await manager.forContainer(pod('p', [container]), container);
    expect(Object.fromEntries(env)).toEqual({ GPUS: 'a', WHO: 'gpu', NIC: '1' });
    expect(rest).toEqual({
      mounts: [{ containerPath: '/lib/gpu', hostPath: '/host/gpu', readOnly: true }],
      devices: [{ containerPath: '/dev/gpu0', hostPath: '/dev/null', permissions: 'rw' }],
      annotations: { 'example.com/gpu': 'yes' },
      cdiDevices: ['example.com/gpu=a', 'example.com/nic=0'],
    });
  });

  test('has its plugin told each time before it starts, where that wants to know', async () => {
    const { manager, plugin } = await startBoth({ preStart: true });
    const p = pod('p', [wants('c', 2)]);
    await manager.allocate(p);
    await manager.forContainer(p, wants('c', 2));
    await manager.forContainer(p, wants('c', 2));
    expect(plugin.asked.slice(1)).toEqual(['PreStartContainer a,b', 'PreStartContainer a,b']);
    plugin.failures.set('PreStartContainer', 'too hot');
    await expect(manager.forContainer(p, wants('c', 2))).rejects.toThrow(
      'device plugin PreStartContainer rpc failed with err: rpc error: code = Unknown desc = too hot',
    );
  });

  test('does not start while its plugin is gone that wants to know', async () => {
    const { manager, plugin } = await startBoth({ preStart: true });
    const p = pod('p', [wants('c', 1)]);
    await manager.allocate(p);
    plugin.stop();
    await vi.waitFor(() => expect(amounts(manager)).toEqual(['2', '0']));
    await expect(manager.forContainer(p, wants('c', 1))).rejects.toThrow(
      `device plugin PreStartContainer rpc failed with err: endpoint ${resource} has been stopped`,
    );
    await (await startPlugin({ preStart: false })).register();
    await manager.forContainer(p, wants('c', 1));
  });

  test('gets devices when it starts, where what it was given is not known any more', async () => {
    const { manager, plugin } = await startBoth({ response: () => ({ envs: { A: '1' } }) });
    const { env } = await manager.forContainer(pod('p', [wants('c', 1)]), wants('c', 1));
    expect([...env]).toEqual([['A', '1']]);
    expect(plugin.asked).toEqual(['Allocate a']);
  });

  test('says how they are, and is looked at again when that changes', async () => {
    const { manager, plugin } = await startBoth();
    await manager.allocate(pod('p', [wants('c', 2)]));
    const is = (...health: string[]) => [
      {
        name: resource,
        resources: health.map((state, i) => ({ resourceID: 'ab'.charAt(i), health: state })),
      },
    ];
    expect(manager.health('p', 'c')).toEqual(is('Healthy', 'Healthy'));
    expect(manager.health('p', 'other')).toEqual([]);
    plugin.tell(['a', { ID: 'b', health: 'Unhealthy' }]);
    await vi.waitFor(() => expect(unwell).toEqual(['p']));
    expect(manager.health('p', 'c')).toEqual(is('Healthy', 'Unhealthy'));
  });
});

describe('a kubelet that was started again', () => {
  test('knows what pods have, and what there was, none of which can be had before its plugin comes', async () => {
    const { manager, plugin } = await startBoth({ response: (ids) => ({ envs: { IDS: ids.join() } }) });
    const p = pod('p', [wants('c', 1)]);
    await manager.allocate(p);
    const next = await startManager();
    expect(amounts(next)).toEqual(['0', '0']);
    expect(await systemFiles.exists(plugin.socket)).toBe(false);
    const { env } = await next.forContainer(p, wants('c', 1));
    expect([...env]).toEqual([['IDS', 'a']]);
    await expect(next.allocate(pod('q', [wants('c', 1)]))).rejects.toThrow('no healthy devices present');
    const again = await startPlugin();
    await again.register();
    await vi.waitFor(() => expect(amounts(next)).toEqual(['2', '2']));
    // It is not known yet which pods are still there.
    await expect(next.allocate(pod('q', [wants('c', 2)]))).rejects.toThrow('Requested: 2, Available: 1');
    next.follow(() => new Set());
    await next.allocate(pod('q', [wants('c', 2)]));
    expect(Object.keys(given())).toEqual(['q/c']);
  });

  test('counts none of a resource whose plugin does not come back', async () => {
    await startBoth();
    const next = await startManager();
    passedMs = 301_000;
    expect(amounts(next)).toEqual(['0', '0']);
  });

  test('goes on without what it cannot read', async () => {
    const { manager } = await startBoth();
    await manager.allocate(pod('p', [wants('c', 1)]));
    await manager.stop();
    const path = `${dir}/kubelet_internal_checkpoint`;
    writeFileSync(path, readFileSync(path, 'utf8').replace('"p"', '"q"'));
    const next = await startManager();
    expect([...next.counts()]).toEqual([]);
  });
});

test('registrations are counted, and how long it takes to allocate devices is measured, whatever comes of it', async () => {
  const { manager, plugin } = await startBoth();
  await plugin.register();
  await manager.allocate(pod('p', [wants('c', 1)]));
  plugin.failures.set('Allocate', 'no power');
  await expect(manager.allocate(pod('q', [wants('c', 1)]))).rejects.toThrow('no power');
  expect(seriesOf(meter)).toMatchObject({
    [`kubelet_device_plugin_registration_total{resource_name="${resource}"}`]: 2,
    [`kubelet_device_plugin_alloc_duration_seconds_count{resource_name="${resource}"}`]: 2,
  });
});
