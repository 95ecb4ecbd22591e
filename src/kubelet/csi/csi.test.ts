import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PersistentVolume, Pod } from '../../api/core/v1.ts';
import {
  csidrivers,
  csinodes,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  secrets,
  serviceaccounts,
  volumeattachments,
} from '../../api/generated/resources.ts';
import type { CSIDriver } from '../../api/storage/v1.ts';
import { Client } from '../../client/client.ts';
import { attachmentName } from '../../machinery/csi-names.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { PluginRegistry } from '../plugins/plugin-registry.ts';
import type { NodeContext } from '../pods/context.ts';
import { TestApi } from '../testing/test-api.ts';
import { TestCsiDriver, type TestCsiDriverOptions } from '../testing/test-csi-driver.ts';
import type { MountedVolume } from '../volumes/mounter.ts';
import { noMounts } from '../volumes/mounts.ts';
import { VolumeMeter } from '../volumes/volume-meter.ts';
import { TokenManager } from '../volumes/token-manager.ts';
import { CsiDrivers } from './csi-drivers.ts';
import { CsiMounter } from './csi-mounter.ts';
import { CsiVolumes } from './csi-volumes.ts';

const name = 'test.csi.example';

let dir: string;
let api: TestApi;
let context: NodeContext;
let running: TestCsiDriver[];
let told: string[];
let reports: string[][];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'csi-'));
  api = new TestApi();
  running = [];
  told = [];
  reports = [];
  const recorder = {
    record: (_: unknown, note: { reason: string; message: string }) =>
      void told.push(`${note.reason}: ${note.message}`),
  };
  const platform = { clock: systemClock, files: systemFiles, log: silentLog };
  context = { nodeName: 'n1', client: new Client(api), platform, recorder } as unknown as NodeContext;
  api.add(nodes, { metadata: { name: 'n1', labels: { zone: 'a' } }, spec: {} });
  api.add(csinodes, { metadata: { name: 'n1' }, spec: { drivers: [] } });
  api.add(serviceaccounts, { metadata: { name: 'default', namespace: 'default' } });
});

