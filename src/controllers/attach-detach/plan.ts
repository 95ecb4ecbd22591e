import { createHash } from 'node:crypto';
import type { Node, PersistentVolume, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { VolumeAttachment } from '../../api/storage/v1.ts';

export type Attachment = Stored<VolumeAttachment>;

/** The kubelet leaves attaching to the controller on nodes that say so. */
export const managedAnnotation = 'volumes.kubernetes.io/controller-managed-attach-detach';
const outOfServiceTaint = 'node.kubernetes.io/out-of-service';
/** How long a volume of a node that nobody hears of is left to it (`maxWaitForUnmountDuration`). */
export const unmountWithinMs = 6 * 60_000;

/** A volume that pods of a node want to have there. */
export interface Wanted {
  volume: Stored<PersistentVolume>;
  pods: readonly Stored<Pod>[];
}

/** The name under which a node's status speaks of a volume of a driver. */
export const attachedName = (driver: string, handle: string) => `kubernetes.io/csi/${driver}^${handle}`;

/** The name of the attachment of a volume to a node: `pkg/volume/csi` getAttachmentName. */
export function attachmentName(volume: PersistentVolume, node: string): string {
  const { driver = '', volumeHandle = '' } = volume.spec?.csi ?? {};
  return `csi-${createHash('sha256').update(`${volumeHandle}${driver}${node}`).digest('hex')}`;
}

const shared = new Set(['ReadOnlyMany', 'ReadWriteMany']);

/** Whether a volume may be on several nodes at once. */
export const isShared = ({ spec }: PersistentVolume): boolean =>
  spec?.accessModes?.some((mode) => shared.has(mode)) ?? false;

export interface NodeView {
  /** Undefined where there is no such node any more. */
  node: Node | undefined;
  isReady: boolean;
  /** By the name of their attachment. */
  wanted: ReadonlyMap<string, Wanted>;
  /** What is attached to the node, or is about to be, or is on its way off. */
  attachments: readonly Attachment[];
  /** Other nodes that a volume is attached to, by the volume's name. */
  elsewhere(volume: string): readonly string[];
  /** The name in the node's status of an attachment's volume. */
  nameOf(attachment: Attachment): string | undefined;
  nowMs: number;
  /** Since when an attachment has not been wanted, milliseconds since the epoch. */
  unwantedSinceMs(attachment: string): number;
}

export interface NodePlan {
  attach: readonly Wanted[];
  /** Volumes that have to leave another node first. */
  blocked: readonly Wanted[];
  detach: readonly Attachment[];
  /** The names in the node's status of all that is attached and is to stay. */
  attached: readonly string[];
  /** When to look again though nothing changes, milliseconds from now. */
  againMs?: number;
}

/**
 * What is to be done about the volumes of one node. A volume that its kubelet still has mounted is left there; that of a node of which nobody
 * hears is taken after six minutes, or at once where it is marked as out of service.
 */
export function planNode(view: NodeView): NodePlan {
  const { node, wanted, attachments, nowMs } = view;
  const there = new Map(attachments.map((attachment) => [attachment.metadata.name, attachment]));
  const attach: Wanted[] = [];
  const blocked: Wanted[] = [];
  for (const [name, want] of wanted) {
    if (there.has(name)) continue;
    const isFree = isShared(want.volume) || view.elsewhere(want.volume.metadata.name).length === 0;
    (isFree ? attach : blocked).push(want);
  }
  const detach: Attachment[] = [];
  const attached: string[] = [];
  let againMs: number | undefined;
  const inUse = new Set(node?.status?.volumesInUse);
  const isOutOfService = node?.spec?.taints?.some(({ key }) => key === outOfServiceTaint) ?? false;
  for (const attachment of attachments) {
    const name = view.nameOf(attachment);
    const isWanted = wanted.has(attachment.metadata.name);
    const isMounted = node !== undefined && name !== undefined && inUse.has(name);
    const leftMs = view.unwantedSinceMs(attachment.metadata.name) + unmountWithinMs - nowMs;
    const mayForce = isOutOfService || (!view.isReady && leftMs <= 0);
    if (!isWanted && (!isMounted || mayForce)) {
      if (!attachment.metadata.deletionTimestamp) detach.push(attachment);
      continue;
    }
    if (!isWanted && !view.isReady) againMs = Math.min(againMs ?? leftMs, leftMs);
    if (name && attachment.status?.attached) attached.push(name);
  }
  return { attach, blocked, detach, attached, ...(againMs !== undefined && { againMs }) };
}
