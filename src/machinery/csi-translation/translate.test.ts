import { describe, expect, test } from 'vitest';
import type { PersistentVolumeSpec, Volume } from '../../api/core/v1.ts';
import { csiVolumeOf, csiVolumeOfPod } from './translate.ts';

const zone = 'topology.kubernetes.io/zone';
const region = 'topology.kubernetes.io/region';
const betaZone = 'failure-domain.beta.kubernetes.io/zone';
const betaRegion = 'failure-domain.beta.kubernetes.io/region';
const gce = { gcePersistentDisk: { pdName: 'pd' } };
const ebs = { awsElasticBlockStore: { volumeID: 'vol-1' } };

const volume = (spec: Partial<PersistentVolumeSpec>, metadata: object = {}) =>
  csiVolumeOf({ metadata: { name: 'v', ...metadata }, spec: { accessModes: ['ReadWriteOnce'], ...spec } });
const inPod = (source: Partial<Volume>) => csiVolumeOfPod({ name: 'data', ...source }, 'space');
const handleOf = (spec: Partial<PersistentVolumeSpec>, metadata?: object) =>
  volume(spec, metadata)?.spec.csi?.volumeHandle;

describe('the handle of a disk', () => {
  test.each([
    ['vol-1', 'vol-1'],
    ['aws:///vol-1', 'vol-1'],
    ['aws://us-east-1a/vol-1', 'vol-1'],
    ['aws://us-east-1a/one', undefined],
  ])('of AWS, %s, is %s', (volumeID, handle) =>
    expect(handleOf({ awsElasticBlockStore: { volumeID } })).toBe(handle),
  );

  test.each([
    [{}, 'zones/UNSPECIFIED'],
    [{ [betaZone]: 'us-east1-a' }, 'zones/us-east1-a'],
    [{ [zone]: 'us-east1-a' }, 'zones/us-east1-a'],
    [{ [betaZone]: 'us-central1-a__us-central1-c' }, 'regions/us-central1'],
    [{ [zone]: 'us-central1-a__us-central1-c' }, 'regions/us-central1'],
  ])('of Google with the labels %j says that it is in %s', (labels, place) =>
    expect(handleOf(gce, { labels })).toBe(`projects/UNSPECIFIED/${place}/disks/pd`),
  );

  test.each(['us-central1-a__us-east1-c', 'here__there'])('of Google cannot be told of %s', (label) =>
    expect(volume(gce, { labels: { [zone]: label } })).toBeUndefined(),
  );

  test.each([
    [{ secretNamespace: 'ns' }, {}, '#acc#share#v#ns'],
    [{ secretNamespace: 'ns' }, { 'kubernetes.io/azure-file-resource-group': 'rg' }, 'rg#acc#share#v#ns'],
    [{}, {}, '#acc#share#v#claims'],
    [{ secretName: 'own' }, {}, '#own#share#v#claims'],
    [{ secretName: 'x-azure-storage-account-a-secret-b-secret-y' }, {}, '#a-secret-b#share#v#claims'],
    [{ secretName: 'azure-storage-account--secret' }, {}, '#azure-storage-account--secret#share#v#claims'],
  ])('of a share of Azure with %j and the annotations %j is %s', (more, annotations, handle) => {
    const azureFile = { secretName: 'azure-storage-account-acc-secret', shareName: 'share', ...more };
    expect(handleOf({ azureFile, claimRef: { namespace: 'claims' } }, { annotations })).toBe(handle);
  });

  test('of a share of Azure is found in one pass, however long the name of its secret', () => {
    const secretName = 'azure-storage-account-'.repeat(60_000);
    expect(inPod({ azureFile: { secretName, shareName: 'f' } })?.spec.csi?.volumeHandle).toBe(
      `#${secretName}#f#data#space`,
    );
  });

  test('of a share of Azure needs a place for its secret', () =>
    expect(volume({ azureFile: { secretName: 's', shareName: 'share' } })).toBeUndefined());
});

