import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  events,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  storageclasses,
  volumeattributesclasses,
} from '../../api/generated/resources.ts';
import { seriesOf } from '../../platform/metrics/testing.ts';
import { TestCluster, TestNodes } from '../testing.ts';
import { createPersistentVolumeBinder } from './binder.ts';
import { createEphemeralVolumeController } from './ephemeral.ts';
import { createVolumeExpander } from './expand.ts';
import {
  createClaimProtection,
  createVolumeAttributesClassProtection,
  createVolumeProtection,
  usesClaim,
} from './protection.ts';

let cluster: TestCluster;
let nodes: TestNodes;
let removed: string[];

beforeEach(async () => {
  cluster = await TestCluster.start();
  nodes = new TestNodes(cluster);
  removed = [];
  const local = {
    pathOf: (name: string) => `/var/lib/volumes/${name}`,
    remove: async (path: string) => void removed.push(path),
  };
  await cluster.run(
    createPersistentVolumeBinder(cluster.context('persistent-volume-binder'), { local }),
    createClaimProtection(cluster.context('pvc-protection-controller')),
    createVolumeProtection(cluster.context('pv-protection-controller')),
    createVolumeAttributesClassProtection(cluster.context('volumeattributesclass-protection-controller')),
    createEphemeralVolumeController(cluster.context('ephemeral-volume-controller')),
    createVolumeExpander(cluster.context('expand-controller')),
  );
});
afterEach(() => cluster.stop());

const volume = (name: string, storage: string, more: object = {}) =>
  cluster.create(persistentvolumes, {
    metadata: { name },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: `/data/${name}` },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'manual',
      ...more,
    },
  });
const claim = (more: object = {}, name = 'data') =>
  cluster.create(persistentvolumeclaims, {
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'manual',
      ...more,
    },
  });
const claimNow = () => cluster.get(persistentvolumeclaims, 'data');
const phases = async () =>
  Object.fromEntries((await cluster.list(persistentvolumes)).map((v) => [v.metadata.name, v.status?.phase]));