afterEach(() => {
  for (const driver of running) driver.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function startDriver(options: Partial<TestCsiDriverOptions> = {}): Promise<TestCsiDriver> {
  const driver = await TestCsiDriver.start({ dir: `${dir}/driver`, registry: `${dir}/registry`, ...options });
  running.push(driver);
  return driver;
}

/** The parts of a kubelet that drivers meet; another call is a kubelet that was started again. */
async function startKubelet() {
  const drivers = new CsiDrivers(context);
  const platform = { clock: systemClock, files: systemFiles, log: silentLog };
  const registry = new PluginRegistry({ dir: `${dir}/registry`, platform, handlers: { CSIPlugin: drivers } });
  const volumes: CsiVolumes = new CsiVolumes({
    context,
    rootDir: `${dir}/kubelet`,
    mounts: noMounts,
    drivers,
    tokens: new TokenManager(context),
    report: async () => void reports.push(volumes.inUse()),
  });
  await volumes.load();
  await registry.scan();
  return { drivers, registry, volumes, mounter: new CsiMounter(context, volumes) };
}

const pod = (podName: string): Pod => ({
  metadata: { name: podName, namespace: 'default', uid: `uid-${podName}` },
  spec: { containers: [], serviceAccountName: 'default', securityContext: { fsGroup: 77 } },
});

const volume = (handle: string, more: object = {}): PersistentVolume => ({
  metadata: { name: `pv-${handle}` },
  spec: {
    accessModes: ['ReadWriteOnce'],
    mountOptions: ['noatime'],
    csi: { driver: name, volumeHandle: handle, fsType: 'ext4', volumeAttributes: { tier: 'gold' }, ...more },
  },
});

const driverObject = (spec: CSIDriver['spec']) => api.add(csidrivers, { metadata: { name }, spec });

function attach(handle: string, status: object = { attached: true }): void {
  const source = { persistentVolumeName: `pv-${handle}` };
  api.add(volumeattachments, {
    metadata: { name: attachmentName({ driver: name, handle }, 'n1') },
    spec: { attacher: name, nodeName: 'n1', source },
    status: status as { attached: boolean },
  });
}

const standsAt = (podName: string, of: string) =>
  `${dir}/kubelet/pods/uid-${podName}/volumes/kubernetes.io~csi/${of}/mount`;

/** A kubelet is gone when one pod has its volume and that of another is staged and nothing more; the next one takes both away. */
async function takenAwayAfterStart(volumeOf: (handle: string) => PersistentVolume) {
  attach('v1');
  attach('v2');
  const driver = await startDriver({ can: ['STAGE_UNSTAGE_VOLUME'] });
  const before = await startKubelet();
  await before.mounter.persistent(pod('a'), { volume: volumeOf('v1') });
  driver.failures.set('NodePublishVolume', 'too late');
  await expect(before.mounter.persistent(pod('b'), { volume: volumeOf('v2') })).rejects.toThrow('too late');
  // The pod went away meanwhile.
  await systemFiles.remove(`${dir}/kubelet/pods/uid-b`);
  const { volumes } = await startKubelet();
  expect(volumes.inUse()).toEqual([`kubernetes.io/csi/${name}^v1`, `kubernetes.io/csi/${name}^v2`]);
  driver.calls.length = 0;
  await volumes.tidy();
  expect(driver.calls).toMatchObject([{ method: 'NodeUnstageVolume', request: { volumeId: 'v2' } }]);
  await volumes.unpublishAll('uid-a');
  return { driver, volumes };
}

describe('a driver that makes itself known', () => {
  test('stands in the CSINode, and what it says of the node in its labels', async () => {
    const driver = await startDriver({
      nodeId: 'i-17',
      maxVolumes: 12,
      topology: { 'example/rack': 'r1', zone: 'a' },
    });
    const { registry } = await startKubelet();
    expect(driver.registrations).toEqual([{ registered: true, error: '' }]);
    const entry = {
      name,
      nodeID: 'i-17',
      topologyKeys: ['example/rack', 'zone'],
      allocatable: { count: 12 },
    };
    expect(api.get(csinodes, '', 'n1')?.spec.drivers).toEqual([entry]);
    expect(api.get(nodes, '', 'n1')?.metadata).toMatchObject({
      labels: { zone: 'a', 'example/rack': 'r1' },
      annotations: { 'csi.volume.kubernetes.io/nodeid': `{"${name}":"i-17"}` },
    });
    await registry.scan();
    expect(driver.registrations).toHaveLength(1);
  });

  test('is taken in again when it starts again, with what it says then, and is gone when its socket is', async () => {
    const first = await startDriver({ maxVolumes: 12 });
    const { registry, drivers } = await startKubelet();
    first.stop();
    await startDriver({ nodeId: 'other' });
    await registry.scan();
    expect(api.get(csinodes, '', 'n1')?.spec.drivers).toEqual([{ name, nodeID: 'other', topologyKeys: [] }]);
    running.at(-1)?.stop();
    await registry.scan();
    expect(api.get(csinodes, '', 'n1')?.spec.drivers).toEqual([]);
    expect(api.get(nodes, '', 'n1')?.metadata.annotations ?? {}).toEqual({});
    expect(() => drivers.get(name)).toThrow(
      `driver name ${name} not found in the list of registered CSI drivers`,
    );
  });

  test.each([
    ['of another version', { versions: ['0.3.0'] }, 'none of the versions specified ["0.3.0"] are supported'],
    [
      'that says the node is elsewhere',
      { topology: { zone: 'b' } },
      'detected topology value collision: driver reported "zone":"b" but existing label is "zone":"a"',
    ],
  ])('%s is told why it is not taken in', async (_, options, why) => {
    const driver = await startDriver(options);
    await startKubelet();
    expect(driver.registrations).toEqual([{ registered: false, error: expect.stringContaining(why) }]);
    expect(api.get(csinodes, '', 'n1')?.spec.drivers).toEqual([]);
  });

  test('of a type that nobody handles is told so', async () => {
    const driver = await startDriver();
    const platform = { clock: systemClock, files: systemFiles, log: silentLog };
    await new PluginRegistry({ dir: `${dir}/registry`, platform, handlers: {} }).scan();
    const error = `no handler registered for plugin type: CSIPlugin at socket ${dir}/registry/${name}-reg.sock`;
    expect(driver.registrations).toEqual([{ registered: false, error }]);
  });
});

describe('a persistent volume of a driver', () => {
  const stages: TestCsiDriverOptions['can'] = ['STAGE_UNSTAGE_VOLUME'];

  test('is staged once, published for each pod, and taken away with the last', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver({ can: stages });
    const { mounter, volumes } = await startKubelet();
    const published = await mounter.persistent(pod('a'), { volume: volume('v1') });
    expect(published).toMatchObject({ path: standsAt('a', 'pv-v1'), readOnly: false, givesToGroup: true });
    await mounter.persistent(pod('a'), { volume: volume('v1') });
    await mounter.persistent(pod('b'), { volume: volume('v1'), readOnly: true });
    expect(driver.asked).toEqual(['NodeStageVolume', 'NodePublishVolume', 'NodePublishVolume']);
    const [stage, first, second] = driver.calls.map(({ request }) => request);
    const accessMode = { mode: 1 };
    const use = {
      accessType: { case: 'mount', value: { fsType: 'ext4', mountFlags: ['noatime'], volumeMountGroup: '' } },
      accessMode,
    };
    expect(stage).toMatchObject({ volumeId: 'v1', volumeContext: { tier: 'gold' }, volumeCapability: use });
    const stagingTargetPath = stage?.stagingTargetPath;
    const hash = /[0-9a-f]{64}/;
    expect(String(stagingTargetPath).replace(hash, 'HASH')).toBe(
      `${dir}/kubelet/plugins/kubernetes.io/csi/${name}/HASH/globalmount`,
    );
    expect(first).toMatchObject({
      volumeId: 'v1',
      stagingTargetPath,
      targetPath: standsAt('a', 'pv-v1'),
      readonly: false,
    });
    expect(second).toMatchObject({ targetPath: standsAt('b', 'pv-v1'), readonly: true });
    driver.calls.length = 0;
    await volumes.unpublishAll('uid-a');
    expect(driver.asked).toEqual(['NodeUnpublishVolume']);
    await volumes.tidy();
    await volumes.unpublishAll('uid-b');
    expect(driver.asked).toEqual(['NodeUnpublishVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume']);
    expect(await systemFiles.list(`${dir}/kubelet/plugins/kubernetes.io/csi/${name}`)).toEqual([]);
    expect(reports).toEqual([]);
  });

  test('waits until it is attached, and is said to be in use before it is mounted and until it is gone', async () => {
    const driver = await startDriver({ can: stages });
    const { mounter, volumes } = await startKubelet();
    const publishing = mounter.persistent(pod('a'), { volume: volume('v1') });
    const inUse = [`kubernetes.io/csi/${name}^v1`];
    await vi.waitFor(() => expect(reports).toEqual([inUse]));
    expect(driver.asked).toEqual([]);
    attach('v1', { attached: true, attachmentMetadata: { device: '/dev/x' } });
    await publishing;
    for (const { request } of driver.calls) expect(request.publishContext).toEqual({ device: '/dev/x' });
    await volumes.unpublishAll('uid-a');
    expect(reports).toEqual([inUse, []]);
  });

  test('tells why it is not attached', async () => {
    await startDriver();
    const { mounter, volumes } = await startKubelet();
    attach('v1', { attached: false, attachError: { message: 'no such disk' } });
    await expect(mounter.persistent(pod('a'), { volume: volume('v1') })).rejects.toThrow('no such disk');
    expect(volumes.inUse()).toHaveLength(1);
    await volumes.unpublishAll('uid-a');
    expect(volumes.inUse()).toEqual([]);
  });

  test('comes with its secrets, and what the driver wants to know of the pod', async () => {
    driverObject({ attachRequired: false, podInfoOnMount: true, tokenRequests: [{ audience: 'vault' }] });
    const keys = (text: string) => ({ key: Buffer.from(text).toString('base64') });
    api.add(secrets, { metadata: { name: 'stage', namespace: 'store' }, data: keys('s') });
    api.add(secrets, { metadata: { name: 'publish', namespace: 'store' }, data: keys('p') });
    const driver = await startDriver({ can: stages });
    const { mounter } = await startKubelet();
    const nodeStageSecretRef = { name: 'stage', namespace: 'store' };
    const nodePublishSecretRef = { name: 'publish', namespace: 'store' };
    await mounter.persistent(pod('a'), {
      volume: volume('v1', { nodeStageSecretRef, nodePublishSecretRef }),
    });
    const [stage, publish] = driver.calls.map(({ request }) => request);
    expect(stage).toMatchObject({ secrets: { key: 's' }, volumeContext: { tier: 'gold' } });
    const { 'csi.storage.k8s.io/serviceAccount.tokens': tokens, ...facts } = (publish?.volumeContext ??
      {}) as Record<string, string>;
    expect(publish?.secrets).toEqual({ key: 'p' });
    expect(facts).toEqual({
      tier: 'gold',
      'csi.storage.k8s.io/pod.name': 'a',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/pod.uid': 'uid-a',
      'csi.storage.k8s.io/serviceAccount.name': 'default',
      'csi.storage.k8s.io/ephemeral': 'false',
    });
    const token = { token: expect.stringMatching(/^token-/), expirationTimestamp: '2026-01-01T01:00:00Z' };
    expect(JSON.parse(tokens as string)).toEqual({ vault: token });
  });

  test('has its tokens among the secrets where the driver wants them there', async () => {
    driverObject({
      attachRequired: false,
      tokenRequests: [{ audience: '' }],
      serviceAccountTokenInSecrets: true,
    });
    const driver = await startDriver();
    const { mounter } = await startKubelet();
    await mounter.persistent(pod('a'), { volume: volume('v1') });
    expect(driver.calls[0]?.request.volumeContext).toEqual({ tier: 'gold' });
    expect(Object.keys(driver.calls[0]?.request.secrets as object)).toEqual([
      'csi.storage.k8s.io/serviceAccount.tokens',
    ]);
  });

  test('is published again and again for a driver that asks for it', async () => {
    driverObject({ attachRequired: false, requiresRepublish: true });
    const driver = await startDriver();
    const { mounter } = await startKubelet();
    for (let i = 0; i < 3; i++) await mounter.persistent(pod('a'), { volume: volume('v1') });
    expect(driver.asked).toEqual(Array.from({ length: 3 }, () => 'NodePublishVolume'));
    driver.failures.set('NodePublishVolume', 'no new token');
    // The pod goes on with what it has.
    await mounter.persistent(pod('a'), { volume: volume('v1') });
    expect(told).toEqual([
      expect.stringContaining('FailedMount: MountVolume.SetUp failed for volume "pv-v1" : rpc error'),
    ]);
  });

  test('is not to be had while its driver fails, and tells in the words of the driver', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver({ can: stages });
    const { mounter, volumes } = await startKubelet();
    driver.failures.set('NodePublishVolume', 'disk on fire');
    const publish = () => mounter.persistent(pod('a'), { volume: volume('v1') });
    await expect(publish()).rejects.toThrow('rpc error: code = Internal desc = disk on fire');
    driver.failures.clear();
    await publish();
    driver.failures.set('NodeUnpublishVolume', 'still burning');
    await expect(volumes.unpublishAll('uid-a')).rejects.toThrow('still burning');
    expect(await systemFiles.exists(standsAt('a', 'pv-v1'))).toBe(true);
    driver.failures.clear();
    await volumes.unpublishAll('uid-a');
    expect(await systemFiles.list(`${dir}/kubelet/pods/uid-a/volumes/kubernetes.io~csi`)).toEqual([]);
  });

  test('is taken away by a kubelet that was started again, whoever was between two steps', async () => {
    const { driver, volumes } = await takenAwayAfterStart(volume);
    expect(driver.asked).toEqual(['NodeUnstageVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume']);
    expect(volumes.inUse()).toEqual([]);
  });

  test('grows with its claim, which is told', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver({ can: ['EXPAND_VOLUME'] });
    const { mounter } = await startKubelet();
    const conditions = [{ type: 'FileSystemResizePending', status: 'True' }];
    const metadata = { name: 'c', namespace: 'default' };
    const status = { phase: 'Bound', capacity: { storage: '1Gi' }, conditions };
    api.add(persistentvolumeclaims, { metadata, spec: {}, status });
    const { metadata: found, spec } = volume('v1');
    const large = { metadata: found, spec: { ...spec, capacity: { storage: '2Gi' } } };
    api.add(persistentvolumes, large);
    const claim = () => api.get(persistentvolumeclaims, 'default', 'c') as never;
    driver.failures.set('NodeExpandVolume', 'not now');
    await mounter.persistent(pod('a'), { volume: large, claim: claim() });
    expect(told).toEqual([
      'VolumeResizeFailed: MountVolume.NodeExpandVolume failed for volume "pv-v1" : rpc error: code = Internal desc = not now',
    ]);
    driver.failures.clear();
    await mounter.persistent(pod('a'), { volume: large, claim: claim() });
    expect(driver.asked).toEqual(['NodePublishVolume', 'NodeExpandVolume', 'NodeExpandVolume']);
    expect(driver.calls[2]?.request).toMatchObject({
      volumeId: 'v1',
      volumePath: standsAt('a', 'pv-v1'),
      capacityRange: { requiredBytes: 2n ** 31n },
    });
    expect(api.get(persistentvolumeclaims, 'default', 'c')?.status).toMatchObject({
      capacity: { storage: '2Gi' },
      conditions: [],
    });
    expect(told.slice(1)).toEqual([
      'FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume "pv-v1" n1',
    ]);
    await mounter.persistent(pod('a'), { volume: large, claim: claim() });
    expect(driver.asked).toHaveLength(3);
  });

  test.each([
    [['ReadWriteOnce'], [], 1],
    [['ReadOnlyMany'], [], 3],
    [['ReadWriteMany', 'ReadWriteOnce'], [], 5],
    [['ReadWriteOncePod'], [], 1],
    [['ReadWriteOnce'], ['SINGLE_NODE_MULTI_WRITER'], 7],
    [['ReadWriteOncePod'], ['SINGLE_NODE_MULTI_WRITER'], 6],
    [undefined, [], 1],
  ] as const)(
    'of modes %j, for a driver that can %j, is asked for in mode %i',
    async (accessModes, can, mode) => {
      driverObject({ attachRequired: false });
      const driver = await startDriver({ can: [...can] });
      const { mounter } = await startKubelet();
      const { metadata, spec } = volume('v1');
      await mounter.persistent(pod('a'), {
        volume: { metadata, spec: { ...spec, accessModes: accessModes && [...accessModes] } },
      });
      expect(driver.calls[0]?.request.volumeCapability).toMatchObject({ accessMode: { mode } });
    },
  );

  test.each([
    [{}, {}, [], true],
    [{}, { fsType: '' }, [], false],
    [{ fsGroupPolicy: 'File' }, { fsType: '' }, [], true],
    [{ fsGroupPolicy: 'None' }, {}, [], false],
    [{}, { readOnly: true }, [], false],
    [{}, {}, ['VOLUME_MOUNT_GROUP'], false],
  ] as const)(
    'of a driver that says %j, with %j, which can %j: given to the group by the kubelet: %j',
    async (spec, source, can, given) => {
      driverObject({ attachRequired: false, ...spec });
      const driver = await startDriver({ can: [...can] });
      const { mounter } = await startKubelet();
      const published = await mounter.persistent(pod('a'), { volume: volume('v1', source) });
      expect(published.givesToGroup).toBe(given);
      const volumeMountGroup = can.length > 0 ? '77' : '';
      expect(driver.calls[0]?.request.volumeCapability).toMatchObject({
        accessType: { value: { volumeMountGroup } },
      });
    },
  );
});

