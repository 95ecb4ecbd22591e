import type { Container, EphemeralContainer, Pod } from '../../api/core/v1.ts';
import type { ContainerDevices } from '../devices/container-devices.ts';
import { containerAnnotations, containerNameLabel, podLabels } from '../pods/labels.ts';
import type { ContainerSpec, Device, Image, LinuxResources, Mount } from '../runtimes/types.ts';
import { expandWords } from './expand.ts';
import { containerSecurity, type SecurityDefaults } from './security.ts';

export interface ContainerSpecInput {
  pod: Pod;
  container: Container | EphemeralContainer;
  restartCount: number;
  /** The id that the image has on this node. */
  imageId: string;
  image: Image | undefined;
  env: Map<string, string>;
  mounts: Mount[];
  resources: LinuxResources;
  defaults: SecurityDefaults;
  /** The container whose processes an ephemeral one joins. */
  targetContainerId?: string;
  extraGroups?: number[];
  /** Devices that plugins have given to it. */
  given?: ContainerDevices | undefined;
  /** Names of the CDI devices that it has by claims. */
  claimed?: readonly string[] | undefined;
  /** Volumes that are devices. */
  blockDevices?: Device[];
}

/** Relative to the pod's log directory. */
export function containerLogPath(name: string, restartCount: number): string {
  return `${name}/${restartCount}.log`;
}

/** What the runtime is told of one container. */
export function containerSpec(input: ContainerSpecInput): ContainerSpec {
  const { pod, container, restartCount, env } = input;
  const valueOf = (name: string) => env.get(name);
  const { stdin, stdinOnce, tty, lifecycle } = container;
  const { given } = input;
  const cdiDevices = [...new Set([...(given?.cdiDevices ?? []), ...(input.claimed ?? [])])];
  const devices = [...(given?.devices ?? []), ...(input.blockDevices ?? [])];
  return {
    container: { name: container.name, attempt: restartCount },
    image: input.imageId,
    userImage: container.image,
    command: expandWords(container.command, valueOf),
    args: expandWords(container.args, valueOf),
    workingDir: container.workingDir,
    env: [...env].map(([name, value]) => ({ name, value })),
    mounts: [...(given?.mounts ?? []), ...input.mounts],
    ...(devices.length > 0 && { devices }),
    ...(cdiDevices.length > 0 && { cdiDevices }),
    labels: { ...podLabels(pod), [containerNameLabel]: container.name },
    annotations: { ...given?.annotations, ...containerAnnotations(pod, container, input) },
    logPath: containerLogPath(container.name, restartCount),
    stdin: stdin ?? false,
    stdinOnce: stdinOnce ?? false,
    tty: tty ?? false,
    ...(lifecycle?.stopSignal && { stopSignal: lifecycle.stopSignal }),
    security: containerSecurity(pod, container, input),
    resources: input.resources,
  };
}
