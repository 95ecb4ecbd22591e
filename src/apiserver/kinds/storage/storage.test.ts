import { describe, expect, test } from 'vitest';
import type { CSIDriver, StorageClass, VolumeAttachment } from '../../../api/storage/v1.ts';
import { created, createErrors, row, testContext, texts, updateErrors } from '../shared/testing.ts';
import { attachmentUpdateErrors } from './csi-validation.ts';
import { csiDriverKind, csiNodeKind, csiStorageCapacityKind, volumeAttachmentKind } from './csi.ts';
import { storageClassKind, volumeAttributesClassKind } from './storage-class.ts';

const metadata = { name: 'x' };
const storageClass = (more: Partial<StorageClass> = {}): StorageClass => ({
  metadata,
  provisioner: 'example.com/disk',
  ...more,
});

describe('a storage class', () => {
  test('is filled in, and marked where it is the default', () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const object = created(storageClassKind, storageClass({ metadata: { ...metadata, annotations } }));
    expect(object).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
    expect(row(storageClassKind, object)).toMatchObject({
      Name: 'x (default)',
      Provisioner: 'example.com/disk',
      AllowVolumeExpansion: false,
    });
  });

  test('has a provisioner, and policies that there are', () => {
    expect(createErrors(storageClassKind, storageClass({ provisioner: '' }))).toEqual([
      'provisioner: Required value',
    ]);
    const object = storageClass({ reclaimPolicy: 'Recycle', volumeBindingMode: 'Later' });
    expect(createErrors(storageClassKind, object)).toEqual([
      'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
    ]);
  });

  test('stays as volumes were made from it', () => {
    const errors = updateErrors(storageClassKind, storageClass(), (c) => {
      Object.assign(c, { parameters: { a: 'b' }, provisioner: 'other', allowVolumeExpansion: true });
    });
    expect(errors).toEqual([
      'parameters: Forbidden: updates to parameters are forbidden.',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
    ]);
  });

  test('is checked as a whole when it changes', () => {
    const errors = updateErrors(storageClassKind, storageClass(), (c) => {
      Object.assign(c, {
        provisioner: '',
        allowedTopologies: [{ matchLabelExpressions: [{ key: 'a', values: [] }] }],
      });
    });
    expect(errors).toEqual([
      'provisioner: Required value',
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
    ]);
    const attributes = { metadata, driverName: 'd', parameters: { a: 'b' } };
    expect(updateErrors(volumeAttributesClassKind, attributes, (c) => void (c.parameters = {}))).toEqual([
      'parameters: Required value: must contain at least one key/value pair',
      'parameters: Forbidden: updates to parameters are forbidden.',
    ]);
  });

  const expression = (key: string, ...values: string[]) => ({ key, values });
  const [zone, other] = [expression('zone', 'a', 'b'), expression('zone', 'a', 'c')];
  const host = expression('host', 'n');
  const repeated = (i: number) => `allowedTopologies[${i}].matchLabelExpressions: Duplicate value: ""`;
  test.each<[string, object[][], string[]]>([
    ['places that differ in one value', [[zone], [other]], []],
    [
      'places that differ in one label',
      [
        [zone, host],
        [other, host],
      ],
      [],
    ],
    [
      'the same places twice',
      [
        [zone, host],
        [zone, host],
      ],
      [repeated(1)],
    ],
    [
      'the same places in another order',
      [
        [zone, host],
        [host, zone],
      ],
      [repeated(1)],
    ],
    ['the same values in another order', [[zone], [expression('zone', 'b', 'a')]], [repeated(1)]],
    ['no place', [[zone], []], [repeated(1)]],
  ])('with %s', (_, terms, expected) => {
    const allowedTopologies = terms.map((matchLabelExpressions) => ({ matchLabelExpressions })) as never;
    expect(createErrors(storageClassKind, storageClass({ allowedTopologies }))).toEqual(expected);
  });

  test('is advised against labels of nodes that have other names now', () => {
    const matchLabelExpressions = [
      { key: 'kubernetes.io/os', values: ['a'] },
      { key: 'beta.kubernetes.io/os', values: ['a'] },
    ];
    expect(
      storageClassKind.warnings?.(
        storageClass({ allowedTopologies: [{ matchLabelExpressions }] }),
        undefined,
      ),
    ).toEqual([
      'allowedTopologies[0].matchLabelExpressions[1].key: deprecated since v1.14; use "kubernetes.io/os" instead',
    ]);
  });

  test('of attributes has some', () => {
    expect(createErrors(volumeAttributesClassKind, { metadata, driverName: 'd' })).toEqual([
      'parameters: Required value: must contain at least one key/value pair',
    ]);
  });

  test('of attributes names its driver as a storage class does', () => {
    const named = (driverName: string) =>
      createErrors(volumeAttributesClassKind, { metadata, driverName, parameters: { a: 'b' } });
    expect(named('example.com/Driver')).toEqual([]);
    expect(named('')).toEqual(['driverName: Required value']);
    expect(named('a/b/c')[0]).toMatch(/^driverName: Invalid value: "a\/b\/c": a valid label key must/);
  });
});