describe('a claim', () => {
  test('gets the smallest volume that will do, and the volume outlives it', async () => {
    await volume('large', '10Gi');
    await volume('small', '500Mi');
    await volume('right', '2Gi');
    await claim();
    await cluster.settle();
    const bound = await claimNow();
    expect(bound.spec.volumeName).toBe('right');
    expect(bound.status).toMatchObject({ phase: 'Bound', capacity: { storage: '2Gi' } });
    expect(bound.metadata.annotations).toMatchObject({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    });
    expect(bound.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    expect(await phases()).toEqual({ large: 'Available', small: 'Available', right: 'Bound' });
    await claim({ storageClassName: 'none', volumeAttributesClassName: 'fast' }, 'other');
    await cluster.settle();
    const ofClaims = (storageClass: string, attributes: string) =>
      `{namespace="default",storage_class="${storageClass}",volume_attributes_class="${attributes}"}`;
    expect(seriesOf(cluster.meter)).toMatchObject({
      'pv_collector_total_pv_count{plugin_name="kubernetes.io/host-path",volume_mode="Filesystem"}': 3,
      'pv_collector_bound_pv_count{storage_class="manual"}': 1,
      'pv_collector_unbound_pv_count{storage_class="manual"}': 2,
      [`pv_collector_bound_pvc_count${ofClaims('manual', '')}`]: 1,
      [`pv_collector_unbound_pvc_count${ofClaims('none', 'fast')}`]: 1,
    });
    await cluster.delete(persistentvolumeclaims, 'data');
    await cluster.settle();
    expect(await cluster.find(persistentvolumeclaims, 'data')).toBeUndefined();
    expect((await phases()).right).toBe('Released');
  });

  test('that names no class gets the default one, also where that comes later', async () => {
    await cluster.delete(storageclasses, 'standard');
    const storageClassName = undefined;
    await claim({ storageClassName });
    await claim({ storageClassName: '' }, 'without');
    await cluster.settle();
    expect((await claimNow()).spec.storageClassName).toBeUndefined();
    await cluster.create(storageclasses, {
      metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'fast.example.com',
    });
    await cluster.settle();
    expect((await claimNow()).spec.storageClassName).toBe('fast');
    const asked = 'volume.kubernetes.io/storage-provisioner';
    expect((await claimNow()).metadata.annotations?.[asked]).toBe('fast.example.com');
    expect((await cluster.get(persistentvolumeclaims, 'without')).spec.storageClassName).toBe('');
    expect(seriesOf(cluster.meter)).toMatchObject({
      retroactive_storageclass_total: 1,
      retroactive_storageclass_errors_total: 0,
    });
  });

  test.each([
    [{ capacity: { storage: '500Mi' } }, 'requested PV is too small'],
    [{ storageClassName: 'other' }, 'storageClassName does not match'],
    [{ volumeMode: 'Block' }, 'incompatible volumeMode'],
    [{ accessModes: ['ReadOnlyMany'] }, 'incompatible accessMode'],
  ])('does not get the volume it names with %j', async (more, why) => {
    await volume('named', '5Gi', more);
    await claim({ volumeName: 'named' });
    await cluster.settle();
    expect((await claimNow()).status?.phase).toBe('Pending');
    expect(await phases()).toEqual({ named: 'Available' });
    const message = `VolumeMismatch Cannot bind to requested volume "named": ${why}`;
    expect(await cluster.events('VolumeMismatch')).toContain(message);
  });

  test('says of which attributes its volume is', async () => {
    const csi = { driver: 'quick.example.com', volumeHandle: 'quick' };
    await volume('quick', '1Gi', { volumeAttributesClassName: 'quick', hostPath: undefined, csi });
    await claim({ volumeAttributesClassName: 'quick' });
    await cluster.settle();
    expect((await claimNow()).status).toMatchObject({
      phase: 'Bound',
      currentVolumeAttributesClassName: 'quick',
    });
  });

  test('gets no volume of other attributes', async () => {
    const csi = { driver: 'quick.example.com', volumeHandle: 'quick' };
    await volume('quick', '1Gi', { volumeAttributesClassName: 'quick', hostPath: undefined, csi });
    await volume('plain', '2Gi');
    await claim();
    await cluster.settle();
    expect((await claimNow()).spec.volumeName).toBe('plain');
  });

  test('waits for a volume to come', async () => {
    await claim({ storageClassName: '' });
    await cluster.settle();
    expect((await claimNow()).status?.phase).toBe('Pending');
    expect(await cluster.events('FailedBinding')).toEqual([
      'FailedBinding no persistent volumes available for this claim and no storage class is set',
    ]);
    await volume('late', '5Gi', { storageClassName: '' });
    await cluster.settle();
    expect((await claimNow()).spec.volumeName).toBe('late');
  });

  test('takes a volume that is kept for it, or the one it names', async () => {
    await volume('kept', '50Gi', { claimRef: { name: 'data', namespace: 'default' } });
    await volume('fit', '1Gi');
    await claim();
    await claim({ volumeName: 'fit' }, 'other');
    await cluster.settle();
    expect((await claimNow()).spec.volumeName).toBe('kept');
    expect((await cluster.get(persistentvolumeclaims, 'other')).status?.phase).toBe('Bound');
  });

  test('that loses its volume says so', async () => {
    await volume('v', '1Gi');
    await claim();
    await cluster.settle();
    await cluster.delete(persistentvolumes, 'v');
    expect((await cluster.get(persistentvolumes, 'v')).metadata.finalizers).toEqual([
      'kubernetes.io/pv-protection',
    ]);
    await cluster.patch(persistentvolumes, 'v', { metadata: { finalizers: null } });
    await cluster.settle();
    expect(await cluster.find(persistentvolumes, 'v')).toBeUndefined();
    expect((await claimNow()).status).toEqual({ phase: 'Lost' });
  });

  test('that says it was bound, and names no volume, is lost', async () => {
    const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' };
    await cluster.create(persistentvolumeclaims, {
      metadata: { name: 'data', annotations },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await cluster.settle();
    expect((await claimNow()).status?.phase).toBe('Lost');
    expect(await cluster.events('ClaimLost')).toEqual([
      'ClaimLost Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    ]);
  });

  test('that says it was bound to a volume of another claim is lost', async () => {
    await volume('v', '1Gi');
    await claim();
    await cluster.settle();
    const annotations = { 'pv.kubernetes.io/bind-completed': 'yes' };
    await cluster.create(persistentvolumeclaims, {
      metadata: { name: 'second', annotations },
      spec: { ...(await claimNow()).spec },
    });
    await cluster.settle();
    expect((await cluster.get(persistentvolumeclaims, 'second')).status?.phase).toBe('Lost');
    expect(await cluster.events('ClaimMisbound')).toEqual([
      'ClaimMisbound Two claims are bound to the same volume, this one is bound incorrectly',
    ]);
  });

  test.each([
    [true, undefined],
    [false, { name: 'data', namespace: 'default' }],
  ])(
    'that got another volume lets go of the first (bound by the controller: %s)',
    async (byController, left) => {
      await volume('v', '1Gi');
      await claim();
      await cluster.settle();
      const { uid } = (await claimNow()).metadata;
      const annotations = byController ? { 'pv.kubernetes.io/bound-by-controller': 'yes' } : undefined;
      await cluster.create(persistentvolumes, {
        metadata: { name: 'late', annotations },
        spec: {
          ...(await cluster.get(persistentvolumes, 'v')).spec,
          claimRef: { kind: 'PersistentVolumeClaim', name: 'data', namespace: 'default', uid },
        },
      });
      await cluster.settle();
      const late = await cluster.get(persistentvolumes, 'late');
      if (left) expect(late.spec.claimRef).toMatchObject(left);
      expect(late.spec.claimRef?.uid).toBeUndefined();
      expect(late.metadata.annotations?.['pv.kubernetes.io/bound-by-controller']).toBeUndefined();
      expect(await phases()).toEqual({ v: 'Bound', late: 'Available' });
    },
  );

  test('stays while a pod uses it', async () => {
    await volume('v', '1Gi');
    await claim();
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
    await cluster.create(pods, {
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'x:1' }], volumes },
    });
    await cluster.settle();
    await cluster.delete(persistentvolumeclaims, 'data');
    expect((await claimNow()).metadata.deletionTimestamp).toBeDefined();
    await cluster.delete(pods, 'p');
    await cluster.settle();
    expect(await cluster.find(persistentvolumeclaims, 'data')).toBeUndefined();
  });

  test('stays while a pod that has finished is there, and not for one that has no node', async () => {
    nodes.fate = () => 'Succeeded';
    await claim();
    const spec = {
      containers: [{ name: 'c', image: 'x:1' }],
      volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
    };
    await cluster.create(pods, { metadata: { name: 'done' }, spec });
    const gates = { schedulingGates: [{ name: 'example.com/wait' }] };
    await cluster.create(pods, { metadata: { name: 'waiting' }, spec: { ...spec, ...gates } });
    await cluster.settle();
    await cluster.delete(persistentvolumeclaims, 'data');
    expect((await claimNow()).metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    await cluster.delete(pods, 'done');
    expect(await cluster.find(persistentvolumeclaims, 'data')).toBeUndefined();
  });
});

describe('a claim is used', () => {
  const data = (ownerReferences: object[] = []) =>
    ({ metadata: { name: 'p-scratch', namespace: 'default', ownerReferences } }) as never;
  const pod = (spec: object, metadata: object = {}) =>
    ({ metadata: { name: 'p', uid: 'u', namespace: 'default', ...metadata }, spec }) as never;
  const named = {
    nodeName: 'n',
    volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'p-scratch' } }],
  };
  const made = { nodeName: 'n', volumes: [{ name: 'scratch', ephemeral: {} }] };
  const own = [{ controller: true, uid: 'u' }];
  const shutDown = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 };

  test.each([
    ['by a pod on a node', named, {}, [], true],
    ['not by one without a node', { ...named, nodeName: undefined }, {}, [], false],
    ['not by one with another claim', { nodeName: 'n', volumes: [{ name: 'd' }] }, {}, [], false],
    ['by one that is shut down and names it', named, shutDown, [], true],
    ['by the pod that it was made for', made, {}, own, true],
    ['not by one that it was not made for', made, {}, [], false],
    ['not by one that it was made for and that is shut down', made, shutDown, own, false],
    [
      'by one that it was made for and that goes',
      made,
      { ...shutDown, deletionGracePeriodSeconds: 30 },
      own,
      true,
    ],
  ])('%s', (_, spec, metadata, owners, used) =>
    expect(usesClaim(pod(spec, metadata), data(owners))).toBe(used),
  );
});

