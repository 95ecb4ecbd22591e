import type { Pod } from '../../api/core/v1.ts';
import type { CSIDriver } from '../../api/storage/v1.ts';
import { VolumeError } from '../volumes/payload.ts';

/*
 * What the CSIDriver object of a driver says about how its volumes are to be had. A driver need not have one.
 */

export type Lifecycle = 'Persistent' | 'Ephemeral';

/** Throws where a driver does not serve volumes of a lifecycle. */
export function checkLifecycle(driver: CSIDriver | undefined, name: string, wanted: Lifecycle): void {
  if (!driver) {
    if (wanted === 'Persistent') return;
    throw new VolumeError(`volume mode "${wanted}" not supported by driver ${name} (no CSIDriver object)`);
  }
  const modes = driver.spec.volumeLifecycleModes ?? ['Persistent'];
  if (modes.includes(wanted)) return;
  const known = modes.map((mode) => JSON.stringify(mode)).join(' ');
  throw new VolumeError(`volume mode "${wanted}" not supported by driver ${name} (only supports [${known}])`);
}

/** Whether volumes of a driver have to be attached to a node first. */
export const isAttached = (driver: CSIDriver | undefined): boolean => driver?.spec.attachRequired !== false;

/** What a driver that asks for it is told of the pod. */
export function podContext(
  driver: CSIDriver | undefined,
  pod: Pod,
  lifecycle: Lifecycle,
): Record<string, string> {
  if (!driver?.spec.podInfoOnMount) return {};
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return {
    'csi.storage.k8s.io/pod.name': name,
    'csi.storage.k8s.io/pod.namespace': namespace,
    'csi.storage.k8s.io/pod.uid': uid,
    'csi.storage.k8s.io/serviceAccount.name': pod.spec.serviceAccountName ?? '',
    'csi.storage.k8s.io/ephemeral': String(lifecycle === 'Ephemeral'),
  };
}

/** Whether the kubelet gives a volume's files to the pod's group. */
export function givesToGroup(
  driver: CSIDriver | undefined,
  { fsType, accessModes, readOnly }: { fsType: string; accessModes: readonly string[]; readOnly: boolean },
): boolean {
  const policy = driver?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (policy === 'None' || readOnly) return false;
  const once = accessModes.some((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
  return policy === 'File' || (fsType !== '' && once);
}
