import { expect, test } from 'vitest';
import { reclaimFinalizers } from './driver-notes.ts';

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