describe('how full volumes are', () => {
  const usage = {
    availableBytes: 60,
    capacityBytes: 100,
    usedBytes: 40,
    inodes: 10,
    inodesFree: 7,
    inodesUsed: 3,
  };

  test.each(['Filesystem', 'Block'])(
    'of mode %s, their driver says where they are published',
    async (mode) => {
      driverObject({ attachRequired: false });
      const driver = await startDriver({ can: ['GET_VOLUME_STATS'] });
      const { mounter, volumes } = await startKubelet();
      const { metadata, spec } = volume('v1');
      await mounter.persistent(pod('a'), { volume: { metadata, spec: { ...spec, volumeMode: mode } } });
      expect(await volumes.usage('uid-a', 'pv-v1')).toEqual(usage);
      expect(driver.calls.at(-1)).toMatchObject({
        method: 'NodeGetVolumeStats',
        request: { volumeId: 'v1', volumePath: driver.calls[0]?.request.targetPath },
      });
      expect(await volumes.usage('uid-b', 'pv-v1')).toBeUndefined();
      await volumes.unpublishAll('uid-a');
      expect(await volumes.usage('uid-a', 'pv-v1')).toBeUndefined();
    },
  );

  test('is not asked of drivers that do not say it', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver();
    const { mounter, volumes } = await startKubelet();
    await mounter.persistent(pod('a'), { volume: volume('v1') });
    expect(await volumes.usage('uid-a', 'pv-v1')).toBeUndefined();
    expect(driver.asked).toEqual(['NodePublishVolume']);
  });

  test('is known as it was last measured, and not where a driver fails', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver({ can: ['GET_VOLUME_STATS'] });
    const { mounter, volumes } = await startKubelet();
    for (const handle of ['v1', 'v2']) await mounter.persistent(pod('a'), { volume: volume(handle) });
    const claimed = { name: 'data', hostPath: '/x', readOnly: false, claim: 'c', persistent: 'pv-v1' };
    const mounted = new Map<string, MountedVolume>([
      ['data', claimed],
      ['more', { ...claimed, name: 'more', persistent: 'pv-v2' }],
      ['local', { name: 'local', hostPath: '/disk', isLocal: true, readOnly: false, claim: 'l' }],
      ['scratch', { name: 'scratch', hostPath: '/y', readOnly: false }],
    ]);
    const space = { capacityBytes: 100, availableBytes: 50, freeBytes: 60, inodes: 10, inodesFree: 7 };
    const meter = new VolumeMeter({
      context,
      host: { disk: async () => space },
      csi: volumes,
      pods: () => [pod('a')],
      mounted: () => mounted,
    });
    expect(meter.of('uid-a')).toEqual([]);
    await meter.measure();
    const timeMs = expect.any(Number);
    const local = { name: 'local', claim: 'l', ...usage, availableBytes: 50, timeMs };
    expect(meter.of('uid-a')).toEqual([
      { name: 'data', claim: 'c', ...usage, timeMs },
      { name: 'more', claim: 'c', ...usage, timeMs },
      local,
    ]);
    driver.failures.set('NodeGetVolumeStats', 'no idea');
    await meter.measure();
    expect(meter.of('uid-a')).toEqual([local]);
  });
});

