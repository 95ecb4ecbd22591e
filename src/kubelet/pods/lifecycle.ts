import type { Node, Pod, PodCondition, PodStatus, ResourceStatus } from '../../api/core/v1.ts';
import type { PodCgroups } from '../cgroups/pod-cgroups.ts';
import { podLogDirectory } from '../containers/sandbox-spec.ts';
import type { DeviceManager } from '../devices/device-manager.ts';
import type { DraManager } from '../dra/dra-manager.ts';
import type { ImagePuller } from '../images/image-puller.ts';
import type { ProbeManager } from '../probes/probe-manager.ts';
import { isOver, podStatus } from '../status/pod-status.ts';
import type { StatusManager } from '../status/status-manager.ts';
import type { TokenManager } from '../volumes/token-manager.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';
import type { Allocation, Allocations } from './allocations.ts';
import { type NodeContext, podEvent } from './context.ts';
import { finalStatus } from './final-status.ts';
import type { Killer } from './killer.ts';
import type { NodeFacts } from './node-facts.ts';
import type { ObjectCache } from './object-cache.ts';
import { isTerminalPhase } from './pod-kinds.ts';
import type { PodWork } from './pod-work.ts';
import type { PodSteps, StepResult } from './pod-workers.ts';
import { resizeMessage } from './resize-message.ts';
import type { Resizer } from './resizer.ts';
import { isAlive, type RuntimePod } from './runtime-pod.ts';
import type { RuntimeView } from './runtime-view.ts';
import type { Syncer } from './syncer.ts';

export interface LifecycleOptions {
  context: NodeContext;
  podCgroups: PodCgroups;
  facts: NodeFacts;
  /** Such as `containerd`. */
  runtimeName: string;
  view: RuntimeView;
  statuses: StatusManager;
  volumes: VolumeManager;
  tokens: TokenManager;
  objects: ObjectCache;
  images: ImagePuller;
  probes: ProbeManager;
  syncer: Syncer;
  killer: Killer;
  resizer: Resizer;
  allocations: Allocations;
  /** Devices of plugins; none where absent. */
  devices: DeviceManager | undefined;
  /** Claims to devices of drivers; none are made ready where absent. */
  dra: DraManager | undefined;
  node(): Node | undefined;
  /** The pods that the node has taken in and that have not ended, as they ask for room. */
  activePods(): Pod[];
  /** Those of them that are not being ended. */
  wantedPods(): Pod[];
  /** There is something to do for a pod. */
  wake(podUid: string): void;
  /** Why pods cannot have a network yet; undefined when they can. */
  networkTrouble(): string | undefined;
}

