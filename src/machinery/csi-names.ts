import { createHash } from 'node:crypto';

/*
 * Names by which the attach-detach controller, kubelets and drivers speak of the same volume (upstream's `pkg/volume/csi`).
 */

/** What tells a volume from all others. */
export interface VolumeIdentity {
  driver: string;
  /** The driver's own name for it. */
  handle: string;
}

/** The name under which a node's status speaks of a volume. */
export const attachedName = ({ driver, handle }: VolumeIdentity) => `kubernetes.io/csi/${driver}^${handle}`;

/** The name of the attachment of a volume to a node. */
export function attachmentName({ driver, handle }: VolumeIdentity, node: string): string {
  return `csi-${createHash('sha256').update(`${handle}${driver}${node}`).digest('hex')}`;
}