describe('a persistent volume of a driver that is a device', () => {
  const device = (handle: string): PersistentVolume => {
    const { metadata, spec } = volume(handle);
    return { metadata, spec: { ...spec, volumeMode: 'Block' } };
  };
  const devices = () => `${dir}/kubelet/plugins/kubernetes.io/csi/volumeDevices`;
  const linkOf = (podName: string) =>
    `${dir}/kubelet/pods/uid-${podName}/volumeDevices/kubernetes.io~csi/pv-v1`;

  test('is staged once, published and linked to for each pod, and taken away with the last', async () => {
    driverObject({ attachRequired: false, podInfoOnMount: true, requiresRepublish: true });
    const driver = await startDriver({ can: ['STAGE_UNSTAGE_VOLUME'] });
    const { mounter, volumes } = await startKubelet();
    const published = await mounter.persistent(pod('a'), { volume: device('v1') });
    expect(published).toEqual({ path: linkOf('a'), readOnly: false, givesToGroup: false });
    await mounter.persistent(pod('a'), { volume: device('v1') });
    await mounter.persistent(pod('b'), { volume: device('v1'), readOnly: true });
    expect(driver.asked).toEqual(['NodeStageVolume', 'NodePublishVolume', 'NodePublishVolume']);
    const asked = {
      volumeId: 'v1',
      stagingTargetPath: `${devices()}/staging/pv-v1`,
      volumeCapability: { accessType: { case: 'block' }, accessMode: { mode: 1 } },
      volumeContext: { tier: 'gold' },
    };
    const [stage, first, second] = driver.calls.map(({ request }) => request);
    expect(stage).toMatchObject(asked);
    expect(first).toMatchObject({
      ...asked,
      targetPath: `${devices()}/publish/pv-v1/uid-a`,
      readonly: false,
    });
    expect(first?.volumeContext).toEqual({ tier: 'gold' });
    expect(second).toMatchObject({ targetPath: `${devices()}/publish/pv-v1/uid-b`, readonly: true });
    expect(await systemFiles.readLink(linkOf('b'))).toBe(`${devices()}/publish/pv-v1/uid-b`);
    expect(JSON.parse(await systemFiles.readText(`${devices()}/pv-v1/data/vol_data.json`))).toMatchObject({
      specVolID: 'pv-v1',
      volumeHandle: 'v1',
      driverName: name,
      nodeName: 'n1',
    });
    driver.calls.length = 0;
    await volumes.unpublishAll('uid-a');
    expect(driver.asked).toEqual(['NodeUnpublishVolume']);
    expect(await systemFiles.exists(`${devices()}/publish/pv-v1/uid-a`)).toBe(false);
    expect(await systemFiles.list(`${dir}/kubelet/pods/uid-a/volumeDevices/kubernetes.io~csi`)).toEqual([]);
    await volumes.tidy();
    await volumes.unpublishAll('uid-b');
    expect(driver.asked).toEqual(['NodeUnpublishVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume']);
    expect(driver.calls.at(-1)?.request).toMatchObject({ stagingTargetPath: `${devices()}/staging/pv-v1` });
    for (const sub of ['', '/staging', '/publish'])
      expect(await systemFiles.list(`${devices()}${sub}`)).toEqual(sub ? [] : ['publish', 'staging']);
  });

  test('is never staged or unstaged by a driver that does not stage', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver();
    const { mounter, volumes } = await startKubelet();
    await mounter.persistent(pod('a'), { volume: device('v1') });
    await volumes.unpublishAll('uid-a');
    expect(driver.asked).toEqual(['NodePublishVolume', 'NodeUnpublishVolume']);
    expect(await systemFiles.list(devices())).toEqual(['publish']);
  });

  test('is taken away by a kubelet that was started again, whoever was between two steps', async () => {
    const { driver, volumes } = await takenAwayAfterStart(device);
    expect(driver.asked).toEqual(['NodeUnstageVolume', 'NodeUnpublishVolume', 'NodeUnstageVolume']);
    expect(driver.calls[1]?.request).toMatchObject({ targetPath: `${devices()}/publish/pv-v1/uid-a` });
    expect(volumes.inUse()).toEqual([]);
  });

  test('stays while its driver does not take it away', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver({ can: ['STAGE_UNSTAGE_VOLUME'] });
    const { mounter, volumes } = await startKubelet();
    await mounter.persistent(pod('a'), { volume: device('v1') });
    driver.failures.set('NodeUnpublishVolume', 'busy');
    await expect(volumes.unpublishAll('uid-a')).rejects.toThrow('busy');
    expect(await systemFiles.exists(linkOf('a'))).toBe(true);
    driver.failures.clear();
    driver.failures.set('NodeUnstageVolume', 'still busy');
    await expect(volumes.unpublishAll('uid-a')).rejects.toThrow('still busy');
    driver.failures.clear();
    await volumes.tidy();
    expect(await systemFiles.list(devices())).toEqual(['publish', 'staging']);
  });

  test('grows where it is published', async () => {
    driverObject({ attachRequired: false });
    const driver = await startDriver({ can: ['EXPAND_VOLUME'] });
    const { mounter } = await startKubelet();
    const metadata = { name: 'c', namespace: 'default' };
    api.add(persistentvolumeclaims, { metadata, spec: {}, status: { capacity: { storage: '1Gi' } } });
    const { metadata: found, spec } = device('v1');
    const large = { metadata: found, spec: { ...spec, capacity: { storage: '2Gi' } } };
    const claim = api.get(persistentvolumeclaims, 'default', 'c') as never;
    await mounter.persistent(pod('a'), { volume: large, claim });
    expect(driver.calls.at(-1)).toMatchObject({
      method: 'NodeExpandVolume',
      request: {
        volumePath: `${devices()}/publish/pv-v1/uid-a`,
        volumeCapability: { accessType: { case: 'block' } },
      },
    });
  });
});

