import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Container, Pod } from '../../api/core/v1.ts';
import { resourceclaims, resourceslices } from '../../api/generated/resources.ts';
import type { DeviceRequestAllocationResult, ResourceClaim } from '../../api/resource/v1.ts';
import { Client } from '../../client/client.ts';
import { systemClock } from '../../platform/clock.ts';
import { deferred } from '../../platform/deferred.ts';
import { systemFiles } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { MetricRegistry } from '../../platform/metrics/registry.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { seededRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { HealthStatus } from '../plugins/generated/drahealth/v1alpha1/drahealth_pb.js';
import { PluginRegistry } from '../plugins/plugin-registry.ts';
import type { NodeContext } from '../pods/context.ts';
import { TestApi } from '../testing/test-api.ts';
import { TestDraDriver, type TestDraDriverOptions } from '../testing/test-dra-driver.ts';
import { DraManager } from './dra-manager.ts';

const name = 'test.dra.example';

let dir: string;
let api: TestApi;
let meter: MetricRegistry;
let managers: DraManager[];
let drivers: TestDraDriver[];
let unwell: string[];
/** For waits of the kubelet's own. */
let timers: VirtualClock;
let passedMs: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dra-'));
  api = new TestApi();
  meter = new MetricRegistry();
  managers = [];
  drivers = [];
  unwell = [];
  timers = new VirtualClock();
  passedMs = 0;
});

afterEach(async () => {
  for (const driver of drivers) driver.stop();
  for (const manager of managers) await manager.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** However slow the machine. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 15_000 });

function context(): NodeContext {
  const clock = {
    ...systemClock,
    now: () => systemClock.now() + passedMs,
    after: timers.after.bind(timers),
    sleep: timers.sleep.bind(timers),
  };
  return {
    nodeName: 'n1',
    client: new Client(api),
    platform: { clock, files: systemFiles, log: silentLog, random: seededRandom(1) },
  } as unknown as NodeContext;
}

/** Another call is a kubelet that was started again. */
async function startManager() {
  await managers.at(-1)?.stop();
  const node = context();
  const manager = new DraManager({
    context: node,
    rootDir: dir,
    meter,
    onHealth: (uid) => void unwell.push(uid),
  });
  managers.push(manager);
  await manager.start();
  const handlers = { DRAPlugin: manager.drivers };
  const registry = new PluginRegistry({ dir: `${dir}/registry`, platform: node.platform, handlers });
  return { manager, registry };
}

async function startDriver(options: Partial<TestDraDriverOptions> = {}): Promise<TestDraDriver> {
  const driver = await TestDraDriver.start({ dir: `${dir}/own`, registry: `${dir}/registry`, ...options });
  drivers.push(driver);
  return driver;
}

/** A kubelet that has met a driver. */
async function startBoth(options: Partial<TestDraDriverOptions> = {}) {
  const driver = await startDriver(options);
  const { manager, registry } = await startManager();
  await registry.scan();
  expect(driver.registrations).toEqual(['registered']);
  return { manager, driver, registry };
}

const result = (more: Partial<DeviceRequestAllocationResult> = {}): DeviceRequestAllocationResult => ({
  request: 'r',
  driver: name,
  pool: 'n1',
  device: 'gpu-0',
  ...more,
});

/** A claim with devices, used by pods. */
function claim(
  claimName: string,
  users: string[],
  {
    results = [result()],
    ...more
  }: Partial<ResourceClaim> & { results?: DeviceRequestAllocationResult[] } = {},
): ResourceClaim {
  return api.add(resourceclaims, {
    metadata: { name: claimName, namespace: 'default', ...more.metadata },
    spec: { devices: { requests: [] } },
    status: {
      allocation: { devices: { results } },
      reservedFor: users.map((uid) => ({ resource: 'pods', name: uid, uid })),
      ...more.status,
    },
  });
}

const container = (of: Container['resources'], containerName = 'c'): Container => ({
  name: containerName,
  image: 'i',
  resources: of ?? {},
});

