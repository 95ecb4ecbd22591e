import type { Node, PersistentVolume, Pod } from '../../api/core/v1.ts';
import {
  csidrivers,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  volumeattachments,
} from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { VolumeAttachment } from '../../api/storage/v1.ts';
import type { Component } from '../../client/component.ts';
import { causedBy } from '../../client/transport.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import { readiness } from '../shared/nodes.ts';
import { byClaim, byNode, claimKeysOf, indexByClaim, indexByNode, isFinished } from '../shared/pods.ts';
import {
  type Attachment,
  attachedName,
  attachmentName,
  managedAnnotation,
  type NodePlan,
  planNode,
  type Wanted,
} from './plan.ts';

const attachmentsByNode = 'node';
const attachmentsByVolume = 'volume';

/**
 * Has the volumes of CSI drivers attached to the nodes whose pods use them, by VolumeAttachments, and taken off again:
 * `pkg/controller/volume/attachdetach`. A key is the name of a node.
 */
export function createAttachDetachController(context: ControllerContext): Component {
  return createController({
    name: 'attachdetach-controller',
    context,
    setup: ({ queue }) => {
      const work = new AttachDetach(context);
      work.watch((node) => queue.add(node));
      return (node) => work.reconcile(node);
    },
  });
}

class AttachDetach {
  readonly #context: ControllerContext;
  readonly #pods;
  readonly #nodes;
  readonly #claims;
  readonly #volumes;
  readonly #drivers;
  readonly #attachments;
  /** Since when attachments have not been wanted, milliseconds since the epoch. */
  readonly #unwanted = new Map<string, number>();
  /** Attachments of each node that cannot be made while another node has the volume, of which pods have been told. */
  readonly #told = new Map<string, Set<string>>();

  constructor(context: ControllerContext) {
    this.#context = context;
    const { informers } = context;
    this.#pods = informers.of(pods);
    this.#nodes = informers.of(nodes);
    this.#claims = informers.of(persistentvolumeclaims);
    this.#volumes = informers.of(persistentvolumes);
    this.#drivers = informers.of(csidrivers);
    this.#attachments = informers.of(volumeattachments);
    indexByNode(this.#pods);
    indexByClaim(this.#pods);
    this.#attachments.addIndex(attachmentsByNode, ({ spec }) => [spec.nodeName]);
    this.#attachments.addIndex(attachmentsByVolume, ({ spec }) =>
      spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : [],
    );
  }

  watch(enqueue: (node: string) => void): void {
    const onPod = (pod: Stored<Pod>) => {
      if (pod.spec.nodeName && claimKeysOf(pod).length > 0) enqueue(pod.spec.nodeName);
    };
    this.#pods.onChange({ added: onPod, updated: onPod, deleted: onPod });
    const onNode = ({ metadata }: Stored<Node>) => {
      const hasWork =
        this.#attachments.byIndex(attachmentsByNode, metadata.name).length > 0 ||
        this.#pods.byIndex(byNode, metadata.name).some((pod) => claimKeysOf(pod).length > 0);
      if (hasWork) enqueue(metadata.name);
    };
    this.#nodes.onChange({ added: onNode, updated: onNode, deleted: onNode });
    const onClaim = (claim: { metadata: { namespace?: string; name: string } }) => {
      const key = `${claim.metadata.namespace}/${claim.metadata.name}`;
      for (const pod of this.#pods.byIndex(byClaim, key)) onPod(pod);
    };
    this.#claims.onChange({ added: onClaim, updated: onClaim });
    const onVolume = ({ spec }: Stored<PersistentVolume>) => {
      const { namespace, name } = spec?.claimRef ?? {};
      if (name) onClaim({ metadata: { namespace, name } });
    };
    this.#volumes.onChange({ added: onVolume, updated: onVolume });
    const onAttachment = ({ spec }: Attachment) => enqueue(spec.nodeName);
    this.#attachments.onChange({
      added: onAttachment,
      updated: (attachment, old) => {
        onAttachment(attachment);
        if (attachment.status?.attached && !old?.status?.attached) this.#tell(attachment, 'attached');
        const why = attachment.status?.attachError?.message;
        if (why && why !== old?.status?.attachError?.message) this.#tell(attachment, 'failed');
      },
      // What left one node may be waited for by another.
      deleted: (attachment) => {
        this.#unwanted.delete(attachment.metadata.name);
        onAttachment(attachment);
        const volume = this.#volumeOf(attachment);
        if (volume) onVolume(volume);
      },
    });
  }