describe('the standard class', () => {
  test('makes a directory of the chosen node into a volume, and removes it with the claim', async () => {
    const [standard] = await cluster.list(storageclasses);
    expect(standard?.metadata.name).toBe('standard');
    await claim({ storageClassName: undefined });
    await cluster.settle();
    expect((await claimNow()).spec.storageClassName).toBe('standard');
    expect(await cluster.events('WaitForFirstConsumer')).toHaveLength(1);
    expect(await cluster.list(persistentvolumes)).toEqual([]);
    const annotations = { 'volume.kubernetes.io/selected-node': 'node-1' };
    await cluster.patch(persistentvolumeclaims, 'data', { metadata: { annotations } });
    const [made] = await cluster.list(persistentvolumes);
    const name = `pvc-${(await claimNow()).metadata.uid}`;
    expect(made?.metadata.name).toBe(name);
    expect(made?.spec).toMatchObject({
      hostPath: { path: `/var/lib/volumes/${name}` },
      capacity: { storage: '1Gi' },
    });
    expect((await claimNow()).status?.phase).toBe('Bound');
    await cluster.delete(persistentvolumeclaims, 'data');
    await cluster.pass(1_000);
    expect(await cluster.list(persistentvolumes)).toEqual([]);
    expect(removed).toEqual([`/var/lib/volumes/${name}`]);
  });

  test('waits for pods that wait for their place', async () => {
    nodes.place = () => 'node-1';
    await claim({ storageClassName: 'standard' });
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }];
    for (const name of ['p', 'q'])
      await cluster.create(pods, {
        metadata: { name },
        spec: {
          containers: [{ name: 'c', image: 'x:1' }],
          volumes,
          schedulingGates: [{ name: 'x.io/wait' }],
        },
      });
    await cluster.pass(16_000);
    expect(await cluster.events('WaitForPodScheduled')).toContain(
      'WaitForPodScheduled waiting for pods p,q to be scheduled',
    );
    await cluster.delete(pods, 'q');
    await cluster.pass(16_000);
    expect(await cluster.events('WaitForPodScheduled')).toContain(
      'WaitForPodScheduled waiting for pod p to be scheduled',
    );
  });

  const grow = (storage: string) =>
    cluster.patch(persistentvolumeclaims, 'data', { spec: { resources: { requests: { storage } } } });

  test('lets a claim grow, and its volume with it', async () => {
    await claim({ storageClassName: undefined });
    const annotations = { 'volume.kubernetes.io/selected-node': 'node-1' };
    await cluster.patch(persistentvolumeclaims, 'data', { metadata: { annotations } });
    await cluster.settle();
    await grow('3Gi');
    await cluster.settle();
    expect((await claimNow()).status).toMatchObject({ phase: 'Bound', capacity: { storage: '3Gi' } });
    expect((await cluster.list(persistentvolumes))[0]?.spec.capacity).toEqual({ storage: '3Gi' });
    expect(await cluster.events('VolumeResizeSuccessful')).toHaveLength(1);
    await expect(grow('2Gi')).rejects.toThrow('field can not be less than status.capacity');
  });

  test('a volume of others waits for them to expand it', async () => {
    const others = {
      metadata: { name: 'fast' },
      provisioner: 'example.com/fast',
      allowVolumeExpansion: true,
    };
    await cluster.create(storageclasses, others);
    await volume('v', '1Gi', { storageClassName: 'fast' });
    await claim({ storageClassName: 'fast' });
    await cluster.settle();
    await grow('3Gi');
    await cluster.settle();
    expect((await claimNow()).status?.capacity).toEqual({ storage: '1Gi' });
    // What they say of it meanwhile is no reason to say so again.
    const conditions = [{ type: 'Resizing', status: 'True' }];
    await cluster.patch(
      persistentvolumeclaims,
      'data',
      { status: { conditions } },
      { subresource: 'status' },
    );
    const told = (await cluster.list(events)).filter(({ reason }) => reason === 'ExternalExpanding');
    expect(told.map(({ count }) => count)).toEqual([1]);
  });

  test('a class of a provisioner of old is for the driver that has taken its place', async () => {
    await cluster.create(storageclasses, {
      metadata: { name: 'gp2' },
      provisioner: 'kubernetes.io/aws-ebs',
      allowVolumeExpansion: true,
    });
    await claim({ storageClassName: 'gp2' });
    await cluster.settle();
    const driver = 'ebs.csi.aws.com';
    expect((await claimNow()).metadata.annotations).toMatchObject({
      'volume.kubernetes.io/storage-provisioner': driver,
      'volume.beta.kubernetes.io/storage-provisioner': driver,
    });
    expect((await cluster.events('ExternalProvisioning'))[0]).toContain(`external provisioner '${driver}'`);
    const source = { hostPath: undefined, awsElasticBlockStore: { volumeID: 'vol-1' } };
    await cluster.create(persistentvolumes, {
      metadata: { name: 'v', annotations: { 'pv.kubernetes.io/provisioned-by': 'kubernetes.io/aws-ebs' } },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'gp2',
        ...source,
      },
    });
    await cluster.settle();
    const { metadata } = await cluster.get(persistentvolumes, 'v');
    expect(metadata.annotations?.['pv.kubernetes.io/migrated-to']).toBe(driver);
    expect((await claimNow()).status?.phase).toBe('Bound');
    await grow('3Gi');
    await cluster.settle();
    expect((await claimNow()).metadata.annotations?.['volume.kubernetes.io/storage-resizer']).toBe(driver);
    expect(await cluster.events('ExternalExpanding')).toEqual([
      'ExternalExpanding CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc',
    ]);
  });

  test('a class that nobody provisions for says so', async () => {
    const provisioner = 'kubernetes.io/no-provisioner';
    await cluster.create(storageclasses, { metadata: { name: 'byhand' }, provisioner });
    await claim({ storageClassName: 'byhand' });
    await cluster.settle();
    expect(await cluster.events('ProvisioningFailed')).toEqual([
      `ProvisioningFailed no volume plugin matched name: ${provisioner}`,
    ]);
  });

  test('another class is for its own provisioner', async () => {
    await cluster.create(storageclasses, { metadata: { name: 'fast' }, provisioner: 'example.com/fast' });
    await claim({ storageClassName: 'fast' });
    await cluster.settle();
    expect((await claimNow()).metadata.annotations?.['volume.kubernetes.io/storage-provisioner']).toBe(
      'example.com/fast',
    );
    expect((await cluster.events('ExternalProvisioning'))[0]).toContain(
      "external provisioner 'example.com/fast'",
    );
  });
});