const pod = (uid: string, spec: Partial<Pod['spec']> = {}, status: Pod['status'] = {}): Pod => ({
  metadata: { name: uid, namespace: 'default', uid },
  spec: {
    resourceClaims: [{ name: 'gpu', resourceClaimName: 'a' }],
    containers: [container({ claims: [{ name: 'gpu' }] })],
    ...spec,
  },
  status,
});

const devicesOf = (manager: DraManager, of: Pod) =>
  manager.cdiDevices(of, of.spec.containers[0] as Container);

const file = () => JSON.parse(JSON.parse(readFileSync(`${dir}/dra_manager_state`, 'utf8')).Data);

describe('a driver that makes itself known', () => {
  test.each([
    ['without a version', [], 'empty list of supported gRPC services (aka supported versions)'],
    [
      'of other versions only',
      ['v1alpha4.Node', '1.0.0'],
      'none of services supported by the plugin (["v1alpha4.Node" "1.0.0"]) are supported by the kubelet (["v1.DRAPlugin" "v1beta1.DRAPlugin"])',
    ],
  ])('%s is told why it is not taken in', async (_, versions, why) => {
    const driver = await startDriver({ versions });
    const { registry } = await startManager();
    await registry.scan();
    expect(driver.registrations).toEqual([
      `invalid supported gRPC versions of DRA driver plugin ${name} at endpoint ${driver.socket}: ${why}`,
    ]);
  });

  test.each([
    ['the newest version', ['v1beta1.DRAPlugin', 'v1.DRAPlugin'], 'k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin'],
    ['the version before', ['v1beta1.DRAPlugin'], 'k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin'],
  ])('is asked in %s that it knows', async (_, versions, service) => {
    const { manager, driver } = await startBoth({ versions });
    claim('a', ['p']);
    await manager.prepare(pod('p'));
    await manager.unprepare('p');
    expect([...driver.services]).toEqual([service]);
  });

  test('takes over from one that is there, and is taken over from', async () => {
    const { manager, driver: first, registry } = await startBoth();
    claim('a', ['p']);
    const second = await startDriver({ instance: '-2' });
    await registry.scan();
    await eventually(() => expect(manager.drivers.get(name).endpoint).toBe(second.socket));
    await manager.prepare(pod('p'));
    second.stop();
    await registry.scan();
    await manager.unprepare('p');
    expect([first.asked, second.asked]).toEqual([['unprepare a'], ['prepare a']]);
  });

  test('is not asked while another of it is connected and it is not', async () => {
    const { manager, driver: first, registry } = await startBoth();
    const second = await startDriver({ instance: '-2' });
    await registry.scan();
    await eventually(() => expect(manager.drivers.get(name).endpoint).toBe(second.socket));
    second.silence();
    await eventually(() => expect(manager.drivers.get(name).endpoint).toBe(first.socket));
    await second.serve();
    await eventually(() => expect(manager.drivers.get(name).endpoint).toBe(second.socket));
  });
});

describe('what drivers say of the devices of the node', () => {
  const slice = (sliceName: string, nodeName: string, driver = name) =>
    api.add(resourceslices, {
      metadata: { name: sliceName },
      spec: { driver, nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 } },
    });
  const left = () => api.list(resourceslices).map(({ metadata }) => metadata.name);

  test('is taken back at the start, from other nodes never', async () => {
    slice('one', 'n1');
    slice('two', 'n1', 'other.example');
    slice('three', 'n2');
    await startManager();
    await eventually(() => expect(left()).toEqual(['three']));
  });

  test('is taken back half a minute after the driver has gone, and that of other drivers stays', async () => {
    const { driver, registry, manager } = await startBoth();
    await eventually(() => expect(manager.drivers.get(name).isConnected).toBe(true));
    slice('one', 'n1');
    slice('two', 'n1', 'other.example');
    driver.stop();
    await registry.scan();
    await timers.advance(29_000);
    expect(left()).toEqual(['one', 'two']);
    await timers.advance(2000);
    await eventually(() => expect(left()).toEqual(['two']));
  });

  test('stays where the driver comes back in time, which need not be by the same socket', async () => {
    const { driver, registry, manager } = await startBoth();
    slice('one', 'n1');
    driver.stop();
    await registry.scan();
    await timers.advance(29_000);
    await startDriver({ instance: '-2' });
    await registry.scan();
    await eventually(() => expect(manager.drivers.get(name).isConnected).toBe(true));
    await timers.advance(60_000);
    expect(left()).toEqual(['one']);
  });

  test('is taken back too where nobody answers at the socket of a driver', async () => {
    const { driver, manager } = await startBoth();
    await eventually(() => expect(manager.drivers.get(name).isConnected).toBe(true));
    slice('one', 'n1');
    driver.silence();
    await eventually(() => expect(manager.drivers.get(name).isConnected).toBe(false));
    await timers.advance(31_000);
    await eventually(() => expect(left()).toEqual([]));
  });

  test('is taken back once the API can be asked again', async () => {
    slice('one', 'n1');
    const request = vi.spyOn(api, 'request').mockRejectedValue(new Error('no API'));
    await startManager();
    await eventually(() => expect(request).toHaveBeenCalledTimes(1));
    request.mockRestore();
    await eventually(async () => {
      await timers.advance(1000);
      expect(left()).toEqual([]);
    });
  });
});

