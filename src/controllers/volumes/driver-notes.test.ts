import { describe, expect, test } from 'vitest';
import { notedClaim, notedVolume, reclaimFinalizers } from './driver-notes.ts';

const ours = 'kubernetes.io/pv-controller';
const theirs = 'external-provisioner.volume.kubernetes.io/finalizer';
const other = 'example.com/other';
const [gone, served, local] = ['kubernetes.io/rbd', 'kubernetes.io/gce-pd', 'k8ts.dev/local'];

test.each<[string | undefined, string, readonly string[], readonly string[]]>([
  ['rbd.csi.ceph.com', 'Delete', [theirs], [theirs]],
  ['rbd.csi.ceph.com', 'Delete', [], []],
  [gone, 'Delete', [other], [other, ours]],
  [gone, 'Delete', [], [ours]],
  [gone, 'Delete', [theirs], [ours]],
  [gone, 'Delete', [theirs, other], [other, ours]],
  [served, 'Delete', [theirs, ours], [theirs]],
  [undefined, 'Delete', [theirs], [theirs]],
  [undefined, 'Delete', [], []],
  [gone, 'Retain', [], []],
  [gone, 'Recycle', [], []],
  [gone, 'Retain', [ours], []],
  [local, 'Delete', [], [theirs]],
  [local, 'Retain', [theirs, other], [other]],
])('a volume of %s that is to %s, with %j, is to have %j', (provisioner, policy, before, after) => {
  const annotations = provisioner ? { 'pv.kubernetes.io/provisioned-by': provisioner } : {};
  const volume = {
    metadata: { name: 'v', annotations, finalizers: before },
    spec: { persistentVolumeReclaimPolicy: policy },
  };
  expect(reclaimFinalizers(volume as never)).toEqual(after);
});

describe('the driver that has taken the place of', () => {
  const driver = 'pd.csi.storage.gke.io';
  const to = 'pv.kubernetes.io/migrated-to';
  const of = (annotations: Record<string, string>) => ({ metadata: { annotations }, spec: {} }) as never;

  test.each<[Record<string, string>, string | undefined]>([
    [{ by: served }, driver],
    [{ by: served, [to]: driver }, driver],
    [{ by: served, [to]: 'other' }, driver],
    [{ by: 'example.com/disks' }, undefined],
    [{ by: 'example.com/disks', [to]: driver }, undefined],
    [{ [to]: 'unasked' }, 'unasked'],
  ])('a provisioner is noted: %j', ({ by, ...more }, noted) => {
    const check = (object: { metadata: { annotations?: Record<string, string> } }) =>
      expect(object.metadata.annotations?.[to]).toBe(noted);
    const keys = [
      'volume.kubernetes.io/storage-provisioner',
      'volume.beta.kubernetes.io/storage-provisioner',
    ];
    for (const key of keys) {
      const claim = of({ ...more, ...(by && { [key]: by }) });
      check(notedClaim(claim) ?? claim);
    }
    const volume = of({ ...more, ...(by && { 'pv.kubernetes.io/provisioned-by': by }) });
    check(notedVolume(volume) ?? volume);
  });
});
