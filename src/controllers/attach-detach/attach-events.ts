import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import { attachmentName } from '../../machinery/csi-names.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { type Attachable, type Attachment, type Wanted } from './plan.ts';

type Pods = readonly Stored<Pod>[];

/** How long a driver has to answer before pods are told that it does not, and then are told again (`csiTimeout`). */
const answerWithinMs = 2 * 60_000;

/** What keeps a volume from being attached, as upstream says it; undefined where its driver has not answered. */
function problemOf({ metadata, status }: Attachment): string | undefined {
  return metadata.deletionTimestamp ? 'volume attachment is being deleted' : status?.attachError?.message;
}

const silence = ({ driver, handle }: Attachable) =>
  `timed out waiting for external-attacher of ${driver} CSI driver to attach volume ${handle}`;

/** Why a volume cannot be attached that other nodes have, as a pod may know it: names of pods in other namespaces are not for it. */
function whyBlocked({ metadata: { namespace } }: Pod, holders: Pods): string {
  if (holders.length === 0)
    return "Volume is already exclusively attached to one node and can't be attached to another";
  const near = holders.filter(({ metadata }) => metadata.namespace === namespace);
  const far = holders.length - near.length;
  const others = `${far} pod(s) in different namespaces`;
  if (near.length === 0) return `Volume is already used by ${others}`;
  const names = near.map(({ metadata }) => metadata.name).join(', ');
  return `Volume is already used by pod(s) ${names}${far > 0 ? ` and ${others}` : ''}`;
}

/** Tells pods what becomes of their volumes' attachments, in upstream's words. */
export class AttachEvents {
  readonly #events: EventRecorder;
  /** What was said last of attachments that pods wait for, and when, milliseconds since the epoch. */
  readonly #waits = new Map<string, { sinceMs: number; problem: string | undefined }>();
  /** Attachments of each node that cannot be made while another node has the volume, of which pods have been told. */
  readonly #blocked = new Map<string, Set<string>>();

  constructor(events: EventRecorder) {
    this.#events = events;
  }

  attached(volume: string, users: Pods): void {
    const message = `AttachVolume.Attach succeeded for volume ${goQuote(volume)} `;
    for (const pod of users)
      this.#events.record(pod, { type: 'Normal', reason: 'SuccessfulAttachVolume', message });
  }

  /** An attachment is gone. */
  forget(attachment: string): void {
    this.#waits.delete(attachment);
  }

  /**
   * Tells pods of an attachment that has not been made, at once where that has another reason than before, else from time to time.
   * Returns when to do so again, milliseconds from now; undefined where it has been made.
   */
  waiting(attachment: Attachment, { volume, pods }: Wanted, nowMs: number): number | undefined {
    const key = attachment.metadata.name;
    if (attachment.status?.attached && !attachment.metadata.deletionTimestamp) {
      this.#waits.delete(key);
      return undefined;
    }
    const problem = problemOf(attachment);
    const before = this.#waits.get(key);
    const isNews = problem !== undefined && problem !== before?.problem;
    const isDue = before !== undefined && nowMs - before.sinceMs >= answerWithinMs;
    if (isNews || isDue) {
      const message = `AttachVolume.Attach failed for volume ${goQuote(volume.name)} : ${problem ?? silence(volume)}`;
      this.#failed(pods, () => message);
    }
    const sinceMs = isNews || isDue || !before ? nowMs : before.sinceMs;
    this.#waits.set(key, { sinceMs, problem });
    return sinceMs + answerWithinMs - nowMs;
  }

  /**
   * Tells pods of volumes that another node has, once for as long as the volumes are wanted on the node.
   * `holdersOf` are the pods that use a volume on other nodes.
   */
  blocked(
    node: string,
    { wanted, blocked }: { wanted: ReadonlyMap<string, Wanted>; blocked: readonly Wanted[] },
    holdersOf: (volume: Attachable) => Pods,
  ): void {
    const before = this.#blocked.get(node);
    if (!before && blocked.length === 0) return;
    const told = new Set([...(before ?? [])].filter((name) => wanted.has(name)));
    for (const { volume, pods } of blocked) {
      const name = attachmentName(volume, node);
      if (told.has(name)) continue;
      told.add(name);
      const holders = holdersOf(volume);
      const what = `Multi-Attach error for volume ${goQuote(volume.name)}`;
      this.#failed(pods, (pod) => `${what} ${whyBlocked(pod, holders)}`);
    }
    if (told.size > 0) this.#blocked.set(node, told);
    else this.#blocked.delete(node);
  }

  #failed(users: Pods, messageFor: (pod: Pod) => string): void {
    for (const pod of users)
      this.#events.record(pod, { type: 'Warning', reason: 'FailedAttachVolume', message: messageFor(pod) });
  }
}
