import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
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
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { attachedName, attachmentName, type VolumeIdentity } from '../../machinery/csi-names.ts';
import { oldProvisionerOf } from '../../machinery/csi-translation/translate.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { allOver } from '../../platform/all-over.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import { readiness } from '../shared/nodes.ts';
import { isControlledBy } from '../shared/owners.ts';
import { byClaim, byNode, claimKeysOf, indexByClaim, indexByNode } from '../shared/pods.ts';
import { AttachEvents } from './attach-events.ts';
import { AttachMetrics, pluginOf, VolumeCounts } from './attach-metrics.ts';
import {
  type Attachable,
  attachableOf,
  type Attachment,
  holds,
  managedAnnotation,
  needsVolumes,
  type NodePlan,
  ownAttachablesOf,
  planNode,
  volumeKeyOf,
  type Wanted,
} from './plan.ts';

const attachmentsByNode = 'node';
const attachmentsByVolume = 'volume';

/** Whether a pod may have volumes that drivers attach: asked at each change of each pod. */
const mayNeedVolumes = ({ spec: { volumes } }: Pod): boolean =>
  volumes?.some((one) => one.persistentVolumeClaim ?? one.ephemeral ?? oldProvisionerOf(one)) ?? false;

/**
 * Has the volumes of CSI drivers attached to the nodes whose pods use them, by VolumeAttachments, and taken off again:
 * `pkg/controller/volume/attachdetach`. A key is the name of a node.
 */