describe('a volume is served by', () => {
  const secret = { name: 's', namespace: 'ns' };
  const auth = { 'openstorage.io/auth-secret-name': 's', 'openstorage.io/auth-secret-namespace': 'ns' };
  test.each<[string, Partial<PersistentVolumeSpec>, object, object]>([
    [
      'ebs.csi.aws.com',
      { awsElasticBlockStore: { volumeID: 'vol-1', fsType: 'ext3', partition: 1, readOnly: true } },
      {},
      { volumeHandle: 'vol-1', fsType: 'ext3', readOnly: true, volumeAttributes: { partition: '1' } },
    ],
    [
      'pd.csi.storage.gke.io',
      gce,
      {},
      {
        volumeHandle: 'projects/UNSPECIFIED/zones/UNSPECIFIED/disks/pd',
        volumeAttributes: { partition: '' },
      },
    ],
    [
      'disk.csi.azure.com',
      { azureDisk: { diskName: 'n', diskURI: 'uri', kind: 'managed', cachingMode: 'None', fsType: 'xfs' } },
      {},
      {
        volumeHandle: 'uri',
        fsType: 'xfs',
        volumeAttributes: { kind: 'Managed', cachingmode: 'None', fstype: 'xfs' },
      },
    ],
    [
      'file.csi.azure.com',
      { azureFile: { secretName: 's', shareName: 'share', secretNamespace: 'ns', readOnly: true } },
      {},
      {
        volumeHandle: '#s#share#v#ns',
        readOnly: true,
        volumeAttributes: { sharename: 'share' },
        nodeStageSecretRef: secret,
      },
    ],
    ['cinder.csi.openstack.org', { cinder: { volumeID: 'id' } }, {}, { volumeHandle: 'id' }],
    [
      'pxd.portworx.com',
      { portworxVolume: { volumeID: 'id', fsType: 'ext4', readOnly: true } },
      auth,
      {
        volumeHandle: 'id',
        fsType: 'ext4',
        controllerPublishSecretRef: secret,
        nodeStageSecretRef: secret,
        nodePublishSecretRef: secret,
        controllerExpandSecretRef: secret,
        nodeExpandSecretRef: secret,
      },
    ],
    [
      'csi.vsphere.vmware.com',
      { vsphereVolume: { volumePath: '[store] disk.vmdk', storagePolicyName: 'gold' } },
      {},
      { volumeHandle: '[store] disk.vmdk', volumeAttributes: { storagepolicyname: 'gold' } },
    ],
  ])('%s', (driver, spec, annotations, csi) => {
    const served = volume(spec, { annotations });
    expect(served?.spec).toEqual({ accessModes: ['ReadWriteOnce'], csi: { driver, ...csi } });
  });

  test('nobody where it is an unmanaged disk of Azure, or was never part of Kubernetes', () => {
    expect(volume({ azureDisk: { diskName: 'n', diskURI: 'uri', kind: 'Shared' } })).toBeUndefined();
    expect(volume({ nfs: { server: 's', path: '/' } })).toBeUndefined();
  });

  test('its driver as it is where it names one', () => {
    const csi = { driver: 'd', volumeHandle: 'h' };
    expect(volume({ csi })?.spec).toEqual({ accessModes: ['ReadWriteOnce'], csi });
  });
});

test.each([
  [['ReadOnlyMany'], 'ReadOnlyMany'],
  [['ReadWriteOnce'], 'ReadWriteOnce'],
  [['ReadWriteMany'], 'ReadWriteOnce'],
  [['ReadOnlyMany', 'ReadWriteOnce'], 'ReadWriteOnce'],
  [['ReadWriteOnce', 'ReadWriteMany'], 'ReadWriteOnce'],
  [['ReadWriteMany', 'ReadOnlyMany'], 'ReadWriteOnce'],
])("of a disk of Google's declared as %j the driver hears %s", (accessModes, mode) =>
  expect(volume({ ...gce, accessModes })?.spec.accessModes).toEqual([mode]),
);

