import type { Device, Mount } from '../runtimes/types.ts';
import type { GivenDevices } from './pod-devices.ts';

/** What a container is started with so that it can use its devices. */
export interface ContainerDevices {
  env: ReadonlyMap<string, string>;
  mounts: readonly Mount[];
  devices: readonly Device[];
  annotations: Readonly<Record<string, string>>;
  /** Names of CDI devices. */
  cdiDevices: readonly string[];
}

/** What plugins of several resources want for one container. Where two want different things of the same name, the first has it. */
export function containerDevices(given: Iterable<GivenDevices>): ContainerDevices {
  const env = new Map<string, string>();
  const annotations = new Map<string, string>();
  const mounts = new Map<string, Mount>();
  const devices = new Map<string, Device>();
  const cdi = new Set<string>();
  for (const { response } of given) {
    for (const [name, value] of Object.entries(response.envs)) addFirst(env, name, value);
    for (const [name, value] of Object.entries(response.annotations)) addFirst(annotations, name, value);
    for (const { containerPath, hostPath, permissions } of response.devices)
      addFirst(devices, containerPath, { containerPath, hostPath, permissions });
    for (const { containerPath, hostPath, readOnly } of response.mounts)
      addFirst(mounts, containerPath, { containerPath, hostPath, readOnly });
    for (const { name } of response.cdiDevices) cdi.add(name);
  }
  return {
    env,
    mounts: [...mounts.values()],
    devices: [...devices.values()],
    annotations: Object.fromEntries(annotations),
    cdiDevices: [...cdi],
  };
}

function addFirst<V>(all: Map<string, V>, key: string, value: V): void {
  if (!all.has(key)) all.set(key, value);
}