describe('claims of a pod', () => {
  test('are made ready by each driver in one go, and taken back', async () => {
    const { manager, driver, registry } = await startBoth();
    const other = await startDriver({ name: 'other.example' });
    await registry.scan();
    claim('a', ['p'], { results: [result(), result({ driver: 'other.example' })] });
    claim('b', ['p']);
    const both = pod('p', {
      resourceClaims: [
        { name: 'gpu', resourceClaimName: 'a' },
        { name: 'nic', resourceClaimName: 'b' },
      ],
    });
    await manager.prepare(both);
    await manager.prepare(both);
    expect([driver.asked, other.asked]).toEqual([['prepare a,b'], ['prepare a']]);
    expect(devicesOf(manager, both)).toEqual(['test.dra.example/gpu=a', 'other.example/gpu=a']);
    expect(manager.holds('p')).toBe(true);
    await manager.unprepare('p');
    expect(manager.holds('p')).toBe(false);
    await manager.unprepare('p');
    expect([driver.asked, other.asked]).toEqual([
      ['prepare a,b', 'unprepare a,b'],
      ['prepare a', 'unprepare a'],
    ]);
    expect(() => devicesOf(manager, both)).toThrow(
      'internal error: unable to get claim info for ResourceClaim a in namespace default',
    );
    expect(file().Entries).toEqual([]);
  });

  test('are written down as upstream does', async () => {
    const devices = () => [
      { requestNames: ['r'], poolName: 'n1', deviceName: 'gpu-0', cdiDeviceIds: ['x/y=z'], shareId: 's' },
    ];
    const { manager } = await startBoth({ devices });
    claim('a', ['p']);
    await manager.prepare(pod('p'));
    const state = {
      PoolName: 'n1',
      DeviceName: 'gpu-0',
      ShareID: 's',
      RequestNames: ['r'],
      CDIDeviceIDs: ['x/y=z'],
    };
    expect(file()).toEqual({
      kind: 'DRACheckpoint',
      apiVersion: 'checkpoint.dra.kubelet.k8s.io/v1',
      Entries: [
        {
          ClaimUID: 'uid-a',
          ClaimName: 'a',
          Namespace: 'default',
          PodUIDs: { p: {} },
          DriverState: { [name]: { Devices: [state] } },
        },
      ],
    });
  });

  test('of templates are found by the status of the pod, and one that was found not to be needed is none', async () => {
    const { manager, driver } = await startBoth();
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'p', controller: true };
    claim('made', ['p'], { metadata: { ownerReferences: [owner] } });
    const spec = {
      resourceClaims: [
        { name: 'gpu', resourceClaimTemplateName: 't' },
        { name: 'none', resourceClaimTemplateName: 't' },
      ],
      containers: [container({ claims: [{ name: 'gpu' }, { name: 'none' }] })],
    };
    const resourceClaimStatuses = [{ name: 'gpu', resourceClaimName: 'made' }, { name: 'none' }];
    await expect(manager.prepare(pod('p', spec))).rejects.toThrow(
      'prepare dynamic resources: pod "default/p": ResourceClaim not created yet',
    );
    const user = pod('p', spec, { resourceClaimStatuses });
    await manager.prepare(user);
    expect(driver.asked).toEqual(['prepare made']);
    expect(devicesOf(manager, user)).toEqual(['test.dra.example/gpu=made']);
  });

  test('that are still to be made hold up nobody who asks how the pod is', async () => {
    const { manager } = await startBoth();
    const early = pod('p', { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] });
    expect(manager.health(early, 'c')).toEqual([]);
    expect(manager.claimed(early, early.spec.containers[0] as Container)).toEqual([]);
    expect(() => devicesOf(manager, early)).toThrow('pod "default/p": ResourceClaim not created yet');
  });

  test('are given by their requests, where a container names these', async () => {
    const device = (deviceName: string, requestNames: string[]) => ({
      requestNames,
      poolName: 'n1',
      deviceName,
      cdiDeviceIds: [`d/gpu=${deviceName}`],
    });
    const devices = () => [device('one', ['r1']), device('two', ['r2']), device('all', [])];
    const { manager } = await startBoth({ devices });
    claim('a', ['p']);
    const user = pod('p', {
      containers: [
        container({ claims: [{ name: 'gpu', request: 'r1' }] }, 'first'),
        container(
          {
            claims: [
              { name: 'gpu', request: 'r2' },
              { name: 'gpu', request: 'r1' },
            ],
          },
          'both',
        ),
        container({ claims: [{ name: 'gpu' }] }, 'all'),
        container({}, 'none'),
      ],
    });
    await manager.prepare(user);
    expect(user.spec.containers.map((one) => manager.cdiDevices(user, one))).toEqual([
      ['d/gpu=one', 'd/gpu=all'],
      ['d/gpu=two', 'd/gpu=all', 'd/gpu=one'],
      ['d/gpu=one', 'd/gpu=two', 'd/gpu=all'],
      [],
    ]);
    expect(manager.claimed(user, user.spec.containers[0] as Container)).toMatchObject([
      ['a', [{ device: 'one', driver: name }, { device: 'two' }, { device: 'all' }]],
    ]);
    expect(manager.claimed(user, user.spec.containers[3] as Container)).toEqual([]);
  });

  test('for extended resources are given to the containers that ask for these', async () => {
    const devices = () =>
      ['r0', 'r1'].map((request) => ({ requestNames: [request], cdiDeviceIds: [`d/gpu=${request}`] }));
    const { manager, driver } = await startBoth({ devices });
    claim('extended', ['p']);
    const amount = { 'example.com/gpu': '1' };
    const mapping = (containerName: string, requestName: string) => ({
      containerName,
      resourceName: 'example.com/gpu',
      requestName,
    });
    const user = pod(
      'p',
      {
        resourceClaims: [],
        containers: [
          container({ requests: amount, limits: amount }, 'first'),
          container({ requests: amount, limits: amount }, 'second'),
          container({}, 'none'),
        ],
      },
      {
        extendedResourceClaimStatus: {
          resourceClaimName: 'extended',
          requestMappings: [mapping('first', 'r0'), mapping('second', 'r1'), mapping('none', 'r1')],
        },
      },
    );
    await manager.prepare(user);
    expect(user.spec.containers.map((one) => manager.cdiDevices(user, one))).toEqual([
      ['d/gpu=r0'],
      ['d/gpu=r1'],
      [],
    ]);
    await manager.unprepare('p');
    expect(driver.asked).toEqual(['prepare extended', 'unprepare extended']);
  });

  test.each<[string, () => unknown, string]>([
    ['that is not there', () => {}, 'fetch ResourceClaim a: resourceclaims.resource.k8s.io "a" not found'],
    [
      'that is not for the pod',
      () => claim('a', ['q']),
      'pod p (p) is not allowed to use ResourceClaim a (uid-a)',
    ],
    [
      'without devices',
      () => claim('a', ['p'], { status: { allocation: undefined } }),
      'ResourceClaim a: not allocated',
    ],
    [
      'of a driver that is not there',
      () => claim('a', ['p'], { results: [result({ driver: 'gone.example' })] }),
      'DRA driver gone.example is not registered',
    ],
  ])('%s is told, and nothing has to be taken back', async (_, prepare, why) => {
    const { manager, driver } = await startBoth();
    prepare();
    await expect(manager.prepare(pod('p'))).rejects.toThrow(`prepare dynamic resources: ${why}`);
    await manager.unprepare('p');
    expect(driver.asked).toEqual([]);
  });

  test('that were made for another pod are not given to it', async () => {
    const { manager } = await startBoth();
    claim('made', ['p'], {
      metadata: {
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'q', uid: 'q', controller: true }],
      },
    });
    const user = pod(
      'p',
      { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] },
      { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'made' }] },
    );
    await expect(manager.prepare(user)).rejects.toThrow(
      'ResourceClaim default/made was not created for Pod default/p (Pod is not owner)',
    );
  });

  test.each<[string, (driver: TestDraDriver, method: string) => unknown, string]>([
    [
      'as a whole',
      (driver, method) => driver.failures.set(method, 'no power'),
      ': rpc error: code = Unknown desc = no power',
    ],
    [
      'for one of them',
      (driver) => driver.failures.set('a', 'in use'),
      ' failed for ResourceClaim a: in use',
    ],
    ['by silence', (driver) => driver.skipped.add('a'), ' skipped 1 ResourceClaims'],
  ])('are tried again where the driver fails %s', async (_, fail, why) => {
    const { manager, driver } = await startBoth();
    const mend = () => {
      driver.failures.clear();
      driver.skipped.clear();
    };
    claim('a', ['p']);
    fail(driver, 'prepare');
    await expect(manager.prepare(pod('p'))).rejects.toThrow(
      `prepare dynamic resources: NodePrepareResources${why}`,
    );
    expect(devicesOf(manager, pod('p'))).toEqual([]);
    mend();
    await manager.prepare(pod('p'));
    fail(driver, 'unprepare');
    await expect(manager.unprepare('p')).rejects.toThrow(
      `unprepare dynamic resources: NodeUnprepareResources${why}`,
    );
    mend();
    await manager.unprepare('p');
    expect(driver.asked).toEqual(['prepare a', 'prepare a', 'unprepare a', 'unprepare a']);
  });

  test('are taken back from a pod that went before they were ready', async () => {
    const { manager, driver } = await startBoth();
    claim('a', ['p']);
    driver.failures.set('a', 'in use');
    await expect(manager.prepare(pod('p'))).rejects.toThrow('in use');
    driver.failures.clear();
    await manager.unprepare('p');
    expect(driver.asked).toEqual(['prepare a', 'unprepare a']);
  });

  test('are not waited for any longer once the pod is to go', async () => {
    const { manager, driver } = await startBoth();
    claim('a', ['p']);
    const gate = deferred();
    driver.gate = gate.promise;
    const abort = new AbortController();
    const prepared = manager.prepare(pod('p'), abort.signal);
    await eventually(() => expect(driver.asked).toHaveLength(1));
    abort.abort('it goes');
    await expect(prepared).rejects.toThrow('NodePrepareResources: rpc error: code = Canceled desc = it goes');
    // Nor are they taken back to the end where the kubelet is to stop.
    const stop = new AbortController();
    const unprepared = manager.unprepare('p', stop.signal);
    await eventually(() => expect(driver.asked).toHaveLength(2));
    stop.abort('it stops');
    await expect(unprepared).rejects.toThrow(
      'NodeUnprepareResources: rpc error: code = Canceled desc = it stops',
    );
    expect(manager.holds('p')).toBe(true);
    gate.resolve();
    await manager.tidy(new Set(), stop.signal);
    expect(driver.asked).toHaveLength(2);
    await manager.tidy(new Set());
    expect(manager.holds('p')).toBe(false);
  });

  test('are not waited for any longer than three quarters of a minute', async () => {
    const { manager, driver } = await startBoth();
    claim('a', ['p']);
    const gate = deferred();
    driver.gate = gate.promise;
    passedMs = -44_900;
    await expect(manager.prepare(pod('p'))).rejects.toThrow(
      /NodePrepareResources: rpc error: code = DeadlineExceeded desc = context deadline exceeded$/,
    );
    gate.resolve();
    driver.gate = Promise.resolve();
    passedMs = 0;
    await manager.unprepare('p');
  });

  test('that are shared are taken back after the last of their pods', async () => {
    const { manager, driver } = await startBoth();
    claim('a', ['p', 'q']);
    await manager.prepare(pod('p'));
    await manager.prepare(pod('q'));
    await manager.unprepare('p');
    expect(driver.asked).toEqual(['prepare a']);
    expect(devicesOf(manager, pod('q'))).toHaveLength(1);
    await manager.unprepare('q');
    expect(driver.asked).toEqual(['prepare a', 'unprepare a']);
  });

  test('are not taken back under a pod that comes meanwhile', async () => {
    const { manager, driver } = await startBoth();
    claim('a', ['p', 'q']);
    await manager.prepare(pod('p'));
    const gate = deferred();
    driver.gate = gate.promise;
    const gone = manager.unprepare('p');
    await eventually(() => expect(driver.asked).toHaveLength(2));
    const come = manager.prepare(pod('q'));
    gate.resolve();
    await Promise.all([gone, come]);
    expect(driver.asked).toEqual(['prepare a', 'unprepare a', 'prepare a']);
    expect(devicesOf(manager, pod('q'))).toHaveLength(1);
  });

  test('of one pod are made ready while those of another take their time', async () => {
    const { manager, driver, registry } = await startBoth();
    await startDriver({ name: 'other.example' });
    await registry.scan();
    claim('a', ['p']);
    claim('b', ['q'], { results: [result({ driver: 'other.example' })] });
    const gate = deferred();
    driver.gate = gate.promise;
    const slow = manager.prepare(pod('p'));
    await manager.prepare(pod('q', { resourceClaims: [{ name: 'gpu', resourceClaimName: 'b' }] }));
    gate.resolve();
    await slow;
  });

  test('wait where the node still has another of the same name', async () => {
    const { manager } = await startBoth();
    claim('a', ['p']);
    await manager.prepare(pod('p'));
    api.remove(resourceclaims, 'default', 'a');
    claim('a', ['q'], { metadata: { uid: 'another' } });
    await expect(manager.prepare(pod('q'))).rejects.toThrow(
      'old ResourceClaim with same name a and different UID uid-a still exists (previous pod force-deleted?!)',
    );
    await manager.unprepare('p');
    await manager.prepare(pod('q'));
  });
});