describe('which nodes reach a volume', () => {
  const demands = (...terms: Record<string, string[]>[]) => ({
    required: {
      nodeSelectorTerms: terms.map((term) => ({
        matchExpressions: Object.entries(term).map(([key, values]) => ({ key, operator: 'In', values })),
      })),
    },
  });
  const [gkeKey, ebsKey] = ['topology.gke.io/zone', 'topology.ebs.csi.aws.com/zone'];
  const vsphere = { vsphereVolume: { volumePath: 'p' } };
  const vKey = (what: string) => `topology.csi.vmware.com/${what}`;

  test.each<[string, object, Record<string, string>, object[], object[]]>([
    ['beta labels', gce, { [betaZone]: 'us-east-1a' }, [], [{ [gkeKey]: ['us-east-1a'] }]],
    ['labels', gce, { [zone]: 'us-east-1a' }, [], [{ [gkeKey]: ['us-east-1a'] }]],
    ['beta demands', gce, {}, [{ [betaZone]: ['a-b-2'] }], [{ [gkeKey]: ['a-b-2'] }]],
    ["the driver's own demands", gce, {}, [{ [gkeKey]: ['a-b-2'] }], [{ [gkeKey]: ['a-b-2'] }]],
    ['demands before labels', gce, { [zone]: 'a-b-1' }, [{ [zone]: ['a-b-2'] }], [{ [gkeKey]: ['a-b-2'] }]],
    ['several zones', ebs, { [zone]: 'c__ b__c' }, [], [{ [ebsKey]: ['b', 'c'] }]],
    [
      'several terms',
      ebs,
      {},
      [{ [zone]: ['f'] }, { [zone]: ['g'] }],
      [{ [ebsKey]: ['f'] }, { [ebsKey]: ['g'] }],
    ],
    ['other demands too', ebs, { [zone]: 'f' }, [{ disk: ['ssd'] }], [{ disk: ['ssd'], [ebsKey]: ['f'] }]],
    [
      'beta regions, which are told by their newer name',
      ebs,
      {},
      [{ [betaZone]: ['f'], [betaRegion]: ['e'] }],
      [{ [ebsKey]: ['f'], [region]: ['e'] }],
    ],
    [
      'regions of a driver that knows them',
      vsphere,
      { [zone]: 'z', [region]: 'r' },
      [],
      [{ [vKey('zone')]: ['z'], [vKey('region')]: ['r'] }],
    ],
    [
      'demands of a driver that knows regions',
      vsphere,
      {},
      [{ [betaZone]: ['z'], [betaRegion]: ['r'] }],
      [{ [vKey('zone')]: ['z'], [vKey('region')]: ['r'] }],
    ],
    ['no zones of its driver', { cinder: { volumeID: 'i' } }, {}, [{ disk: ['ssd'] }], [{ disk: ['ssd'] }]],
  ])('goes by %s', (_, source, labels, demanded, expected) => {
    const nodeAffinity = demanded.length > 0 ? demands(...(demanded as never[])) : undefined;
    const served = volume({ ...source, nodeAffinity }, { labels });
    expect(served?.spec.nodeAffinity).toEqual(demands(...(expected as never[])));
  });

  test('is open where nothing says where it is', () =>
    expect(volume(ebs, { labels: { [zone]: ' ' } })?.spec).not.toHaveProperty('nodeAffinity'));
});

describe('a volume that stands in a pod', () => {
  test.each<[Partial<Volume>, string, string]>([
    [ebs, 'ebs.csi.aws.com-vol-1', 'ReadWriteOnce'],
    [gce, 'pd.csi.storage.gke.io-pd', 'ReadWriteOnce'],
    [{ gcePersistentDisk: { pdName: 'pd', readOnly: true } }, 'pd.csi.storage.gke.io-pd', 'ReadOnlyMany'],
    [{ azureDisk: { diskName: 'n', diskURI: 'uri' } }, 'uri', 'ReadWriteOnce'],
    [{ azureFile: { secretName: 's', shareName: 'f' } }, '#s#f#data#space', 'ReadWriteMany'],
    [{ cinder: { volumeID: 'id' } }, 'cinder.csi.openstack.org-id', 'ReadWriteOnce'],
    [{ portworxVolume: { volumeID: 'id', readOnly: true } }, 'pxd.portworx.com-id', 'ReadOnlyMany'],
    [{ vsphereVolume: { volumePath: 'p' } }, 'csi.vsphere.vmware.com-p', 'ReadWriteOnce'],
  ])('%j is known as %s, %s', (source, name, mode) => {
    const served = inPod(source);
    expect(served?.metadata.name).toBe(name);
    expect(served?.spec).toMatchObject({ accessModes: [mode], volumeMode: 'Filesystem' });
  });

  test('of no driver is not served', () => expect(inPod({ emptyDir: {} })).toBeUndefined());
});
