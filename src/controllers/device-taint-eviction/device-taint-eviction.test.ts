import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pods, resourceclaims, resourceslices } from '../../api/generated/resources.ts';
import type { DeviceTaint, DeviceToleration, ResourceClaim, ResourceSlice } from '../../api/resource/v1.ts';
import { formatTime } from '../../platform/clock.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { createDeviceTaintEvictionController } from './device-taint-eviction.ts';
import { evictionMs } from './plan.ts';

const driver = 'gpu.example.com';
const device = { request: 'gpu', driver, pool: 'node-1', device: 'gpu-0' };
const sick: DeviceTaint = {
  key: 'sick',
  value: 'hot',
  effect: 'NoExecute',
  timeAdded: '2026-01-01T00:00:00Z',
};
const added = Date.parse('2026-01-01T00:00:00Z');

describe('the time of eviction', () => {
  const slice = (generation: number, taints: DeviceTaint[]) =>
    ({
      spec: { driver, pool: { name: 'node-1', generation }, devices: [{ name: 'gpu-0', taints }] },
    }) as unknown as ResourceSlice;
  const ends = (taints: DeviceTaint[], tolerations?: DeviceToleration[]) => {
    const claim = { status: { allocation: { devices: { results: [{ ...device, tolerations }] } } } };
    return evictionMs(claim as unknown as ResourceClaim, () => [slice(1, [sick]), slice(2, taints)]);
  };
  const bears = (more: Partial<DeviceToleration> = {}): DeviceToleration => ({
    key: 'sick',
    operator: 'Exists',
    effect: 'NoExecute',
    ...more,
  });

  test.each<[string, DeviceTaint[], DeviceToleration[] | undefined, number | undefined]>([
    ['none where the newest generation has no taint', [], undefined, undefined],
    ['none for taints that keep new pods away', [{ ...sick, effect: 'NoSchedule' }], undefined, undefined],
    ['at once where nothing is tolerated', [sick], undefined, added],
    ['at once for another value', [sick], [bears({ operator: 'Equal', value: 'cold' })], added],
    ['none where it is tolerated for ever', [sick], [bears({ tolerationSeconds: 5 }), bears()], undefined],
    [
      'after the shortest time',
      [sick],
      [bears({ tolerationSeconds: 9 }), bears({ tolerationSeconds: 5 })],
      added + 5000,
    ],
    ['at once where the time is negative', [sick], [bears({ tolerationSeconds: -9 })], added],
    ['at once where all effects are tolerated, but this not by name', [sick], [bears({ effect: '' })], added],
    [
      'that of the first of several',
      [sick, { ...sick, key: 'old' }],
      [bears({ tolerationSeconds: 9 })],
      added,
    ],
  ])('is %s', (_, taints, tolerations, end) => {
    expect(ends(taints, tolerations)).toBe(end);
  });
});

describe('a pod with a device', () => {
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
    void new TestNodes(cluster);
    await cluster.run(
      createDeviceTaintEvictionController(cluster.context('device-taint-eviction-controller')),
    );
  });
  afterEach(() => cluster.stop());

  const slice = (generation: number, name: string, taints: DeviceTaint[]) =>
    cluster.create(resourceslices, {
      metadata: { name },
      spec: {
        driver,
        nodeName: 'node-1',
        pool: { name: 'node-1', generation, resourceSliceCount: 1 },
        devices: [{ name: 'gpu-0', taints }],
      },
    });

  /** A pod that has a device, and bears its taints for so long. */
  async function podWith(seconds: number): Promise<void> {
    const tolerations = [{ operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }];
    const exactly = { deviceClassName: 'gpu', tolerations };
    const requests = [{ name: 'gpu', exactly }];
    await cluster.create(resourceclaims, { metadata: { name: 'c' }, spec: { devices: { requests } } });
    const pod = await cluster.create(pods, {
      metadata: { name: 'p' },
      spec: {
        nodeName: 'node-1',
        containers: [{ name: 'c', image: 'i', resources: { claims: [{ name: 'gpu' }] } }],
        resourceClaims: [{ name: 'gpu', resourceClaimName: 'c' }],
      },
    });
    const reservedFor = [{ resource: 'pods', name: 'p', uid: pod.metadata.uid }];
    const allocation = { devices: { results: [{ ...device, tolerations }] } };
    await cluster.patch(
      resourceclaims,
      'c',
      { status: { allocation, reservedFor } },
      { subresource: 'status' },
    );
    await cluster.settle();
  }

  test('is sent away when the device turns bad and its time is over', async () => {
    await podWith(60);
    await slice(1, 's', [{ ...sick, timeAdded: formatTime(cluster.clock.now()) }]);
    await cluster.pass(59_000);
    expect(await cluster.find(pods, 'p')).toBeDefined();
    await cluster.pass(2000);
    expect(await cluster.find(pods, 'p')).toBeUndefined();
    expect(await cluster.events('DeviceTaintManagerEviction')).toEqual([
      'DeviceTaintManagerEviction Marking for deletion',
    ]);
    expect(seriesOf(cluster.meter)).toMatchObject({
      device_taint_eviction_controller_pod_deletions_total: 1,
      device_taint_eviction_controller_pod_deletion_duration_seconds_count: 1,
      'workqueue_depth{name="device-taint-eviction-controller"}': 0,
    });
  });

  test('stays when the device is well again in time', async () => {
    await podWith(60);
    await slice(1, 's', [{ ...sick, timeAdded: formatTime(cluster.clock.now()) }]);
    await cluster.pass(30_000);
    await slice(2, 't', []);
    await cluster.pass(60_000);
    expect((await cluster.get(pods, 'p')).metadata.deletionTimestamp).toBeUndefined();
    expect(await cluster.events('DeviceTaintManagerEviction')).toEqual([
      'DeviceTaintManagerEviction Cancelling deletion',
    ]);
  });
});
