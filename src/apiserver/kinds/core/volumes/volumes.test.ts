import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '../../../../api/core/v1.ts';
import { created, createErrors, row, testContext, updateErrors } from '../../shared/testing.ts';
import { persistentVolumeClaimKind } from './persistent-volume-claim.ts';
import { persistentVolumeKind } from './persistent-volume.ts';

const volume = (spec: PersistentVolume['spec'] = {}): PersistentVolume => ({
  metadata: { name: 'v' },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/x' }, ...spec },
});
const claim = (spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});

describe('a volume', () => {
  test('is filled in', () => {
    expect(created(persistentVolumeKind, volume())).toMatchObject({
      spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem', hostPath: { type: '' } },
      status: { phase: 'Pending' },
    });
    expect(createErrors(persistentVolumeKind, volume())).toEqual([]);
  });

  test('has one source, a size, and modes', () => {
    const bare: PersistentVolume = { metadata: { name: 'v' }, spec: { capacity: { cpu: '1' } } };
    expect(createErrors(persistentVolumeKind, bare)).toEqual([
      'spec.accessModes: Required value',
      'spec.capacity: Unsupported value: {"cpu":"1"}: supported values: "storage"',
      'spec: Required value: must specify a volume type',
    ]);
    expect(createErrors(persistentVolumeKind, volume({ nfs: { server: 's', path: '/' } }))).toEqual([
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
    ]);
  });

  test('on the disk of a node says which', () => {
    const local = volume({ local: { path: '/x' } });
    delete local.spec.hostPath;
    expect(createErrors(persistentVolumeKind, local)).toEqual([
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ]);
  });

  test('is not the whole disk of a node that is then wiped', () => {
    const all = volume({ hostPath: { path: '/a/..' }, persistentVolumeReclaimPolicy: 'Recycle' });
    expect(createErrors(persistentVolumeKind, all)).toContain(
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    );
  });

  test('stays where it is', () => {
    const errors = updateErrors(persistentVolumeKind, volume(), (v) => {
      v.spec.hostPath = { path: '/y', type: '' };
    });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n',
    );
    expect(errors[0]).toContain('- \t\tPath: "/x",');
  });

  test('notes when its phase changes', () => {
    const context = testContext();
    const old = created(persistentVolumeKind, volume(), context);
    const now = structuredClone(old);
    now.status = { phase: 'Bound', lastPhaseTransitionTime: old.status?.lastPhaseTransitionTime };
    persistentVolumeKind.status?.prepareForUpdate?.(now, { ...old, status: { phase: 'Available' } }, context);
    expect(now.status.lastPhaseTransitionTime).toBeDefined();
  });

  test('shows its claim', () => {
    const bound = created(persistentVolumeKind, volume({ claimRef: { namespace: 'default', name: 'c' } }));
    bound.status = { phase: 'Bound' };
    expect(row(persistentVolumeKind, bound)).toMatchObject({
      Name: 'v',
      Capacity: '1Gi',
      'Access Modes': 'RWO',
      'Reclaim Policy': 'Retain',
      Status: 'Bound',
      Claim: 'default/c',
      StorageClass: '',
      VolumeAttributesClass: '<unset>',
      VolumeMode: 'Filesystem',
    });
  });
});

describe('a claim', () => {
  test('says how much, and how it is mounted', () => {
    const bare: PersistentVolumeClaim = { metadata: { name: 'c', namespace: 'default' }, spec: {} };
    expect(createErrors(persistentVolumeClaimKind, bare)).toEqual([
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ]);
    expect(createErrors(persistentVolumeClaimKind, claim())).toEqual([]);
  });

  test('says in both fields where its data comes from', () => {
    const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
    const { spec } = created(persistentVolumeClaimKind, claim({ dataSource: snapshot }));
    expect(spec.dataSourceRef).toEqual(snapshot);
    const other = { apiGroup: 'example.com', kind: 'Populator', name: 'p' };
    expect(created(persistentVolumeClaimKind, claim({ dataSource: other })).spec.dataSource).toBeUndefined();
    expect(created(persistentVolumeClaimKind, claim({ dataSourceRef: other })).spec.dataSource).toEqual(
      other,
    );
  });

  test('gets its volume once', () => {
    const take = (name: string) => (c: PersistentVolumeClaim) => void (c.spec.volumeName = name);
    expect(updateErrors(persistentVolumeClaimKind, claim(), take('v'))).toEqual([]);
    const errors = updateErrors(persistentVolumeClaimKind, claim({ volumeName: 'v' }), take('w'));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n/,
    );
  });

  test('grows once it is bound, and does not shrink', () => {
    const bound = created(persistentVolumeClaimKind, claim({ volumeName: 'v' }));
    bound.status = { phase: 'Bound', capacity: { storage: '1Gi' } };
    const ask = (storage: string) => {
      const now = structuredClone(bound);
      now.spec.resources = { requests: { storage } };
      return persistentVolumeClaimKind.validateUpdate?.(now, bound, testContext());
    };
    expect(ask('2Gi')).toEqual([]);
    expect(ask('500Mi')).toMatchObject([
      {
        field: 'spec.resources.requests.storage',
        body: 'Forbidden: field can not be less than status.capacity',
      },
    ]);
  });

  test('cannot grow before it is bound', () => {
    const errors = updateErrors(persistentVolumeClaimKind, claim(), (c) => {
      c.spec.resources = { requests: { storage: '2Gi' } };
    });
    expect(errors).toHaveLength(1);
  });
});