export function createAttachDetachController(context: ControllerContext): Component {
  return createController({
    name: 'attachdetach-controller',
    queueName: 'attachdetach',
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
  readonly #events: AttachEvents;
  readonly #metrics: AttachMetrics;
  /** The volumes of the attachments that are this controller's, by the names in their node's status: also of volumes that are gone by now. */
  readonly #own = new Map<string, string>();
  /** Since when attachments have not been wanted, milliseconds since the epoch. */
  readonly #unwanted = new Map<string, number>();
  /** The volumes that nodes wait for while others have them. */
  readonly #blocked = new Map<string, ReadonlySet<string>>();
  /** What nodes that are gone, and have attachments left, had mounted. */
  readonly #lastInUse = new Map<string, ReadonlySet<string>>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#events = new AttachEvents(context.events);
    this.#metrics = new AttachMetrics(context.meter, {
      inUse: () => this.#inUse(),
      total: () => this.#total(),
    });
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
    this.#attachments.addIndex(attachmentsByVolume, ({ spec }) => [volumeKeyOf(spec.source)]);
  }

  watch(enqueue: (node: string) => void): void {
    const onPod = (pod: Stored<Pod>) => {
      if (pod.spec.nodeName && mayNeedVolumes(pod)) enqueue(pod.spec.nodeName);
    };
    this.#pods.onChange({ added: onPod, updated: onPod, deleted: onPod });
    const onNode = (node: Stored<Node>) => {
      if (this.#hasWork(node)) enqueue(node.metadata.name);
    };
    this.#nodes.onChange({
      added: (node) => {
        this.#lastInUse.delete(node.metadata.name);
        onNode(node);
      },
      updated: onNode,
      deleted: (node) => {
        if (this.#attachments.byIndex(attachmentsByNode, node.metadata.name).length > 0)
          this.#lastInUse.set(node.metadata.name, new Set(node.status?.volumesInUse));
        onNode(node);
      },
    });
    const onClaim = (key: string) => this.#pods.byIndex(byClaim, key).forEach(onPod);
    const onClaimChange = (claim: Stored<PersistentVolumeClaim>) => onClaim(keyOf(claim));
    this.#claims.onChange({ added: onClaimChange, updated: onClaimChange });
    const onVolume = ({ spec }: Stored<PersistentVolume>) => {
      const { namespace, name } = spec?.claimRef ?? {};
      if (name) onClaim(`${namespace}/${name}`);
    };
    this.#volumes.onChange({ added: onVolume, updated: onVolume });
    // Volumes of a driver need attaching, or do not, as soon as it says so.
    const onDriver = () => this.#nodes.list().forEach(onNode);
    this.#drivers.onChange({ added: onDriver, deleted: onDriver });
    this.#watchAttachments(enqueue);
  }

  #watchAttachments(enqueue: (node: string) => void): void {
    // What one node does not have, another may get.
    const onVolumeOf = ({ spec: { source } }: Attachment) => {
      const key = volumeKeyOf(source);
      for (const [node, keys] of this.#blocked) if (keys.has(key)) enqueue(node);
    };
    this.#attachments.onChange({
      added: ({ spec }) => enqueue(spec.nodeName),
      updated: (attachment, old) => {
        enqueue(attachment.spec.nodeName);
        if (attachment.status?.attached && !old?.status?.attached) this.#tellAttached(attachment);
        if (holds(attachment) !== holds(old) || attachment.status?.attached !== old.status?.attached)
          onVolumeOf(attachment);
      },
      deleted: (attachment) => {
        const { name } = attachment.metadata;
        this.#unwanted.delete(name);
        this.#own.delete(name);
        this.#events.forget(name);
        if (this.#attachments.byIndex(attachmentsByNode, attachment.spec.nodeName).length === 0)
          this.#lastInUse.delete(attachment.spec.nodeName);
        enqueue(attachment.spec.nodeName);
        onVolumeOf(attachment);
      },
    });
  }

  #hasWork({ metadata: { name }, status }: Stored<Node>): boolean {
    return (
      this.#attachments.byIndex(attachmentsByNode, name).length > 0 ||
      (status?.volumesAttached ?? []).length > 0 ||
      this.#pods.byIndex(byNode, name).some(mayNeedVolumes)
    );
  }

  async reconcile(nodeName: string): Promise<Outcome> {
    const node = this.#nodes.get(nodeName);
    if (node && node.metadata.annotations?.[managedAnnotation] !== 'true') return done;
    const wanted = this.#wantedOn(nodeName);
    const attachments = this.#ownOn(nodeName);
    const nowMs = this.#context.clock.monotonic();
    this.#noteUnwanted(attachments, wanted, nowMs);
    const plan = planNode({
      node,
      isReady: node !== undefined && readiness(node) === 'True',
      inUse: node ? new Set(node.status?.volumesInUse) : this.#lastInUse.get(nodeName),
      wanted,
      attachments,
      isHeldElsewhere: (volume) => this.#holdersOf(volume, nodeName).length > 0,
      nameOf: (attachment) => this.#own.get(attachment) ?? '',
      nowMs,
      unwantedSinceMs: (name) => this.#unwanted.get(name) ?? nowMs,
    });
    if (plan.blocked.length === 0) this.#blocked.delete(nodeName);
    else this.#blocked.set(nodeName, new Set(plan.blocked.map(({ volume }) => volumeKeyOf(volume.source))));
    // What is refused of one volume does not keep others from where they are needed.
    const work = await Promise.allSettled([
      this.#takeOff(node, plan),
      ...plan.attach.map((want) => this.#attach(nodeName, want)),
    ]);
    const isTaken = ({ volume }: Wanted) =>
      this.#holdersOf(volume, nodeName).some(({ status }) => status?.attached);
    const blocked = plan.blocked.filter(isTaken);
    this.#events.blocked(nodeName, { wanted, blocked }, (volume) => this.#usersElsewhere(volume, nodeName));
    const againMs = [plan.againMs, ...this.#tellWaiting(wanted, attachments, nowMs)];
    const failed = work.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    const nextMs = Math.min(...againMs.flatMap((ms) => ms ?? []));
    return Number.isFinite(nextMs) ? { type: 'again', afterMs: Math.max(1, nextMs) } : done;
  }

  /** A kubelet mounts what its node's status speaks of: it is taken out of there first, and the answer says what is mounted by then. */
  async #takeOff(node: Stored<Node> | undefined, { attached, detach }: NodePlan): Promise<void> {
    const told = node && (await this.#noteAttached(node, attached));
    const inUse = new Set(told?.status?.volumesInUse);
    const free = detach.filter(
      ({ attachment, forced }) => forced || !inUse.has(this.#own.get(attachment.metadata.name) ?? ''),
    );
    await allOver(
      free.map(async ({ attachment, forced }) => {
        await this.#detach(attachment);
        if (forced) this.#metrics.forced(forced);
      }),
    );
  }

  #tellWaiting(
    wanted: ReadonlyMap<string, Wanted>,
    attachments: ReadonlyMap<string, Attachment>,
    nowMs: number,
  ): (number | undefined)[] {
    return [...wanted].map(([name, want]) => {
      const attachment = attachments.get(name);
      return attachment && this.#events.waiting(attachment, want, nowMs);
    });
  }

  /** The volumes that the pods of a node want, by the name of their attachment. */
  #wantedOn(nodeName: string): Map<string, Wanted> {
    const node = this.#nodes.get(nodeName);
    const wanted = new Map<string, { volume: Attachable; pods: Stored<Pod>[] }>();
    for (const pod of this.#pods.byIndex(byNode, nodeName)) {
      if (!needsVolumes(pod, node)) continue;
      for (const volume of this.#volumesOf(pod)) {
        const name = attachmentName(volume, nodeName);
        const want = wanted.get(name) ?? { volume, pods: [] };
        want.pods.push(pod);
        wanted.set(name, want);
      }
    }
    return wanted;
  }

  /** Volumes of pods, by the node and by what serves them: one that two pods of a node use counts twice. */
  #inUse(): VolumeCounts {
    const counts = new VolumeCounts();
    for (const pod of this.#pods.list()) {
      const { nodeName } = pod.spec;
      if (!nodeName || !mayNeedVolumes(pod)) continue;
      for (const { driver } of this.#volumesOf(pod)) counts.add(nodeName, pluginOf(driver));
    }
    return counts;
  }

  /** Volumes that nodes want and have, by what serves them and by which of the two. */
  #total(): VolumeCounts {
    const counts = new VolumeCounts();
    for (const { metadata } of this.#nodes.list())
      for (const { volume } of this.#wantedOn(metadata.name).values())
        counts.add(pluginOf(volume.driver), 'desired_state_of_world');
    for (const { spec, status, metadata } of this.#attachments.list())
      if (status?.attached && this.#own.has(metadata.name))
        counts.add(pluginOf(spec.attacher), 'actual_state_of_world');
    return counts;
  }

  /** The volumes of a pod that have to be attached for it. */
  #volumesOf(pod: Stored<Pod>): Attachable[] {
    const claimed = claimKeysOf(pod).flatMap((key) => {
      const claim = this.#claims.get(key);
      const volume = claim && this.#volumeOf(pod, claim);
      return (volume && attachableOf(volume)) ?? [];
    });
    return [...claimed, ...ownAttachablesOf(pod)].filter((volume) => this.#needsAttaching(volume));
  }

  /** The volume that a claim has. One that it merely names may be another's, as a claim of the name may be that a pod's own has to have. */
  #volumeOf(pod: Stored<Pod>, claim: Stored<PersistentVolumeClaim>): Stored<PersistentVolume> | undefined {
    const { name, uid } = claim.metadata;
    if (claim.status?.phase !== 'Bound') return undefined;
    const isNamed = pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === name);
    if (!isNamed && !isControlledBy(claim, pod)) return undefined;
    const volume = this.#volumes.get(claim.spec?.volumeName ?? '');
    return volume?.spec?.claimRef?.uid === uid ? volume : undefined;
  }

  #needsAttaching({ driver }: Attachable): boolean {
    return this.#drivers.get(driver)?.spec.attachRequired !== false;
  }

  /** Those attachments of a node that this controller makes: others go by names of their own, and are somebody else's. */
  #ownOn(nodeName: string): Map<string, Attachment> {
    const own = new Map<string, Attachment>();
    for (const attachment of this.#attachments.byIndex(attachmentsByNode, nodeName)) {
      const { name } = attachment.metadata;
      const volume = this.#identityOf(attachment);
      if (volume && attachmentName(volume, nodeName) === name) this.#own.set(name, attachedName(volume));
      if (this.#own.has(name)) own.set(name, attachment);
    }
    return own;
  }

  #identityOf({ spec: { source } }: Attachment): VolumeIdentity | undefined {
    const volume = this.#volumes.get(source.persistentVolumeName ?? '');
    if (volume) return attachableOf(volume);
    const csi = source.inlineVolumeSpec?.csi;
    return csi && { driver: csi.driver, handle: csi.volumeHandle };
  }

  #noteUnwanted(
    attachments: ReadonlyMap<string, Attachment>,
    wanted: ReadonlyMap<string, Wanted>,
    nowMs: number,
  ): void {
    for (const name of attachments.keys()) {
      if (wanted.has(name)) this.#unwanted.delete(name);
      else if (!this.#unwanted.has(name)) this.#unwanted.set(name, nowMs);
    }
  }

  /** The attachments that keep a volume on other nodes. */
  #holdersOf(volume: Attachable, nodeName: string): Attachment[] {
    const all = this.#attachments.byIndex(attachmentsByVolume, volumeKeyOf(volume.source));
    return all.filter((attachment) => {
      const { spec, metadata } = attachment;
      const isOwn = attachmentName(volume, spec.nodeName) === metadata.name;
      return isOwn && spec.nodeName !== nodeName && holds(attachment);
    });
  }

  #usersElsewhere(volume: Attachable, nodeName: string): readonly Stored<Pod>[] {
    return this.#holdersOf(volume, nodeName).flatMap(
      ({ spec, metadata }) => this.#wantedOn(spec.nodeName).get(metadata.name)?.pods ?? [],
    );
  }

  #tellAttached({ metadata, spec }: Attachment): void {
    const want = this.#wantedOn(spec.nodeName).get(metadata.name);
    if (want) this.#events.attached(want.volume.name, want.pods);
  }

  /** Has the node's status speak of what is attached to it; returns what it says then, or undefined where it said so before. */
  async #noteAttached(node: Stored<Node>, attached: readonly string[]): Promise<Stored<Node> | undefined> {
    const now = node.status?.volumesAttached ?? [];
    const names = [...attached].sort();
    if (deepEqual(now.map(({ name }) => name).sort(), names)) return undefined;
    const volumesAttached = names.map((name) => ({ name, devicePath: '' }));
    const type = 'application/merge-patch+json';
    const cause = causedBy(node, 'what is attached to it has changed');
    return this.#context.client
      .of(nodes)
      .patch(node.metadata, { status: { volumesAttached } }, { type, cause, subresource: 'status' });
  }

  async #attach(nodeName: string, { volume, pods: users }: Wanted): Promise<void> {
    const attachment: VolumeAttachment = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: attachmentName(volume, nodeName) },
      spec: { attacher: volume.driver, nodeName, source: volume.source },
    };
    const reason = `it uses the volume ${volume.name} on ${nodeName}`;
    const cause = users[0] ? causedBy(users[0], reason) : { reason };
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
}