describe('a driver', () => {
  const driver = (spec: CSIDriver['spec'] = {}): CSIDriver => ({ metadata, spec });

  test('asks for tokens that live for a while', () => {
    const tokenRequests = [{ audience: 'a' }, { audience: 'a', expirationSeconds: 60 }];
    expect(createErrors(csiDriverKind, driver({ tokenRequests }))).toEqual([
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ]);
    expect(createErrors(csiDriverKind, driver({ tokenRequests: tokenRequests.slice(1) }))).toEqual([
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    ]);
  });

  test('says how it gets tokens where it gets any', () => {
    const tokenRequests = [{ audience: 'a' }];
    expect(
      createErrors(csiDriverKind, driver({ tokenRequests, serviceAccountTokenInSecrets: true })),
    ).toEqual([]);
    expect(createErrors(csiDriverKind, driver({ serviceAccountTokenInSecrets: false }))).toEqual([
      'spec.serviceAccountTokenInSecrets: Invalid value: false: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
    ]);
  });

  test('keeps no pods away where it is missing: upstream has that behind a gate that is closed', () => {
    const keeping = driver({ preventPodSchedulingIfMissing: true });
    const old = created(csiDriverKind, keeping);
    expect(old.spec).not.toHaveProperty('preventPodSchedulingIfMissing');
    const changed = structuredClone(keeping);
    csiDriverKind.prepareForUpdate?.(changed, old, testContext());
    expect(changed.spec).not.toHaveProperty('preventPodSchedulingIfMissing');
    const stored = { ...old, spec: { ...old.spec, preventPodSchedulingIfMissing: false } };
    csiDriverKind.prepareForUpdate?.(keeping, stored, testContext());
    expect(keeping.spec.preventPodSchedulingIfMissing).toBe(true);
  });

  test('attaches or does not, for good', () => {
    expect(updateErrors(csiDriverKind, driver(), (d) => void (d.spec.attachRequired = false))).toEqual([
      'spec.attachedRequired: Invalid value: false: field is immutable',
    ]);
  });

  test('may have long IDs', () => {
    const named = (nodeID: string) =>
      createErrors(csiNodeKind, { metadata, spec: { drivers: [{ name: 'a.example', nodeID }] } });
    expect(named('i'.repeat(256))).toEqual([]);
    expect(named('i'.repeat(257))[0]).toContain('must be 256 characters or less');
  });

  test('is on a node under one ID', () => {
    const drivers = [{ name: 'a.example', nodeID: '1' }];
    const change = (to: object) =>
      updateErrors(
        csiNodeKind,
        { metadata, spec: { drivers } },
        (n) => void Object.assign(n.spec.drivers?.[0] as object, to),
      );
    expect(change({ allocatable: { count: 3 } })).toEqual([]);
    expect(change({ nodeID: '2' })).toEqual([
      'spec.drivers: Invalid value: {"name":"a.example","nodeID":"2"}: field is immutable',
    ]);
  });
});

describe('an attachment', () => {
  test('is of one volume', () => {
    const object: VolumeAttachment = {
      metadata,
      spec: { attacher: 'a.example', nodeName: 'n', source: {} },
    };
    expect(createErrors(volumeAttachmentKind, object)).toEqual([
      'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ]);
  });

  test('tells of errors by codes that there are', () => {
    const spec = { attacher: 'a.example', nodeName: 'n', source: { persistentVolumeName: 'v' } };
    const object: VolumeAttachment = { metadata, spec };
    const failed = { ...object, status: { attached: false, attachError: { errorCode: -1 } } };
    expect(texts(attachmentUpdateErrors(failed, object))).toEqual([
      'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ]);
  });

  const csi = { driver: 'd.example', volumeHandle: 'h' };
  const accessModes = ['ReadWriteOnce'];
  const noClaim = 'Forbidden: may not be specified in the context of inline volumes';
  test.each<[string, object, string[]]>([
    ['a volume of a driver', { csi, accessModes, volumeMode: 'Filesystem' }, []],
    [
      'a volume of no driver',
      { accessModes, hostPath: { path: '/a' } },
      ['csi: Required value: has to be specified in the context of inline volumes'],
    ],
    ['a volume for nobody', { csi }, ['accessModes: Required value']],
    [
      'a volume without a handle',
      { csi: { driver: 'd.example' }, accessModes },
      ['csi.volumeHandle: Required value'],
    ],
    [
      'what a persistent one says of itself',
      {
        csi,
        accessModes,
        claimRef: { name: 'c' },
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: 'Delete',
        nodeAffinity: {},
        storageClassName: 's',
        volumeMode: 'Block',
      },
      [
        `claimRef: ${noClaim}`,
        `capacity: ${noClaim}`,
        'persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes',
        `nodeAffinity: ${noClaim}`,
        `storageClassName: ${noClaim}`,
        'volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes',
      ],
    ],
  ])('may hold %s', (_, inlineVolumeSpec, errors) => {
    const spec = { attacher: 'a.example', nodeName: 'n', source: { inlineVolumeSpec } };
    const expected = errors.map((error) => `spec.source.inlineVolumeSpec.${error}`);
    expect(createErrors(volumeAttachmentKind, { metadata, spec })).toEqual(expected);
  });
});

test('room is reported by labels of nodes that have no other names now', () => {
  const nodeTopology = {
    matchLabels: { 'failure-domain.beta.kubernetes.io/zone': 'z', a: 'b' },
    matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }],
  };
  const object = { metadata, storageClassName: 'c', nodeTopology };
  expect(csiStorageCapacityKind.warnings?.(object, undefined)).toEqual([
    'nodeTopology.matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
    'nodeTopology.matchLabels.failure-domain.beta.kubernetes.io/zone: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  ]);
});
