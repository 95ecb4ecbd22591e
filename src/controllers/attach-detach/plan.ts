import type { Node, PersistentVolume, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { VolumeAttachment, VolumeAttachmentSource } from '../../api/storage/v1.ts';
import type { VolumeIdentity } from '../../machinery/csi-names.ts';
import { csiVolumeOf, csiVolumeOfPod } from '../../machinery/csi-translation/translate.ts';
import { isFinished } from '../shared/pods.ts';

export type Attachment = Stored<VolumeAttachment>;

/** The kubelet leaves attaching to the controller on nodes that say so. */
export const managedAnnotation = 'volumes.kubernetes.io/controller-managed-attach-detach';
const keepTerminatedAnnotation = 'volumes.kubernetes.io/keep-terminated-pod-volumes';
const outOfServiceTaint = 'node.kubernetes.io/out-of-service';
/** How long a volume of a node that nobody hears of is left to it (`maxWaitForUnmountDuration`). */
export const unmountWithinMs = 6 * 60_000;

/** A volume that a driver attaches to nodes. */
export interface Attachable extends VolumeIdentity {
  /** The name that pods are told of. */
  name: string;
  accessModes: readonly string[];
  source: VolumeAttachmentSource;
}

function attachable(
  translated: PersistentVolume | undefined,
  sourceOf: (volume: PersistentVolume) => VolumeAttachmentSource,
): Attachable | undefined {
  const { csi, accessModes = [] } = translated?.spec ?? {};
  if (!translated || !csi) return undefined;
  const { driver, volumeHandle: handle } = csi;
  return { name: translated.metadata.name ?? '', driver, handle, accessModes, source: sourceOf(translated) };
}

/** What a driver attaches for a persistent volume; undefined where no driver serves it. */
export const attachableOf = (volume: PersistentVolume): Attachable | undefined =>
  attachable(csiVolumeOf(volume), ({ metadata }) => ({ persistentVolumeName: metadata.name }));

/** The volumes that stand in a pod itself and that drivers attach: some that were part of Kubernetes once. */
export const ownAttachablesOf = ({ metadata, spec: { volumes = [] } }: Pod): Attachable[] =>
  volumes.flatMap((volume) => {
    const translated = csiVolumeOfPod(volume, metadata.namespace ?? '');
    return attachable(translated, ({ spec }) => ({ inlineVolumeSpec: spec })) ?? [];
  });

/** Tells the volumes of attachments apart. */
export function volumeKeyOf({ persistentVolumeName, inlineVolumeSpec }: VolumeAttachmentSource): string {
  if (persistentVolumeName !== undefined) return `volume ${persistentVolumeName}`;
  const { driver = '', volumeHandle = '' } = inlineVolumeSpec?.csi ?? {};
  return `inline ${driver}^${volumeHandle}`;
}

/** A volume that pods of a node want to have there. */
export interface Wanted {
  volume: Attachable;
  pods: readonly Stored<Pod>[];
}

const shared = new Set(['ReadOnlyMany', 'ReadWriteMany']);

/** Whether a volume may be on several nodes at once. */
const isShared = ({ accessModes }: Attachable): boolean => accessModes.some((mode) => shared.has(mode));

/** Whether a pod has no use for its volumes any more: it has finished, or it is deleted and none of its containers runs. */
function isTerminated(pod: Pod): boolean {
  if (isFinished(pod)) return true;
  const statuses = pod.status?.containerStatuses ?? [];
  const isStopped = statuses.every(({ state }) => state?.terminated || state?.waiting);
  return pod.metadata.deletionTimestamp !== undefined && isStopped;
}

/** Whether a pod is to have its volumes on its node, which may say that it keeps those of pods that are through. */
export const needsVolumes = (pod: Pod, node: Node | undefined): boolean =>
  node?.metadata.annotations?.[keepTerminatedAnnotation] === 'true' || !isTerminated(pod);

/** Whether an attachment keeps its volume from other nodes: it has it, is getting it, or has yet to give it back. */
export const holds = ({ metadata, status }: Attachment): boolean =>
  Boolean(status?.attached) || metadata.deletionTimestamp !== undefined || !status?.attachError;

/** Whether volumes may be taken from a node at once, whatever its kubelet has mounted. */
const isOutOfService = (node: Node | undefined): boolean =>
  node?.spec?.taints?.some(({ key }) => key === outOfServiceTaint) ?? false;

export interface NodeView {
  /** Undefined where there is no such node any more. */
  node: Node | undefined;
  isReady: boolean;
  /** What the node's kubelet has mounted, by the names in the node's status; undefined where nobody can tell. */
  inUse: ReadonlySet<string> | undefined;
  /** By the name of their attachment. */
  wanted: ReadonlyMap<string, Wanted>;
  /** What this controller has attached to the node, or is about to, or is taking off, by the name of the attachment. */
  attachments: ReadonlyMap<string, Attachment>;
  /** Whether other nodes keep a volume to themselves. */
  isHeldElsewhere(volume: Attachable): boolean;
  /** The name in the node's status of an attachment's volume. */
  nameOf(attachment: string): string;
  nowMs: number;
  /** Since when an attachment has not been wanted, milliseconds since the epoch. */
  unwantedSinceMs(attachment: string): number;
}

/** An attachment to be taken off. */
export interface Detachment {
  attachment: Attachment;
  /** Why it is taken off also where the kubelet turns out to have the volume mounted; undefined where it is not. */
  forced?: 'out-of-service' | 'timeout';
}

export interface NodePlan {
  attach: readonly Wanted[];
  /** Volumes that have to leave another node first. */
  blocked: readonly Wanted[];
  detach: readonly Detachment[];
  /** The names in the node's status of all that is attached and is to stay. */
  attached: readonly string[];
  /** When to look again though nothing changes, milliseconds from now. */
  againMs?: number;
}

/**
 * What is to be done about the volumes of one node. A volume that its kubelet still has mounted is left there; that of a node that is gone
 * or of which nobody hears is taken after six minutes, or at once where the node is marked as out of service.
 */
export function planNode(view: NodeView): NodePlan {
  const { node, wanted, attachments, inUse, nowMs } = view;
  const attach: Wanted[] = [];
  const blocked: Wanted[] = [];
  for (const [name, want] of wanted) {
    // To a node that there is not, or not yet, nothing is attached.
    if (!node || attachments.has(name)) continue;
    const isFree = isShared(want.volume) || !view.isHeldElsewhere(want.volume);
    (isFree ? attach : blocked).push(want);
  }
  const detach: Detachment[] = [];
  const attached: string[] = [];
  let againMs: number | undefined;
  const isGivenUp = isOutOfService(node);
  for (const [key, attachment] of attachments) {
    const name = view.nameOf(key);
    const isWanted = wanted.has(key);
    const isMounted = inUse?.has(name) ?? true;
    const leftMs = view.unwantedSinceMs(key) + unmountWithinMs - nowMs;
    const isLate = !view.isReady && leftMs <= 0;
    const forced = isGivenUp ? 'out-of-service' : isLate ? 'timeout' : undefined;
    if (!isWanted && (!isMounted || forced)) {
      if (!attachment.metadata.deletionTimestamp) detach.push({ attachment, ...(forced && { forced }) });
      continue;
    }
    if (!isWanted && !view.isReady) againMs = Math.min(againMs ?? leftMs, leftMs);
    // What is on its way off is not to be mounted any more, whoever has come to want it since.
    if (attachment.status?.attached && !attachment.metadata.deletionTimestamp) attached.push(name);
  }
  return { attach, blocked, detach, attached, ...(againMs !== undefined && { againMs }) };
}