  async reconcile(nodeName: string): Promise<Outcome> {
    const node = this.#nodes.get(nodeName);
    if (node && node.metadata.annotations?.[managedAnnotation] !== 'true') return done;
    const wanted = this.#wantedOn(nodeName);
    const attachments = this.#attachments.byIndex(attachmentsByNode, nodeName);
    const nowMs = this.#context.clock.now();
    this.#noteUnwanted(attachments, wanted, nowMs);
    const plan = planNode({
      node,
      isReady: node !== undefined && readiness(node) === 'True',
      wanted,
      attachments,
      elsewhere: (volume) => this.#nodesOf(volume).filter((other) => other !== nodeName),
      nameOf: (attachment) => this.#nameOf(attachment),
      nowMs,
      unwantedSinceMs: (name) => this.#unwanted.get(name) ?? nowMs,
    });
    // A kubelet mounts what its node's status speaks of: it is taken out of there first.
    if (node) await this.#noteAttached(node, plan);
    for (const attachment of plan.detach) await this.#detach(attachment);
    for (const want of plan.attach) await this.#attach(nodeName, want);
    this.#tellAllBlocked(nodeName, wanted, plan.blocked);
    return plan.againMs === undefined ? done : { type: 'again', afterMs: Math.max(1, plan.againMs) };
  }

  /** The volumes that the pods of a node want, by the name of their attachment. */
  #wantedOn(nodeName: string): Map<string, Wanted> {
    const wanted = new Map<string, { volume: Stored<PersistentVolume>; pods: Stored<Pod>[] }>();
    for (const pod of this.#pods.byIndex(byNode, nodeName)) {
      if (isFinished(pod)) continue;
      for (const key of claimKeysOf(pod)) {
        const volume = this.#volumes.get(this.#claims.get(key)?.spec?.volumeName ?? '');
        if (!volume || !this.#isAttachable(volume)) continue;
        const name = attachmentName(volume, nodeName);
        const want = wanted.get(name) ?? { volume, pods: [] };
        want.pods.push(pod);
        wanted.set(name, want);
      }
    }
    return wanted;
  }

