import { describe, expect, test } from 'vitest';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { created, createErrors, testContext, texts, updateErrors } from '../../shared/testing.ts';
import { persistentVolumeKind } from './persistent-volume.ts';
import { persistentVolumeClaimKind } from './persistent-volume-claim.ts';

const claim = (spec: Partial<PersistentVolumeClaimSpec> = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, ...spec },
});
const volume = (spec: Partial<PersistentVolumeSpec> = {}): PersistentVolume => ({
  metadata: { name: 'v' },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a' }, ...spec },
});

describe('what is said of a new volume', () => {
  test.each<[Partial<PersistentVolumeSpec>, string[]]>([
    [{}, []],
    [
      { capacity: { storage: '-1' } },
      [
        'spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
        'spec.capacity[storage]: Invalid value: "-1": must be greater than zero',
      ],
    ],
    [
      { hostPath: undefined, local: { path: '' } },
      [
        'spec.local.path: Required value',
        'spec.nodeAffinity: Required value: Local volume requires node affinity',
      ],
    ],
    [
      { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' },
      ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
    ],
    [{ local: { path: '/a' } }, ['spec.local: Forbidden: may not specify more than 1 volume type']],
    [
      { flexVolume: { driver: '' }, csi: { driver: 'd', volumeHandle: 'v' } },
      [
        'spec.flexVolume.driver: Required value',
        'spec.csi: Forbidden: may not specify more than 1 volume type',
      ],
    ],
    [{ cephfs: { monitors: ['a'] } }, ['spec.cephFS: Forbidden: may not specify more than 1 volume type']],
    [
      { hostPath: undefined, glusterfs: { endpoints: 'e', path: '/', endpointsNamespace: '' } },
      [
        'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
      ],
    ],
    [
      {
        hostPath: undefined,
        iscsi: {
          targetPortal: 'p'.repeat(70),
          iqn: 'iqn.2015-02.example.com:test',
          lun: 0,
          initiatorName: 'iqn.2015-02.example.com:init',
        },
      },
      [
        `spec.iscsi.targetportal: Invalid value: "${'p'.repeat(70)}": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.`,
      ],
    ],
    [
      { volumeAttributesClassName: '' },
      [
        'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
        'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
      ],
    ],
  ])('%j', (spec, errors) => {
    expect(createErrors(persistentVolumeKind, volume(spec))).toEqual(errors);
  });
});

test('nodes of a volume stay who they are, by the new names of their labels or the old', () => {
  const at = (key: string, value: string) => ({
    required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: [value] }] }] },
  });
  const placed = volume({ nodeAffinity: at('failure-domain.beta.kubernetes.io/zone', 'a') });
  const change = (key: string, value: string) =>
    updateErrors(persistentVolumeKind, placed, (v) => (v.spec.nodeAffinity = at(key, value)));
  expect(change('topology.kubernetes.io/zone', 'a')).toEqual([]);
  expect(change('topology.kubernetes.io/zone', 'b')).toEqual([
    'nodeAffinity: Invalid value: {"Required":{"NodeSelectorTerms":[{"MatchExpressions":[{"Key":"topology.kubernetes.io/zone","Operator":"In","Values":["b"]}],"MatchFields":null}]}}: field is immutable, except for updating from beta label to GA',
  ]);
});

test('values that are none stay where they were', () => {
  const values = ['not a value'];
  const odd = { matchExpressions: [{ key: 'a', operator: 'In', values }] };
  const placed = volume({ nodeAffinity: { required: { nodeSelectorTerms: [odd] } } });
  expect(createErrors(persistentVolumeKind, placed)).toHaveLength(1);
  expect(updateErrors(persistentVolumeKind, placed, (v) => (v.metadata.labels = { a: 'b' }))).toEqual([]);
  const choosy = claim({ selector: odd });
  expect(createErrors(persistentVolumeClaimKind, choosy)).toHaveLength(1);
  expect(updateErrors(persistentVolumeClaimKind, choosy, (c) => (c.metadata.labels = { a: 'b' }))).toEqual(
    [],
  );
});

test('advice on a volume', () => {
  const old = volume({ persistentVolumeReclaimPolicy: 'Recycle' });
  old.metadata.annotations = {
    'volume.beta.kubernetes.io/storage-class': 'slow',
    'volume.beta.kubernetes.io/mount-options': 'ro',
  };
  expect(persistentVolumeKind.warnings?.(created(persistentVolumeKind, old), undefined)).toEqual([
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
    'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
  ]);
});