/** What the kubelet does for one pod at each stage of its life. */
export class PodLifecycle implements PodSteps {
  readonly #options: LifecycleOptions;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  async running(work: PodWork, signal: AbortSignal): Promise<StepResult> {
    const { pod } = this.#allocated(work);
    if (isTerminalPhase(pod.status?.phase)) return { end: {} };
    const runtime = await this.#load(pod);
    const status = this.#report(work, runtime);
    if (isOver(pod, status)) return { end: {} };
    const leftMs = this.#deadlineLeftMs(pod, status);
    if (leftMs !== undefined && leftMs <= 0) {
      const { reason, message } = deadlineExceeded;
      podEvent(this.#options.context, pod, { reason, message });
      return { end: { verdict: deadlineExceeded } };
    }
    await this.#prepare(pod);
    const volumes = await this.#options.volumes.ensure(pod, signal);
    signal.throwIfAborted();
    const round = { pod, runtime, status, volumes, signal };
    const result = await this.#options.syncer.sync(round).finally(async () => {
      if (!signal.aborted) this.#report(work, await this.#load(pod));
    });
    const waits = [result.retryAfterMs, leftMs].filter((ms) => ms !== undefined);
    return waits.length > 0 ? { retryAfterMs: Math.min(...waits) } : {};
  }

  async ending(work: PodWork, signal: AbortSignal): Promise<void> {
    const { probes, killer, dra } = this.#options;
    const { pod, uid, end } = work;
    const runtime = await this.#load(pod);
    this.#report(work, runtime);
    probes.remove(uid, ['liveness', 'startup']);
    await killer.killPod({ pod, runtime, graceSeconds: end.graceSeconds, signal });
    probes.remove(uid);
    const left = await this.#load(pod);
    if (isAlive(left)) throw new Error('the pod still runs after it was told to end');
    // The API must not take the pod for ended while its devices are still set up for it.
    await dra?.unprepare(uid, signal);
    this.#report(work, left, true);
  }

  async ended(work: PodWork): Promise<void> {
    const {
      volumes,
      podCgroups,
      objects,
      tokens,
      images,
      syncer,
      statuses,
      view,
      allocations,
      resizer,
      devices,
    } = this.#options;
    const { pod, uid } = work;
    if (!work.orphaned) {
      const runtime = await view.load(nameOf(pod));
      statuses.set(pod, finalStatus(pod, this.#status(work, runtime, true)));
    }
    await volumes.unmount(uid);
    await podCgroups.remove(pod);
    objects.untrack(uid);
    tokens.forget(uid);
    images.forget(uid);
    syncer.forget(uid);
    allocations.forget(uid);
    resizer.forget(uid);
    devices?.release(uid);
    this.#grantWaiting();
    if (!work.orphaned) statuses.finish(pod);
  }

  async forgotten({ pod, uid }: PodWork): Promise<void> {
    const { context, volumes, statuses, facts } = this.#options;
    const runtime = await this.#load(pod);
    for (const { id } of runtime.sandboxes) await context.runtime.sandboxes.remove(id);
    await volumes.remove(uid);
    await context.platform.files.remove(podLogDirectory(facts.logsDir, pod));
    statuses.forget(uid);
  }

  /** The pod with what the node has set aside for it. */
  #allocated({ pod, uid }: Pick<PodWork, 'pod' | 'uid'>): Allocation {
    const { allocations, node, activePods, resizer } = this.#options;
    const others = () => activePods().filter((other) => other.metadata.uid !== uid);
    const allocation = allocations.allocate(pod, node(), others);
    if (allocation.news === 'granted') {
      resizer.begin(allocation.pod);
      this.#grantWaiting();
    }
    if (allocation.news === 'refused') this.#tellRefused(pod, allocation.pending as PodCondition);
    return allocation;
  }

  /** There may be room: whoever waits for it is asked in turn. What one no longer needs may serve the next. */
  #grantWaiting(): void {
    const { allocations, wantedPods, wake } = this.#options;
    for (const pod of allocations.waiting(wantedPods())) {
      const uid = pod.metadata.uid as string;
      if (this.#allocated({ pod, uid }).news === 'granted') wake(uid);
    }
  }

  #tellRefused(pod: Pod, { reason, message: error }: PodCondition): void {
    const generation = pod.metadata.generation ?? 0;
    const message = resizeMessage(`Pod resize ${reason}`, pod, { generation, error });
    podEvent(this.#options.context, pod, { type: 'Warning', reason: `Resize${reason}`, message });
  }

  #load(pod: Pod): Promise<RuntimePod> {
    return this.#options.view.load(nameOf(pod));
  }

  /** Everything that must be there before volumes and containers. */
  async #prepare(pod: Pod): Promise<void> {
    const { objects, podCgroups, context } = this.#options;
    const trouble = this.#options.networkTrouble();
    if (trouble && !pod.spec.hostNetwork) {
      const message = `network is not ready: ${trouble}`;
      podEvent(context, pod, { type: 'Warning', reason: 'NetworkNotReady', message });
      throw new Error(message);
    }
    objects.track(pod);
    await podCgroups.widen(pod);
  }

  /** Says how the pod stands, and has its probes follow. */
  #report(work: PodWork, runtime: RuntimePod, ending = false): PodStatus {
    if (work.stage === 'running') this.#options.probes.observe(work.pod, runtime);
    const status = this.#status(work, runtime, ending);
    if (!work.orphaned) this.#options.statuses.set(work.pod, status);
    return status;
  }

  #status(work: PodWork, runtime: RuntimePod, ending: boolean): PodStatus {
    const { probes, facts, runtimeName, statuses, syncer, resizer, podCgroups } = this.#options;
    const { pod, pending } = this.#allocated(work);
    return podStatus({
      pod,
      runtime,
      previous: statuses.latest(work.pod),
      readiness: probes,
      failureOf: (container) => syncer.failureOf(work.uid, container),
      runtimeName,
      hostIps: facts.hostIps,
      ending,
      verdict: work.end.verdict,
      resize: [pending, resizer.progress(work.uid)].filter((c) => c !== undefined),
      cgroup: podCgroups.inForce(work.uid),
      holdsClaims: this.#options.dra?.holds(work.uid) ?? false,
      devicesOf: (container) => this.#devicesOf(pod, container),
    });
  }

  /** How the devices of a container are: those of plugins, and those that it has by claims. */
  #devicesOf(pod: Pod, container: string): ResourceStatus[] {
    const { devices, dra } = this.#options;
    const given = devices?.health(pod.metadata.uid as string, container) ?? [];
    return [...given, ...(dra?.health(pod, container) ?? [])];
  }

  #deadlineLeftMs(pod: Pod, status: PodStatus): number | undefined {
    const seconds = pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return undefined;
    const { clock } = this.#options.context.platform;
    const startMs = status.startTime ? Date.parse(status.startTime) : clock.now();
    return startMs + seconds * 1000 - clock.now();
  }
}

const nameOf = ({ metadata }: Pod) => ({
  uid: metadata.uid as string,
  name: metadata.name as string,
  namespace: metadata.namespace as string,
});

const deadlineExceeded = {
  phase: 'Failed',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
} as const;
