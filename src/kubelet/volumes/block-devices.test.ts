import { describe, expect, test } from 'vitest';
import type { Container, PersistentVolume, Pod } from '../../api/core/v1.ts';
import type { FileType } from '../../platform/files.ts';
import type { OpenBeneath } from '../../platform/open-beneath.ts';
import { ContainerConfigError } from '../containers/env.ts';
import type { NodeContext } from '../pods/context.ts';
import { blockDevices } from './block-devices.ts';
import type { VolumeContent } from './content.ts';
import { podDirs } from './dirs.ts';
import { type MountedVolume, VolumeMounter } from './mounter.ts';
import { noMounts } from './mounts.ts';
import { usedVolumes } from './volume-manager.ts';

const c = (more: Partial<Container>): Container => ({ name: 'c', image: 'i', ...more });
const asDevice = c({ volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] });
const asMount = c({ volumeMounts: [{ name: 'v', mountPath: '/x' }] });

/** What a pod gets by a claim for a volume, on a node that has something of a type at `/dev/disk`. */
function mounted(
  spec: PersistentVolume['spec'],
  container: Container,
  { type = 'blockDevice', readOnly = false }: { type?: FileType; readOnly?: boolean } = {},
): Promise<MountedVolume> {
  const objects: Record<string, object> = {
    persistentvolumeclaims: {
      metadata: { name: 'd', namespace: 'n', uid: 'c' },
      spec: { volumeName: 'pv' },
      status: { phase: 'Bound' },
    },
    persistentvolumes: { metadata: { name: 'pv' }, spec: { claimRef: { uid: 'c' }, ...spec } },
  };
  const client = { of: ({ plural }: { plural: string }) => ({ get: async () => objects[plural] }) };
  const files = {
    stat: async (path: string) => (path === '/dev/disk' ? { type } : undefined),
    exists: async (path: string) => path === '/dev/disk',
  };
  const context = { platform: { files }, client } as unknown as NodeContext;
  const host = { mounts: noMounts, openBeneath: (() => {}) as unknown as OpenBeneath };
  const pod: Pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [container] } };
  return new VolumeMounter(context, host).mount({
    pod,
    volume: { name: 'v', persistentVolumeClaim: { claimName: 'd', readOnly } },
    dirs: podDirs('/k', 'u'),
    content: {} as VolumeContent,
    allocatable: new Map(),
    node: undefined,
  });
}

describe('a volume that is a device of the node', () => {
  const local = { volumeMode: 'Block', local: { path: '/dev/disk' } };

  test('is itself what its pod gets', async () => {
    expect(await mounted(local, asDevice, { readOnly: true })).toEqual({
      name: 'v',
      hostPath: '/dev/disk',
      isDevice: true,
      readOnly: true,
      claim: 'd',
      persistent: 'pv',
    });
  });

  test.each([
    [local, asDevice, 'file', 'hostPath type check failed: /dev/disk is not a block device'],
    [
      { ...local, local: { path: '/dev/none' } },
      asDevice,
      'file',
      'hostPath type check failed: /dev/none is not a block device',
    ],
    [local, asMount, 'blockDevice', 'volume v has volumeMode Block, but is specified in volumeMounts'],
    [
      { local: { path: '/dev/disk' } },
      asDevice,
      'directory',
      'volume v has volumeMode Filesystem, but is specified in volumeDevices',
    ],
    [
      { volumeMode: 'Block', hostPath: { path: '/dev/disk' } },
      asDevice,
      'blockDevice',
      'no volume plugin matched for PV "pv"',
    ],
  ] as const)('%j, used by %j, on a node that has a %s: %s', async (spec, container, type, why) => {
    await expect(mounted(spec, container as Container, { type })).rejects.toThrow(why);
  });
});

describe('devices of a container', () => {
  const volumes = (more: Partial<MountedVolume>) =>
    new Map([['v', { name: 'v', hostPath: '/link', isDevice: true, readOnly: false, ...more }]]);

  test.each([
    [false, 'mrw'],
    [true, 'r'],
  ])('of a volume that is only read (%s) may be used for %s', (readOnly, permissions) => {
    expect(blockDevices(asDevice, volumes({ readOnly }))).toEqual([
      { hostPath: '/link', containerPath: '/dev/x', permissions },
    ]);
  });

  test('are none without a volume that is one, or at no place in particular', () => {
    const missing = new ContainerConfigError('cannot find volume "v" to pass into container "c"');
    expect(() => blockDevices(asDevice, new Map())).toThrow(missing);
    expect(() => blockDevices(asDevice, volumes({ isDevice: false }))).toThrow(missing);
    const nowhere = c({ volumeDevices: [{ name: 'v', devicePath: 'dev/x' }] });
    expect(() => blockDevices(nowhere, volumes({}))).toThrow(
      'error DevicePath `dev/x` must be an absolute path',
    );
  });

  test('are of volumes that the pod has made for them alone', () => {
    const spec = { volumes: [{ name: 'v' }, { name: 'w' }], containers: [asDevice] };
    expect(usedVolumes({ metadata: {}, spec }).map(({ name }) => name)).toEqual(['v']);
  });
});
