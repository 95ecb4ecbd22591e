import type { Pod } from '../../api/core/v1.ts';
import type { DraManager } from '../dra/dra-manager.ts';
import type { DeviceManager } from './device-manager.ts';
import { isSidecar } from '../pods/pod-kinds.ts';
import { noNumaNode } from './pod-devices.ts';

/*
 * What agents that watch over devices are told of pods, in the fields of the API of pod resources (v1). No container has processors or
 * memory of its own here (upstream's policies `none`), so there is nothing to tell of these.
 */

/** One device, once for each NUMA node that it belongs to. */
export interface ToldDevice {
  resourceName: string;
  deviceIds: string[];
  topology?: { nodes: { ID: bigint }[] };
}

/** A claim that a container uses, with all devices of it. */
export interface ToldClaim {
  claimName: string;
  claimNamespace: string;
  claimResources: {
    cdiDevices: { name: string }[];
    driverName: string;
    poolName: string;
    deviceName: string;
    shareId?: string;
  }[];
}

export interface ToldPod {
  name: string;
  namespace: string;
  containers: { name: string; devices: ToldDevice[]; dynamicResources: ToldClaim[] }[];
}

/** Who knows what containers have. */
export interface GivenView {
  devices: Pick<DeviceManager, 'given'>;
  claims: Pick<DraManager, 'claimed'>;
}

type ByNuma = Readonly<Record<string, readonly string[]>>;

/** Devices by their resource and NUMA node, one by one. */
export function toldDevices(resources: Iterable<readonly [string, ByNuma]>): ToldDevice[] {
  const told = [...resources].flatMap(([resourceName, byNuma]) =>
    Object.entries(byNuma).flatMap(([node, ids]) =>
      ids.map((id) => ({
        resourceName,
        deviceIds: [id],
        ...(node !== noNumaNode && { topology: { nodes: [{ ID: BigInt(node) }] } }),
      })),
    ),
  );
  const keyOf = ({ resourceName, deviceIds, topology }: ToldDevice) =>
    `${resourceName} ${deviceIds[0]} ${topology?.nodes[0]?.ID ?? ''}`;
  return told.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** A pod with what its containers have; init containers only where they go on running beside the others. */
export function toldPod(pod: Pod, { devices, claims }: GivenView): ToldPod {
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  const containers = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  return {
    name,
    namespace,
    containers: containers.map((container) => ({
      name: container.name,
      devices: toldDevices(devices.given(uid, container.name)),
      dynamicResources: claims.claimed(pod, container).map(([claimName, claimed]) => ({
        claimName,
        claimNamespace: namespace,
        claimResources: claimed.map(({ driver, pool, device, shareId, cdiDevices }) => ({
          cdiDevices: cdiDevices.map((cdi) => ({ name: cdi })),
          driverName: driver,
          poolName: pool,
          deviceName: device,
          ...(shareId !== undefined && { shareId }),
        })),
      })),
    })),
  };
}