describe('a volume of a driver that lives with its pod', () => {
  const source = {
    driver: name,
    readOnly: true,
    volumeAttributes: { secret: 'x' },
    nodePublishSecretRef: { name: 'p' },
  };

  test('is published under a handle of its own, and never staged or attached', async () => {
    driverObject({ podInfoOnMount: true, volumeLifecycleModes: ['Ephemeral'] });
    api.add(secrets, { metadata: { name: 'p', namespace: 'default' }, data: { key: 'cA==' } });
    const driver = await startDriver({ can: ['STAGE_UNSTAGE_VOLUME'] });
    const { mounter, volumes } = await startKubelet();
    const { path, readOnly } = await mounter.ephemeral(pod('a'), 'inline', source);
    expect([path, readOnly]).toEqual([standsAt('a', 'inline'), true]);
    const request = driver.calls[0]?.request ?? {};
    expect(request).toMatchObject({ readonly: true, stagingTargetPath: '', secrets: { key: 'p' } });
    expect(request).toMatchObject({ volumeContext: { secret: 'x', 'csi.storage.k8s.io/ephemeral': 'true' } });
    expect(request.volumeId).toMatch(/^csi-[0-9a-f]{64}$/);
    await volumes.unpublishAll('uid-a');
    expect(driver.calls.at(-1)).toMatchObject({
      method: 'NodeUnpublishVolume',
      request: { volumeId: request.volumeId },
    });
    expect(reports).toEqual([]);
  });

  test.each([
    [
      'has no CSIDriver',
      undefined,
      'volume mode "Ephemeral" not supported by driver test.csi.example (no CSIDriver object)',
    ],
    [
      'says nothing of it',
      {},
      'volume mode "Ephemeral" not supported by driver test.csi.example (only supports ["Persistent"])',
    ],
  ])('is refused where the driver %s', async (_, spec, why) => {
    if (spec) driverObject(spec);
    await startDriver();
    const { mounter } = await startKubelet();
    await expect(mounter.ephemeral(pod('a'), 'inline', source)).rejects.toThrow(why);
  });
});