describe('a volume that nobody wants kept', () => {
  const affinity = {
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n'] }] },
      ],
    },
  };
  const csi = { driver: 'quick.example.com', volumeHandle: 'v' };
  const noPlugin = 'error getting deleter volume plugin for volume "v": no volume plugin matched';
  test.each([
    [
      { hostPath: undefined, local: { path: '/disk' }, nodeAffinity: affinity },
      'error getting deleter volume plugin for volume "v": no deletable volume plugin matched',
    ],
    [{}, 'host_path deleter only supports /tmp/.+ but received provided /data/v'],
    [{ hostPath: undefined, csi }, noPlugin],
  ])('is told of where it cannot be done away with: %j', async (more, message) => {
    await volume('v', '1Gi', { ...more, persistentVolumeReclaimPolicy: 'Delete' });
    await claim();
    await cluster.settle();
    await cluster.delete(persistentvolumeclaims, 'data');
    await cluster.settle();
    expect((await cluster.get(persistentvolumes, 'v')).status).toMatchObject({ phase: 'Failed', message });
    expect(await cluster.events('VolumeFailedDelete')).toEqual([`VolumeFailedDelete ${message}`]);
  });

  test('is left to the driver that made it', async () => {
    await volume('v', '1Gi', { hostPath: undefined, csi, persistentVolumeReclaimPolicy: 'Delete' });
    const annotations = { 'pv.kubernetes.io/provisioned-by': csi.driver };
    await cluster.patch(persistentvolumes, 'v', { metadata: { annotations } });
    await claim();
    await cluster.settle();
    await cluster.delete(persistentvolumeclaims, 'data');
    await cluster.settle();
    expect(await phases()).toEqual({ v: 'Released' });
  });
});