describe('a kubelet that is started again', () => {
  test('gives containers what was ready, and takes back what was for pods that are gone', async () => {
    const first = await startBoth();
    claim('a', ['p']);
    claim('b', ['q']);
    await first.manager.prepare(pod('p'));
    await first.manager.prepare(pod('q', { resourceClaims: [{ name: 'gpu', resourceClaimName: 'b' }] }));
    const { manager, registry } = await startManager();
    expect(devicesOf(manager, pod('p'))).toEqual(['test.dra.example/gpu=a']);
    first.driver.asked.length = 0;
    // Nobody is there yet who could.
    await manager.tidy(new Set(['p']));
    await registry.scan();
    await manager.tidy(new Set(['p']));
    await manager.tidy(new Set(['p']));
    expect(first.driver.asked).toEqual(['unprepare b']);
    expect(file().Entries).toMatchObject([{ ClaimName: 'a' }]);
  });

  test('knows a claim for which a driver was asked, whatever it said', async () => {
    const { manager, driver } = await startBoth();
    claim('a', ['p']);
    driver.failures.set('prepare', 'no power');
    await expect(manager.prepare(pod('p'))).rejects.toThrow('no power');
    const { manager: next, registry } = await startManager();
    await registry.scan();
    await next.tidy(new Set());
    expect(driver.asked).toEqual(['prepare a', 'unprepare a']);
  });

  test('has a claim made ready once more for the next pod', async () => {
    const { manager, driver } = await startBoth();
    claim('a', ['p', 'q']);
    await manager.prepare(pod('p'));
    const { manager: next, registry } = await startManager();
    await registry.scan();
    await next.prepare(pod('q'));
    expect(driver.asked).toEqual(['prepare a', 'prepare a']);
    expect(next.claimed(pod('q'), pod('q').spec.containers[0] as Container)[0]?.[1]).toHaveLength(1);
  });

  test('starts where the file cannot be understood', async () => {
    writeFileSync(`${dir}/dra_manager_state`, '{"Data":"{}","Checksum":1}');
    const { manager } = await startBoth();
    claim('a', ['p']);
    await manager.prepare(pod('p'));
  });
});

