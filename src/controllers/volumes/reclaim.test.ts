import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { events, persistentvolumeclaims, persistentvolumes, pods } from '../../api/generated/resources.ts';
import type { Transport, WatchEvent } from '../../client/transport.ts';
import { TestCluster } from '../testing.ts';
import { createPersistentVolumeBinder } from './binder.ts';
import { createClaimProtection, createVolumeProtection } from './protection.ts';
import { recyclerPod } from './recycler.ts';

let cluster: TestCluster;
let removed: string[];
let refusal: Error | undefined;
const local = {
  pathOf: (name: string) => `/var/lib/volumes/${name}`,
  remove: async (path: string) => {
    if (refusal) throw refusal;
    removed.push(path);
  },
};

beforeEach(async () => {
  cluster = await TestCluster.start();
  removed = [];
  refusal = undefined;
  await cluster.run(
    createPersistentVolumeBinder(cluster.context('persistent-volume-binder'), { local }),
    createClaimProtection(cluster.context('pvc-protection-controller')),
    createVolumeProtection(cluster.context('pv-protection-controller')),
  );
});
afterEach(() => cluster.stop());

/** A volume that a claim has. */
async function bound(spec: object, annotations: Record<string, string> = {}): Promise<void> {
  await cluster.create(persistentvolumes, {
    metadata: { name: 'v', annotations },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'manual',
      ...spec,
    },
  });
  await claim();
}
async function claim(): Promise<void> {
  await cluster.create(persistentvolumeclaims, {
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'manual',
    },
  });
  await cluster.settle();
}
const release = () => cluster.delete(persistentvolumeclaims, 'data');
const status = async () => (await cluster.get(persistentvolumes, 'v')).status;

describe('a volume to be deleted', () => {
  test.each([
    ['/tmp/data', {}],
    ['/tmp/data', { 'pv.kubernetes.io/provisioned-by': 'kubernetes.io/host-path' }],
  ])('goes with its directory %s', async (path, annotations) => {
    await bound({ hostPath: { path }, persistentVolumeReclaimPolicy: 'Delete' }, annotations);
    await release();
    expect(removed).toEqual([path]);
    expect(await cluster.find(persistentvolumes, 'v')).toBeUndefined();
  });

  test('and that says that it is of our own making goes with the directory of its name, whatever path it names', async () => {
    const annotations = { 'pv.kubernetes.io/provisioned-by': 'k8ts.dev/local' };
    await bound({ hostPath: { path: '/etc' }, persistentVolumeReclaimPolicy: 'Delete' }, annotations);
    await release();
    expect(removed).toEqual(['/var/lib/volumes/v']);
    expect(await cluster.find(persistentvolumes, 'v')).toBeUndefined();
  });

  test('and that is deleted before its claim stays until its directory is gone', async () => {
    const annotations = { 'pv.kubernetes.io/provisioned-by': 'k8ts.dev/local' };
    await bound({ hostPath: { path: '/x' }, persistentVolumeReclaimPolicy: 'Delete' }, annotations);
    await cluster.delete(persistentvolumes, 'v');
    expect(removed).toEqual([]);
    await release();
    expect(removed).toEqual(['/var/lib/volumes/v']);
    expect(await cluster.find(persistentvolumes, 'v')).toBeUndefined();
  });

  test('says why its directory does not go, and is tried again', async () => {
    await bound({ hostPath: { path: '/tmp/data' }, persistentVolumeReclaimPolicy: 'Delete' });
    refusal = new Error('the disk is busy');
    await release();
    expect(await status()).toMatchObject({ phase: 'Failed', message: 'the disk is busy' });
    expect(await cluster.events('VolumeFailedDelete')).toEqual(['VolumeFailedDelete the disk is busy']);
    refusal = undefined;
    await cluster.pass(15_000);
    expect(removed).toEqual(['/tmp/data']);
    expect(await cluster.find(persistentvolumes, 'v')).toBeUndefined();
  });

  const unknown = 'error getting deleter volume plugin for volume "v": no volume plugin matched';
  const disk = { awsElasticBlockStore: { volumeID: 'vol-1' } };
  test.each([
    [{}, disk, unknown],
    [
      { 'pv.kubernetes.io/provisioned-by': 'kubernetes.io/rbd' },
      disk,
      'no volume plugin matched name: kubernetes.io/rbd',
    ],
    [{ 'pv.kubernetes.io/provisioned-by': 'kubernetes.io/aws-ebs' }, disk, undefined],
  ])('with %j and of %j says: %s', async (annotations, source, message) => {
    await bound({ ...source, persistentVolumeReclaimPolicy: 'Delete' }, annotations);
    await release();
    expect((await status())?.message).toBe(message);
    expect((await status())?.phase).toBe(message ? 'Failed' : 'Released');
  });
});

