import type { Container, EphemeralContainer, Pod, VolumeMount } from '../../api/core/v1.ts';
import { ContainerConfigError } from '../containers/env.ts';
import { expandStrictly } from '../containers/expand.ts';
import type { OpenBeneath } from '../../platform/open-beneath.ts';
import type { Files } from '../../platform/files.ts';
import type { Mount } from '../runtimes/types.ts';
import type { PodDirs } from './dirs.ts';
import type { MountedVolume } from './mounter.ts';
import type { Mounts } from './mounts.ts';
import type { MountedVolumes } from './volume-manager.ts';

export interface ContainerMountsInput {
  pod: Pod;
  container: Container | EphemeralContainer;
  env: Map<string, string>;
  volumes: MountedVolumes;
  dirs: PodDirs;
  files: Files;
  mounts: Mounts;
  openBeneath: OpenBeneath;
}

const propagations: Record<string, Mount['propagation']> = {
  None: 'None',
  HostToContainer: 'HostToContainer',
  Bidirectional: 'Bidirectional',
};

/** The mounts of one container for its volumes. Throws ContainerConfigError for a path that is none. */
export async function containerMounts(input: ContainerMountsInput): Promise<Mount[]> {
  const found: Mount[] = [];
  for (const [index, mount] of (input.container.volumeMounts ?? []).entries()) {
    const volume = input.volumes.get(mount.name);
    if (!volume) throw new ContainerConfigError(`volume ${JSON.stringify(mount.name)} is not mounted`);
    found.push(await oneMount(input, mount, volume, index));
  }
  return found;
}

async function oneMount(
  input: ContainerMountsInput,
  mount: VolumeMount,
  volume: MountedVolume,
  index: number,
): Promise<Mount> {
  const readOnly = (mount.readOnly ?? false) || volume.readOnly;
  const containerPath = mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`;
  const subPath = subPathOf(mount, input.env);
  if (volume.image)
    return {
      containerPath,
      hostPath: '',
      image: volume.image,
      readOnly: true,
      ...(subPath && { imageSubPath: subPath }),
    };
  const hostPath = subPath ? await pinnedSubPath(input, volume, subPath, index) : volume.hostPath;
  return {
    containerPath,
    hostPath,
    readOnly,
    propagation: propagations[mount.mountPropagation ?? 'None'] ?? 'None',
    ...(readOnly && mount.recursiveReadOnly === 'Enabled' && { recursiveReadOnly: true }),
  };
}

function subPathOf(mount: VolumeMount, env: Map<string, string>): string {
  const { subPath = '', subPathExpr } = mount;
  const path = subPathExpr ? expanded(subPathExpr, env) : subPath;
  if (path.startsWith('/'))
    throw new ContainerConfigError(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..'))
    throw new ContainerConfigError(`unable to provision SubPath \`${path}\`: must not contain '..'`);
  return path;
}

function expanded(expression: string, env: Map<string, string>): string {
  try {
    return expandStrictly(expression, (name) => env.get(name));
  } catch (error) {
    throw new ContainerConfigError((error as Error).message, { cause: error });
  }
}

/**
 * A part of a volume, pinned down so that what is mounted is what was looked at: who may write the volume might put a
 * symbolic link in its place in between.
 */
async function pinnedSubPath(
  { dirs, container, files, mounts, openBeneath }: ContainerMountsInput,
  volume: MountedVolume,
  subPath: string,
  index: number,
): Promise<string> {
  const target = dirs.subPath(volume.name, container.name, index);
  const held = await openBeneath(volume.hostPath, subPath, { create: true }).catch((error: Error) => {
    throw new ContainerConfigError(
      `failed to prepare subPath for volumeMount ${JSON.stringify(volume.name)} of container ${JSON.stringify(container.name)}: ${error.message}`,
    );
  });
  try {
    for (const point of await mounts.below(target)) await mounts.unmount(point);
    await files.remove(target);
    if (held.isDirectory) await files.makeDir(target);
    else {
      await files.makeDir(target.slice(0, target.lastIndexOf('/')));
      await files.write(target, '');
    }
    await mounts.bind(held.path, target);
    return target;
  } finally {
    await held.close();
  }
}