describe('how devices are', () => {
  const told = (health: HealthStatus, more: object = {}) => ({
    device: { poolName: 'n1', deviceName: 'gpu-0' },
    health,
    ...more,
  });
  const status = (health: string, more: object = {}) => [
    { name: 'claim:gpu', resources: [{ resourceID: 'test.dra.example/gpu=a', health, ...more }] },
  ];

  async function startWithHealth() {
    const both = await startBoth({ health: true });
    claim('a', ['p']);
    await both.manager.prepare(pod('p'));
    await eventually(() => expect(both.driver.listeners).toBe(1));
    return both;
  }

  test('stands in the status of pods, and changes are told', async () => {
    const { manager, driver } = await startWithHealth();
    expect(manager.health(pod('p'), 'c')).toEqual(status('Unknown'));
    driver.tell([told(HealthStatus.HEALTHY)]);
    await eventually(() => expect(manager.health(pod('p'), 'c')).toEqual(status('Healthy')));
    expect(unwell).toEqual(['p']);
    driver.tell([told(HealthStatus.UNHEALTHY, { message: 'too hot' })]);
    await eventually(() =>
      expect(manager.health(pod('p'), 'c')).toEqual(status('Unhealthy', { message: 'too hot' })),
    );
    expect(unwell).toEqual(['p', 'p']);
    expect(manager.health(pod('p', { containers: [container({})] }), 'c')).toEqual([]);
  });

  test.each([
    ['half a minute', {}, 30],
    ['as long as the driver says', { healthCheckTimeoutSeconds: 90n }, 90],
  ])('holds for %s', async (_, more, seconds) => {
    const { manager, driver } = await startWithHealth();
    driver.tell([told(HealthStatus.HEALTHY, more)]);
    await eventually(() => expect(manager.health(pod('p'), 'c')).toEqual(status('Healthy')));
    passedMs = (seconds - 5) * 1000;
    expect(manager.health(pod('p'), 'c')).toEqual(status('Healthy'));
    passedMs = (seconds + 1) * 1000;
    expect(manager.health(pod('p'), 'c')).toEqual(status('Unknown'));
    unwell.length = 0;
    driver.tell([]);
    await eventually(() => expect(unwell).toEqual(['p']));
  });

  test('is remembered by a kubelet that is started again, for as long as it holds', async () => {
    const { manager, driver } = await startWithHealth();
    driver.tell([told(HealthStatus.UNHEALTHY, { message: 'too hot' })]);
    await eventually(() => expect(unwell).toEqual(['p']));
    await manager.stop();
    expect(JSON.parse(readFileSync(`${dir}/dra_health_state`, 'utf8'))).toEqual({
      [name]: {
        Devices: {
          'n1/gpu-0': {
            PoolName: 'n1',
            DeviceName: 'gpu-0',
            Health: 'Unhealthy',
            LastUpdated: expect.stringMatching(/^\d{4}-.*Z$/),
            HealthCheckTimeout: 30_000_000_000,
            Message: 'too hot',
          },
        },
      },
    });
    const { manager: next } = await startManager();
    expect(next.health(pod('p'), 'c')).toEqual(status('Unhealthy', { message: 'too hot' }));
    passedMs = 31_000;
    expect(next.health(pod('p'), 'c')).toEqual(status('Unknown'));
  });

  test('is told in at most a kibibyte, which ends with a whole character', async () => {
    const { manager, driver } = await startWithHealth();
    driver.tell([told(HealthStatus.UNHEALTHY, { message: `a${'ü'.repeat(600)}` })]);
    const message = `a${'ü'.repeat(510)}...`;
    expect(Buffer.byteLength(message)).toBe(1024);
    await eventually(() => expect(manager.health(pod('p'), 'c')).toEqual(status('Unhealthy', { message })));
  });

  test('is not known once the driver is gone, and told again when it comes back', async () => {
    const { manager, driver, registry } = await startWithHealth();
    driver.tell([told(HealthStatus.HEALTHY)]);
    await eventually(() => expect(manager.health(pod('p'), 'c')).toEqual(status('Healthy')));
    driver.silence();
    await eventually(() => expect(manager.health(pod('p'), 'c')).toEqual(status('Unknown')));
    await driver.serve();
    await eventually(async () => {
      await timers.advance(5000);
      expect(manager.health(pod('p'), 'c')).toEqual(status('Healthy'));
    });
    driver.stop();
    await registry.scan();
    await eventually(() => expect(manager.health(pod('p'), 'c')).toEqual(status('Unknown')));
  });

  test('is told by the instance that takes over, whatever becomes of the one before', async () => {
    const { manager, driver: first, registry } = await startWithHealth();
    const second = await startDriver({ instance: '-2', health: true });
    await registry.scan();
    await eventually(() => expect(second.listeners).toBe(1));
    second.tell([told(HealthStatus.HEALTHY)]);
    await eventually(() => expect(manager.health(pod('p'), 'c')).toEqual(status('Healthy')));
    first.silence();
    await eventually(() => expect(first.listeners).toBe(0));
    first.stop();
    await registry.scan();
    expect(manager.health(pod('p'), 'c')).toEqual(status('Healthy'));
    second.stop();
    await registry.scan();
    expect(manager.health(pod('p'), 'c')).toEqual(status('Unknown'));
  });

  test('is named by request, and by the device where it has no CDI device', async () => {
    const devices = () =>
      ['r', 's'].map((request) => ({ requestNames: [request], poolName: 'n1', deviceName: request }));
    const { manager } = await startBoth({ devices });
    claim('a', ['p']);
    const user = pod('p', { containers: [container({ claims: [{ name: 'gpu', request: 's' }] })] });
    await manager.prepare(user);
    expect(manager.health(user, 'c')).toEqual([
      { name: 'claim:gpu/s', resources: [{ resourceID: `${name}/n1/s`, health: 'Unknown' }] },
    ]);
  });
});