describe('a volume to be recycled', () => {
  const recycler = () => cluster.get(pods, 'recycler-for-v');
  const finish = (to: object) =>
    cluster.patch(pods, 'recycler-for-v', { status: to }, { subresource: 'status' });
  const recycled = () => bound({ hostPath: { path: '/data' }, persistentVolumeReclaimPolicy: 'Recycle' });

  test('is emptied by a pod, and is free again', async () => {
    await recycled();
    await release();
    expect((await status())?.phase).toBe('Released');
    expect((await recycler()).spec).toMatchObject({
      restartPolicy: 'Never',
      activeDeadlineSeconds: 60,
      volumes: expect.arrayContaining([{ name: 'vol', hostPath: { path: '/data', type: '' } }]),
    });
    await finish({ phase: 'Succeeded' });
    expect(await cluster.events('VolumeRecycled')).toEqual(['VolumeRecycled Volume recycled']);
    const { spec, metadata } = await cluster.get(persistentvolumes, 'v');
    expect(spec.claimRef).toBeUndefined();
    expect(metadata.annotations?.['pv.kubernetes.io/bound-by-controller']).toBeUndefined();
    expect((await status())?.phase).toBe('Available');
    expect(await cluster.find(pods, 'recycler-for-v')).toBeUndefined();
    await claim();
    expect((await status())?.phase).toBe('Bound');
  });

  test.each([
    [{ phase: 'Failed', message: 'no room' }, 'no room'],
    [{ phase: 'Failed' }, 'pod failed, pod.Status.Message unknown'],
  ])('says why the pod failed: %j, and is tried again', async (to, why) => {
    await recycled();
    await release();
    await finish(to);
    const message = `Recycle failed: failed to recycle volume: ${why}`;
    expect(await status()).toMatchObject({ phase: 'Failed', message });
    expect(await cluster.events('VolumeFailedRecycle')).toEqual([`VolumeFailedRecycle ${message}`]);
    expect(await cluster.find(pods, 'recycler-for-v')).toBeUndefined();
    await cluster.pass(15_000);
    await finish({ phase: 'Succeeded' });
    expect((await status())?.phase).toBe('Available');
  });

  test('is told what its pod is told', async () => {
    await recycled();
    await release();
    const { name, namespace, uid } = (await recycler()).metadata;
    await cluster.create(events, {
      metadata: { name: 'news', namespace },
      involvedObject: { kind: 'Pod', name, namespace, uid },
      type: 'Warning',
      reason: 'Failed',
      message: 'no such image',
    });
    await cluster.settle();
    expect(await cluster.events('RecyclerPod')).toEqual(['RecyclerPod Recycler pod: no such image']);
  });

  test('is told of where its pod is taken away', async () => {
    await recycled();
    await release();
    await cluster.delete(pods, 'recycler-for-v');
    expect((await status())?.message).toBe(
      'Recycle failed: failed to recycle volume: recycler pod was deleted',
    );
  });

  test('does not trust a pod of that name that was there before', async () => {
    await recycled();
    await cluster.create(pods, {
      metadata: { name: 'recycler-for-v' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });
    await release();
    expect((await status())?.message).toBe('Recycle failed: old recycler pod found, will retry later');
    await cluster.pass(15_000);
    expect((await recycler()).spec.containers[0]?.name).toBe('pv-recycler');
  });

  test('waits for pods that still have it', async () => {
    await recycled();
    await cluster.create(pods, {
      metadata: { name: 'user' },
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
      },
    });
    await release();
    expect(await cluster.events('VolumeFailedRecycle')).toEqual([
      'VolumeFailedRecycle Volume is used by pods: default/user',
    ]);
    await cluster.delete(pods, 'user', { gracePeriodSeconds: 0 });
    await cluster.pass(15_000);
    expect(await recycler()).toBeDefined();
  });

  test('of no kind that can be is told of', async () => {
    const csi = { driver: 'd.example.com', volumeHandle: 'h' };
    await bound({ csi, persistentVolumeReclaimPolicy: 'Recycle' });
    await release();
    expect(await status()).toMatchObject({
      phase: 'Failed',
      message: 'No recycler plugin found for the volume!',
    });
  });

  test.each([
    [{ hostPath: { path: '/d' }, capacity: { storage: '1Gi' } }, 60],
    [{ hostPath: { path: '/d' }, capacity: { storage: '10Gi' } }, 300],
    [{ nfs: { server: 's', path: '/d' }, capacity: { storage: '1Gi' } }, 300],
    [{ nfs: { server: 's', path: '/d' }, capacity: { storage: '11Gi' } }, 330],
  ])('of %j has %i seconds', (spec, seconds) =>
    expect(recyclerPod({ metadata: { name: 'v' }, spec }).spec.activeDeadlineSeconds).toBe(seconds),
  );
});