  #isAttachable({ spec }: PersistentVolume): boolean {
    if (!spec?.csi) return false;
    return this.#drivers.get(spec.csi.driver)?.spec.attachRequired !== false;
  }

  #noteUnwanted(
    attachments: readonly Attachment[],
    wanted: ReadonlyMap<string, Wanted>,
    nowMs: number,
  ): void {
    for (const { metadata } of attachments) {
      if (wanted.has(metadata.name)) this.#unwanted.delete(metadata.name);
      else if (!this.#unwanted.has(metadata.name)) this.#unwanted.set(metadata.name, nowMs);
    }
  }

  #nodesOf(volume: string): string[] {
    return this.#attachments.byIndex(attachmentsByVolume, volume).map(({ spec }) => spec.nodeName);
  }

  #volumeOf({ spec }: Attachment): Stored<PersistentVolume> | undefined {
    return this.#volumes.get(spec.source.persistentVolumeName ?? '');
  }

  #nameOf(attachment: Attachment): string | undefined {
    const csi = this.#volumeOf(attachment)?.spec?.csi;
    return csi && attachedName(csi.driver, csi.volumeHandle);
  }

  async #noteAttached(node: Stored<Node>, { attached }: NodePlan): Promise<void> {
    const now = node.status?.volumesAttached ?? [];
    const names = [...attached].sort();
    if (deepEqual(now.map(({ name }) => name).sort(), names)) return;
    const volumesAttached = names.map((name) => ({ name, devicePath: '' }));
    const type = 'application/merge-patch+json';
    const cause = causedBy(node, 'what is attached to it has changed');
    await this.#context.client
      .of(nodes)
      .patch(node.metadata, { status: { volumesAttached } }, { type, cause, subresource: 'status' });
  }

  async #attach(nodeName: string, { volume, pods: users }: Wanted): Promise<void> {
    const attachment: VolumeAttachment = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: attachmentName(volume, nodeName) },
      spec: {
        attacher: volume.spec?.csi?.driver ?? '',
        nodeName,
        source: { persistentVolumeName: volume.metadata.name },
      },
    };
    const cause = causedBy(users[0] ?? volume, `it uses the volume ${volume.metadata.name} on ${nodeName}`);
    await this.#context.client
      .of(volumeattachments)
      .create(attachment, { cause })
      .catch(ignoring('AlreadyExists'));
  }

  async #detach(attachment: Attachment): Promise<void> {
    const cause = causedBy(attachment, 'no pod of the node uses the volume');
    const { uid } = attachment.metadata;
    await this.#context.client
      .of(volumeattachments)
      .delete(attachment.metadata, { cause, preconditions: { uid } })
      .catch(ignoring('NotFound'));
  }

  /** Tells the pods that wait for an attachment what became of it. */
  #tell(attachment: Attachment, what: 'attached' | 'failed'): void {
    const { nodeName, source } = attachment.spec;
    const volume = `volume "${source.persistentVolumeName ?? ''}"`;
    const note =
      what === 'attached'
        ? {
            type: 'Normal' as const,
            reason: 'SuccessfulAttachVolume',
            message: `AttachVolume.Attach succeeded for ${volume} `,
          }
        : {
            type: 'Warning' as const,
            reason: 'FailedAttachVolume',
            message: `AttachVolume.Attach failed for ${volume} : ${attachment.status?.attachError?.message}`,
          };
    const users = this.#wantedOn(nodeName).get(attachment.metadata.name)?.pods ?? [];
    for (const pod of users) this.#context.events.record(pod, note);
  }

  /** Once for as long as the volume is wanted on the node. */
  #tellAllBlocked(nodeName: string, wanted: ReadonlyMap<string, Wanted>, blocked: readonly Wanted[]): void {
    const before = this.#told.get(nodeName);
    if (!before && blocked.length === 0) return;
    const told = new Set([...(before ?? [])].filter((name) => wanted.has(name)));
    for (const want of blocked) {
      const name = attachmentName(want.volume, nodeName);
      if (told.has(name)) continue;
      told.add(name);
      this.#tellBlocked(nodeName, want);
    }
    if (told.size > 0) this.#told.set(nodeName, told);
    else this.#told.delete(nodeName);
  }

  #tellBlocked(nodeName: string, { volume, pods: users }: Wanted): void {
    const others = this.#nodesOf(volume.metadata.name).filter((other) => other !== nodeName);
    const holders = others.flatMap((other) => this.#holdersOn(other, volume.metadata.name));
    for (const pod of users) {
      const near = holders.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace);
      const names = near.map(({ metadata }) => metadata.name).join(', ');
      const elsewhere = near.length < holders.length ? ' and other pods in different namespaces' : '';
      const why =
        holders.length === 0
          ? "Volume is already exclusively attached to one node and can't be attached to another"
          : near.length > 0
            ? `Volume is already used by pod(s) ${names}${elsewhere}`
            : `Volume is already used by ${holders.length} pod(s) in different namespaces`;
      this.#context.events.record(pod, {
        type: 'Warning',
        reason: 'FailedAttachVolume',
        message: `Multi-Attach error for volume "${volume.metadata.name}" ${why}`,
      });
    }
  }

  #holdersOn(nodeName: string, volume: string): readonly Stored<Pod>[] {
    for (const want of this.#wantedOn(nodeName).values())
      if (want.volume.metadata.name === volume) return want.pods;
    return [];
  }
}