test('what is done, and how long it takes, is measured', async () => {
  const { manager, driver } = await startBoth();
  claim('a', ['p']);
  await manager.prepare(pod('p'));
  expect(seriesOf(meter)).toMatchObject({
    'dra_resource_claims_in_use{driver_name="<any>"}': 1,
    [`dra_resource_claims_in_use{driver_name="${name}"}`]: 1,
  });
  driver.failures.set('unprepare', 'no');
  await expect(manager.unprepare('p')).rejects.toThrow('no');
  driver.failures.clear();
  await manager.unprepare('p');
  const call = (method: string, code: string) =>
    `dra_grpc_operations_duration_seconds_count{driver_name="${name}",method_name="/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/${method}",grpc_status_code="${code}"}`;
  const operation = (of: string, isError: boolean) =>
    `dra_operations_duration_seconds_count{operation_name="${of}",is_error="${isError}"}`;
  const series = seriesOf(meter);
  expect(series).toMatchObject({
    [operation('PrepareResources', false)]: 1,
    [operation('UnprepareResources', true)]: 1,
    [operation('UnprepareResources', false)]: 1,
    [call('NodePrepareResources', 'OK')]: 1,
    [call('NodeUnprepareResources', 'Unknown')]: 1,
    [call('NodeUnprepareResources', 'OK')]: 1,
    'dra_resource_claims_in_use{driver_name="<any>"}': 0,
  });
  expect(series).not.toHaveProperty([`dra_resource_claims_in_use{driver_name="${name}"}`]);
});
