import type { Node, Pod, PodCondition } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { timestamp } from '../../platform/clock.ts';
import { ownConditions } from '../status/conditions.ts';
import type { StatusManager } from '../status/status-manager.ts';
import { admitPod } from './admission.ts';
import { type NodeContext, podEvent } from './context.ts';
import { rejectedStatus } from './final-status.ts';
import { isMirrorPod } from './pod-kinds.ts';
import type { PodWorkers } from './pod-workers.ts';

export interface IntakeOptions {
  context: NodeContext;
  pods: Informer<Pod>;
  node(): Node | undefined;
  workers: PodWorkers;
  /** The pods that the node has taken in, with what it has set aside for them. */
  taken(): Pod[];
  statuses: StatusManager;
  /** A mirror pod has come or goes; it stands for a pod that the node has from elsewhere. */
  onMirror(): void;
}

/** Lets the pods that the API gives to this node in, and passes on what becomes of them. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #rejected = new Set<string>();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Follows the API from now on. Pods that are there come in the order of their making. */
  start(): void {
    const { pods, onMirror } = this.#options;
    const age = (pod: Stored<Pod>) => Date.parse(pod.metadata.creationTimestamp);
    const first = new Set(pods.list().sort((a, b) => age(a) - age(b)));
    for (const pod of first) if (!isMirrorPod(pod)) this.#changed(pod);
    pods.onChange({
      added: (pod) => {
        if (isMirrorPod(pod)) onMirror();
        else if (!first.has(pod)) this.#changed(pod);
      },
      updated: (pod) => {
        if (!isMirrorPod(pod)) this.#changed(pod);
        else if (pod.metadata.deletionTimestamp) onMirror();
      },
      deleted: (pod) => (isMirrorPod(pod) ? onMirror() : this.#gone(pod)),
    });
  }

  /** Takes a pod in, or tells it why not. */
  admit(pod: Pod): boolean {
    const { workers, taken, node, statuses, context } = this.#options;
    const uid = pod.metadata.uid as string;
    if (workers.get(uid) || pod.metadata.deletionTimestamp || pod.status?.startTime) return true;
    const self = node();
    const others = taken().filter((other) => other.metadata.uid !== uid);
    const rejection = self && admitPod({ pod, node: self, others });
    if (!rejection) return true;
    podEvent(context, pod, { type: 'Warning', ...rejection });
    statuses.set(pod, rejectedStatus(pod, rejection, timestamp(context.platform.clock)));
    this.#rejected.add(uid);
    return false;
  }

  #changed(pod: Stored<Pod>): void {
    const { workers, statuses } = this.#options;
    const { uid } = pod.metadata;
    if (this.#rejected.has(uid)) {
      if (pod.metadata.deletionTimestamp) statuses.finish(pod);
      return statuses.check(uid);
    }
    if (!this.admit(pod)) return;
    const before = workers.get(uid)?.pod;
    if (before && isOnlyStatus(before, pod)) workers.refresh(pod);
    else workers.update(pod);
    statuses.check(uid);
  }

  #gone(pod: Stored<Pod>): void {
    const { workers, statuses } = this.#options;
    this.#rejected.delete(pod.metadata.uid);
    workers.orphan(pod.metadata.uid);
    if (!workers.get(pod.metadata.uid)) statuses.forget(pod.metadata.uid);
  }
}

/** Whether nothing changed that the pod's worker would act upon: mostly the kubelet meets its own status again. */
function isOnlyStatus(before: Pod, after: Stored<Pod>): boolean {
  const a = before.metadata;
  const b = after.metadata;
  const isOther = ({ type }: PodCondition) => !ownConditions.some((own) => own === type);
  const foreign = (pod: Pod) =>
    JSON.stringify(
      (pod.status?.conditions ?? [])
        .filter(isOther)
        .map(({ type, status }) => [type, status])
        .sort(),
    );
  return (
    deepEqual(before.spec, after.spec) &&
    a.deletionTimestamp === b.deletionTimestamp &&
    a.deletionGracePeriodSeconds === b.deletionGracePeriodSeconds &&
    JSON.stringify([a.labels, a.annotations]) === JSON.stringify([b.labels, b.annotations]) &&
    foreign(before) === foreign(after)
  );
}
