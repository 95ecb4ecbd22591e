import type { Container, EphemeralContainer } from '../../api/core/v1.ts';
import { ContainerConfigError } from '../containers/env.ts';
import type { Device } from '../runtimes/types.ts';
import type { MountedVolumes } from './volume-manager.ts';

/** The volumes that a container has as devices. Throws ContainerConfigError for a path that is none. */
export function blockDevices(
  { name: container, volumeDevices = [] }: Container | EphemeralContainer,
  volumes: MountedVolumes,
): Device[] {
  return volumeDevices.map(({ name, devicePath: containerPath }) => {
    if (!containerPath.startsWith('/'))
      throw new ContainerConfigError(`error DevicePath \`${containerPath}\` must be an absolute path`);
    const volume = volumes.get(name);
    if (!volume?.isDevice) {
      const [what, into] = [JSON.stringify(name), JSON.stringify(container)];
      throw new ContainerConfigError(`cannot find volume ${what} to pass into container ${into}`);
    }
    return { hostPath: volume.hostPath, containerPath, permissions: volume.readOnly ? 'r' : 'mrw' };
  });
}