describe('a claim', () => {
  test('and a volume that is kept for it, but is of another mode, are told so', async () => {
    await cluster.create(persistentvolumes, {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        volumeMode: 'Block',
        local: { path: '/dev/x' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'Exists' }] },
            ],
          },
        },
      },
    });
    await claim();
    const { uid } = (await cluster.get(persistentvolumeclaims, 'data')).metadata;
    const claimRef = { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid };
    await cluster.patch(persistentvolumes, 'v', { spec: { claimRef } });
    expect((await cluster.events('VolumeMismatch')).sort()).toEqual([
      'VolumeMismatch Cannot bind PersistentVolume "v" to requested PersistentVolumeClaim due to incompatible volumeMode.',
      'VolumeMismatch Cannot bind PersistentVolume to requested PersistentVolumeClaim "data" due to incompatible volumeMode.',
    ]);
    expect((await status())?.phase).toBe('Available');
  });

  const naming = (name: string, annotations: Record<string, string> = {}) =>
    cluster.create(persistentvolumeclaims, {
      metadata: { name, annotations },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'manual',
        volumeName: 'v',
      },
    });

  test.each([
    [{}, '.'],
    [{ 'pv.kubernetes.io/bound-by-controller': 'yes' }, ' "default/data" by controller'],
  ])('that names a volume of another is told so (with %j)', async (annotations, what) => {
    await bound({ hostPath: { path: '/data' } });
    await naming('late', annotations);
    await cluster.settle();
    expect(await cluster.events('FailedBinding')).toEqual([
      `FailedBinding volume "v" already bound to a different claim${what}`,
    ]);
  });

  test('that was bound to a volume which is only kept for its name is lost', async () => {
    await cluster.create(persistentvolumes, {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'manual',
        hostPath: { path: '/data' },
        claimRef: { namespace: 'default', name: 'data' },
      },
    });
    await naming('data', { 'pv.kubernetes.io/bind-completed': 'yes' });
    await cluster.settle();
    expect((await cluster.get(persistentvolumeclaims, 'data')).status?.phase).toBe('Lost');
    expect(await cluster.events('ClaimMisbound')).toHaveLength(1);
  });
});

/** A way to the server on which nothing is heard of some objects while they are held back. */
function withoutNewsOf(plural: string, transport: Transport) {
  let held: (() => void)[] | undefined;
  const watch: Transport['watch'] = (request, sink) => {
    if (!request.path.endsWith(`/${plural}`)) return transport.watch(request, sink);
    const onEvent = (event: WatchEvent) => {
      if (held) held.push(() => sink.onEvent(event));
      else sink.onEvent(event);
    };
    return transport.watch(request, { onEvent, onEnd: (error) => sink.onEnd(error) });
  };
  const hold = () => {
    held = [];
  };
  const hear = () => {
    held?.forEach((tell) => tell());
    held = undefined;
  };
  return { transport: { request: (request) => transport.request(request), watch } as Transport, hold, hear };
}

describe('where news is late', () => {
  let other: TestCluster;
  beforeEach(async () => {
    other = await TestCluster.start();
  });
  afterEach(() => other.stop());

  async function runWithoutNewsOf(plural: string) {
    const late = withoutNewsOf(plural, other.client.transport);
    const context = other.seeingThrough('persistent-volume-binder', () => late.transport);
    await other.run(
      createPersistentVolumeBinder(context, { local }),
      createClaimProtection(other.context('pvc-protection-controller')),
    );
    return late;
  }
  const dataClaim = {
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'fast',
    },
  };
  const volumeFor = (claimRef?: object) => ({
    metadata: { name: 'v' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp/data' },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: 'fast',
      claimRef,
    },
  });

  test('of claims, a volume that was made for a claim stays its own', async () => {
    const late = await runWithoutNewsOf('persistentvolumeclaims');
    late.hold();
    const { uid } = (await other.create(persistentvolumeclaims, dataClaim)).metadata;
    await other.create(persistentvolumes, volumeFor({ namespace: 'default', name: 'data', uid }));
    await other.settle();
    expect(removed).toEqual([]);
    late.hear();
    await other.settle();
    expect((await other.get(persistentvolumes, 'v')).status?.phase).toBe('Bound');
    expect((await other.get(persistentvolumeclaims, 'data')).status?.phase).toBe('Bound');
  });

  test('of volumes, one that shall be kept by now stays', async () => {
    const late = await runWithoutNewsOf('persistentvolumes');
    await other.create(persistentvolumes, volumeFor());
    await other.create(persistentvolumeclaims, dataClaim);
    await other.settle();
    refusal = new Error('the disk is busy');
    await other.delete(persistentvolumeclaims, 'data');
    await other.settle();
    late.hold();
    await other.patch(persistentvolumes, 'v', { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
    refusal = undefined;
    await other.pass(15_000);
    late.hear();
    await other.settle();
    expect(removed).toEqual([]);
    expect((await other.get(persistentvolumes, 'v')).status?.phase).toBe('Failed');
  });
});