test('a class of volume attributes stays while a claim has it', async () => {
  await cluster.create(volumeattributesclasses, {
    metadata: { name: 'fast' },
    driverName: 'disk.example.com',
    parameters: { iops: '1000' },
  });
  await claim({ volumeAttributesClassName: 'fast' });
  await cluster.settle();
  await cluster.delete(volumeattributesclasses, 'fast');
  const { finalizers, deletionTimestamp } = (await cluster.get(volumeattributesclasses, 'fast')).metadata;
  expect(finalizers).toEqual(['kubernetes.io/vac-protection']);
  expect(deletionTimestamp).toBeDefined();
  await cluster.delete(persistentvolumeclaims, 'data');
  await cluster.settle();
  expect(await cluster.find(volumeattributesclasses, 'fast')).toBeUndefined();
});

test('a volume that lives as long as its pod gets a claim', async () => {
  const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
  const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }];
  const spec = { containers: [{ name: 'c', image: 'x:1' }], volumes };
  await cluster.create(pods, { metadata: { name: 'p' }, spec });
  await cluster.settle();
  const made = await cluster.get(persistentvolumeclaims, 'p-scratch');
  expect(made.metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name: 'p', controller: true }]);
  await cluster.delete(persistentvolumeclaims, 'p-scratch');
  await cluster.patch(persistentvolumeclaims, 'p-scratch', { metadata: { finalizers: null } });
  await cluster.settle();
  const again = await cluster.get(persistentvolumeclaims, 'p-scratch');
  expect(again.metadata.uid).not.toBe(made.metadata.uid);
  expect(seriesOf(cluster.meter)).toMatchObject({
    ephemeral_volume_controller_create_total: 2,
    ephemeral_volume_controller_create_failures_total: 0,
  });
});

test('a claim of the name that is not its own is told to the pod', async () => {
  await claim({}, 'p-scratch');
  const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
  const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }];
  const spec = { containers: [{ name: 'c', image: 'x:1' }], volumes };
  await cluster.create(pods, { metadata: { name: 'p' }, spec });
  await cluster.settle();
  expect(await cluster.events('FailedBinding')).toContain(
    'FailedBinding ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is not owner)',
  );
});

test('a claim that stood in the way of one for a pod makes room for it', async () => {
  await claim({}, 'p-scratch');
  const template = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
  const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: template } }];
  await cluster.create(pods, {
    metadata: { name: 'p' },
    spec: {
      containers: [{ name: 'c', image: 'x:1' }],
      volumes,
      schedulingGates: [{ name: 'example.com/wait' }],
    },
  });
  // Long enough for the next try to be far away.
  await cluster.pass(60_000);
  await cluster.delete(persistentvolumeclaims, 'p-scratch');
  const { metadata } = await cluster.get(persistentvolumeclaims, 'p-scratch');
  expect(metadata.ownerReferences).toMatchObject([{ kind: 'Pod', name: 'p', controller: true }]);
});