describe('a claim that changes', () => {
  const bound = {
    phase: 'Bound',
    capacity: { storage: '2Gi' },
    currentVolumeAttributesClassName: 'silver',
  };
  const change = (
    spec: Partial<PersistentVolumeClaimSpec>,
    edit: (claim: PersistentVolumeClaim) => void,
    status: PersistentVolumeClaim['status'] = bound,
  ) => {
    const old = {
      ...created(persistentVolumeClaimKind, claim(spec)),
      status,
    } as Stored<PersistentVolumeClaim>;
    const copy = structuredClone(old) as PersistentVolumeClaim;
    edit(copy);
    const errors = persistentVolumeClaimKind.validateUpdate?.(copy, old, testContext()) ?? [];
    return texts(errors).map((text) => text.split('\n')[0]);
  };
  const frozen =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

  test.each<[string, Partial<PersistentVolumeClaimSpec>, (c: PersistentVolumeClaim) => void, string[]]>([
    ['may grow', {}, (c) => (c.spec.resources = { requests: { storage: '3Gi' } }), []],
    [
      'may not shrink below what there is',
      {},
      (c) => (c.spec.resources = { requests: { storage: '1Gi' } }),
      ['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity'],
    ],
    ['may get a class where it had none', {}, (c) => (c.spec.storageClassName = 'fast'), []],
    ['keeps its class', { storageClassName: 'a' }, (c) => (c.spec.storageClassName = 'b'), [frozen]],
    ['may get a class of attributes', {}, (c) => (c.spec.volumeAttributesClassName = 'gold'), []],
    [
      'does not lose its class of attributes',
      { volumeAttributesClassName: 'gold' },
      (c) => (c.spec.volumeAttributesClassName = ''),
      [
        'spec.volumeAttributesClassName: Forbidden: update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil',
      ],
    ],
    [
      'keeps the annotation of old',
      {},
      (c) => (c.metadata.annotations = { 'volume.beta.kubernetes.io/storage-class': 'b' }),
      [
        'metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: "b": field is immutable',
      ],
    ],
  ])('%s', (_, spec, edit, errors) => {
    expect(change(spec, edit)).toEqual(errors);
  });

  test('that has not got its class of attributes yet may do without', () => {
    const drop = (c: PersistentVolumeClaim) => delete c.spec.volumeAttributesClassName;
    const { currentVolumeAttributesClassName: _, ...waiting } = bound;
    expect(change({ volumeAttributesClassName: 'gold' }, drop, waiting)).toEqual([]);
    expect(change({ volumeAttributesClassName: 'gold' }, drop)).toEqual([
      'spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when status.currentVolumeAttributesClassName is not nil',
    ]);
  });

  test('cannot do so before it is bound', () => {
    const grow = (c: PersistentVolumeClaim) => (c.spec.resources = { requests: { storage: '3Gi' } });
    expect(change({}, grow, { phase: 'Pending' })).toEqual([frozen]);
    const tune = (c: PersistentVolumeClaim) => (c.spec.volumeAttributesClassName = 'gold');
    expect(change({}, tune, { phase: 'Pending' })).toEqual([frozen]);
  });
});

test('a claim takes no data from other namespaces, and no garbage', () => {
  const elsewhere = claim({
    dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'x', namespace: 'other' },
  });
  expect(created(persistentVolumeClaimKind, elsewhere).spec.dataSourceRef).toBeUndefined();
  const garbage = claim({ dataSource: { apiGroup: 'a.io', kind: 'Anything', name: 'x' } });
  expect(created(persistentVolumeClaimKind, garbage).spec.dataSource).toBeUndefined();
});

test('what is said of a report of a claim', () => {
  const old = created(persistentVolumeClaimKind, claim());
  const status = {
    capacity: { storage: '-1Gi' },
    allocatedResourceStatuses: { storage: 'Stuck' },
    allocatedResources: { cpu: '1' },
  };
  const errors = persistentVolumeClaimKind.status?.validateUpdate?.({ ...old, status }, old, testContext());
  expect(texts(errors ?? [])).toEqual([
    'status.capacity[storage]: Invalid value: -1073741824: must be a valid resource quantity',
    'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
    'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
  ]);
});

test('advice on a claim', () => {
  const odd = claim({ resources: { requests: { storage: '1500m' } } });
  odd.metadata.annotations = { 'volume.beta.kubernetes.io/storage-class': 'slow' };
  expect(persistentVolumeClaimKind.warnings?.(created(persistentVolumeClaimKind, odd), undefined)).toEqual([
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
  ]);
});
