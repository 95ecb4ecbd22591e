import type { Container, Pod } from '../../api/core/v1.ts';
import type { LinuxResources } from '../runtimes/types.ts';
import { isSidecar } from './pod-kinds.ts';
import { newestOf, type RuntimePod } from './runtime-pod.ts';

/** A running container whose limits are not what they should be. */
export interface Resize {
  container: Container;
  id: string;
  resources: LinuxResources;
  /** Its process must begin anew to see the change. */
  restart: boolean;
  /** It is to have less memory than it has. */
  shrinks: boolean;
}

export interface ResizeInput {
  pod: Pod;
  runtime: RuntimePod;
  /** What the container should have. */
  wanted(container: Container): LinuxResources;
  /** What it was last given; undefined where that is not known. */
  given(containerId: string): LinuxResources | undefined;
}

/** Which running containers need other limits. */
export function planResize({ pod, runtime, wanted, given }: ResizeInput): Resize[] {
  const { initContainers = [], containers } = pod.spec;
  return [...initContainers, ...containers].flatMap((container) => {
    const running = newestOf(runtime, container.name);
    const before = running?.state === 'running' ? given(running.id) : undefined;
    if (!running || !before) return [];
    const resources = wanted(container);
    const cpu = before.cpuShares !== resources.cpuShares || before.cpuQuotaUs !== resources.cpuQuotaUs;
    const memory = (before.memoryLimitBytes ?? 0) !== (resources.memoryLimitBytes ?? 0);
    if (!cpu && !memory) return [];
    // A plain init container that is ended has failed.
    const canRestart = !initContainers.includes(container) || isSidecar(container);
    const wantsRestart =
      (cpu && needsRestart(container, 'cpu')) || (memory && needsRestart(container, 'memory'));
    const shrinks = memoryLimit(resources) < memoryLimit(before);
    return [{ container, id: running.id, resources, restart: canRestart && wantsRestart, shrinks }];
  });
}

const memoryLimit = ({ memoryLimitBytes }: LinuxResources) => memoryLimitBytes || Number.POSITIVE_INFINITY;

const needsRestart = (container: Container, resource: string): boolean =>
  container.resizePolicy?.some(
    (p) => p.resourceName === resource && p.restartPolicy === 'RestartContainer',
  ) ?? false;
