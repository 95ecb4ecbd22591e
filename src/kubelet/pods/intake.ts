import type { Node, Pod, PodCondition } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import type { DeviceManager } from '../devices/device-manager.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { timestamp } from '../../platform/clock.ts';
import { ownConditions } from '../status/conditions.ts';
import type { StatusManager } from '../status/status-manager.ts';
import { admitPod, type Rejection, withoutDevices } from './admission.ts';
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
  /** Devices of plugins; none where absent. */
  devices?: DeviceManager | undefined;
  /** A mirror pod has come or goes; it stands for a pod that the node has from elsewhere. */
  onMirror(): void;
}

/** A pod as it was last seen, and what ends the wait for its devices. */
interface Waiting {
  pod: Stored<Pod>;
  abort: AbortController;
}

/** Lets the pods that the API gives to this node in, and passes on what becomes of them. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #rejected = new Set<string>();
  /** Pods for which devices are being got ready. */
  readonly #waiting = new Map<string, Waiting>();

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

  /** Takes a pod in, or tells it why not; with the devices that it asks for. */
  async admit(pod: Pod): Promise<boolean> {
    return this.#needsDevices(pod) ? this.#admitWithDevices(pod) : this.#admit(pod);
  }

  #isDecided({ metadata, status }: Pod): boolean {
    const isKnown = this.#options.workers.get(metadata.uid as string) !== undefined;
    return isKnown || metadata.deletionTimestamp !== undefined || status?.startTime !== undefined;
  }

  #needsDevices(pod: Pod): boolean {
    return !this.#isDecided(pod) && this.#options.devices?.concerns(pod) === true;
  }

  #admit(pod: Pod): boolean {
    const { taken, node, devices } = this.#options;
    if (this.#isDecided(pod)) return true;
    const self = node();
    const others = taken().filter((other) => other.metadata.uid !== pod.metadata.uid);
    const rejection = self && admitPod({ pod, node: self, others, devices: devices?.counts() });
    if (rejection) this.#reject(pod, rejection);
    return !rejection;
  }

  async #admitWithDevices(pod: Pod, signal?: AbortSignal): Promise<boolean> {
    const devices = this.#options.devices as DeviceManager;
    try {
      await devices.allocate(pod, signal);
    } catch (error) {
      if (!signal?.aborted) this.#reject(pod, withoutDevices(error as Error));
      return false;
    }
    if (!signal?.aborted && this.#admit(pod)) return true;
    devices.release(pod.metadata.uid as string);
    return false;
  }

  #reject(pod: Pod, rejection: Rejection): void {
    const { statuses, context } = this.#options;
    podEvent(context, pod, { type: 'Warning', ...rejection });
    statuses.set(pod, rejectedStatus(pod, rejection, timestamp(context.platform.clock)));
    this.#rejected.add(pod.metadata.uid as string);
  }

  /** What comes of the pod meanwhile is looked at when it is decided on; one that is to go need not wait. */
  async #wait(pod: Stored<Pod>): Promise<void> {
    const { uid } = pod.metadata;
    const waiting: Waiting = { pod, abort: new AbortController() };
    this.#waiting.set(uid, waiting);
    const isIn = await this.#admitWithDevices(pod, waiting.abort.signal);
    if (this.#waiting.get(uid) === waiting) this.#waiting.delete(uid);
    if (isIn) this.#take(waiting.pod);
    else if (this.#rejected.has(uid)) this.#changed(waiting.pod);
  }

  #changed(pod: Stored<Pod>): void {
    const { statuses } = this.#options;
    const { uid } = pod.metadata;
    if (this.#rejected.has(uid)) {
      if (pod.metadata.deletionTimestamp) statuses.finish(pod);
      return statuses.check(uid);
    }
    const waiting = this.#waiting.get(uid);
    if (waiting && !pod.metadata.deletionTimestamp) {
      waiting.pod = pod;
      return;
    }
    this.#stopWaiting(uid);
    if (this.#needsDevices(pod)) return void this.#wait(pod);
    if (!this.#admit(pod)) return;
    this.#take(pod);
  }

  #stopWaiting(uid: string): void {
    this.#waiting.get(uid)?.abort.abort();
    this.#waiting.delete(uid);
  }

  #take(pod: Stored<Pod>): void {
    const { workers, statuses } = this.#options;
    const { uid } = pod.metadata;
    const before = workers.get(uid)?.pod;
    if (before && isOnlyStatus(before, pod)) workers.refresh(pod);
    else workers.update(pod);
    statuses.check(uid);
  }

  #gone(pod: Stored<Pod>): void {
    const { workers, statuses } = this.#options;
    this.#rejected.delete(pod.metadata.uid);
    this.#stopWaiting(pod.metadata.uid);
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
