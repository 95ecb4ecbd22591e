import type { Node, Pod } from '../api/core/v1.ts';
import { nodes, pods } from '../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import type { Component } from '../client/component.ts';
import type { Recorder } from '../client/event-recorder.ts';
import type { ChangeHandler, Informer, Keep } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import type { Clock } from '../platform/clock.ts';
import { type Deferred, deferred } from '../platform/deferred.ts';
import type { Log } from '../platform/log.ts';
import type { Meter } from '../platform/metrics/meter.ts';
import type { Random } from '../platform/random.ts';
import { afterTurn } from '../platform/turn.ts';
import { SchedulerCache, type Snapshot } from './cache/cache.ts';
import { type PodInfo, podInfo } from './cache/node-info.ts';
import { comparisonsFor } from './burden.ts';
import { changesOfNode, gaveUpNode, keptNode, sameForScheduling, saysMore } from './changes.ts';
import { defaultConfiguration, type SchedulerConfiguration } from './configuration/configuration.ts';
import { buildProfiles } from './configuration/profiles.ts';
import { builtInPlugins, type Registry } from './configuration/registry.ts';
import { ConfigurationError } from './configuration/reading.ts';
import { decide, type DecideOptions, type Refused, type Verdict } from './decide.ts';
import { decideAsking } from './decide-asking.ts';
import { type ExtenderMeans, extenderPlugin, Extenders, type Interested } from './extenders/extenders.ts';
import {
  type Plugin,
  PluginError,
  pluginsOf,
  type Profile,
  type QueuedPod,
  Rejected,
} from './framework/framework.ts';
import { type ClusterEvent, eventLabel } from './framework/events.ts';
import { findersOf, type Handle, listersOf } from './framework/handle.ts';
import { Memory } from './framework/memory.ts';
import type { Attempt } from './metrics/profile-metrics.ts';
import { SchedulerMetrics } from './metrics/scheduler-metrics.ts';
import { noteRefusal } from './note-refusal.ts';
import {
  actsBeforeBind,
  announce,
  bind,
  type Placement,
  postBind,
  prepare,
  reserve,
  unreserve,
} from './placement.ts';
import { queueCauses, SchedulingQueue } from './queue/scheduling-queue.ts';

export interface SchedulerOptions {
  client: Client;
  informers: Informers;
  events: Recorder;
  clock: Clock;
  random: Random;
  log: Log;
  meter: Meter;
  /** Upstream's defaults unless given; see `parseConfiguration`. */
  configuration?: SchedulerConfiguration;
  /** Plugins beside the built-in ones, which a configuration can then name. */
  plugins?: Registry;
  /** What `informers` keep of a pod, if that is not all. */
  keep?: Keep<Pod>;
  /** The way to extenders; without one, a configuration cannot have any. */
  extenders?: ExtenderMeans;
}

/** Finds a node for every pod that has none. Throws a ConfigurationError where the configuration cannot be used. */
export function createScheduler(options: SchedulerOptions): Component {
  const scheduler = new Scheduler(options);
  return { name: 'kube-scheduler', run: (signal) => scheduler.run(signal) };
}

/** Decisions after which others get their turn of the event loop. */
const decisionsPerTurn = 8;
/** The same for what is compared for them. */
const comparisonsPerTurn = 400_000;
/** More bindings than these are not under way at once. */
const mostBindings = 512;

class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #configuration: SchedulerConfiguration;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #cache = new SchedulerCache();
  readonly #memory = new Memory();
  readonly #metrics: SchedulerMetrics;
  readonly #queue: SchedulingQueue;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #followed: { resource: Resource; informer: Informer<KubernetesObject> }[];
  readonly #running = new Set<Promise<void>>();
  /** Bindings that can still be broken off, by the pod's uid. */
  readonly #cancelable = new Map<string, AbortController>();
  #slot: Deferred<void> | undefined;
  #startAt = 0;
  /** What was compared in this turn. */
  #compared = 0;
  #extenders: Extenders | undefined;
  /** What has happened while extenders are asked: a decision sees one moment, however long it takes. */
  #held: (() => void)[] | undefined;

  constructor(options: SchedulerOptions) {
    const { clock, informers, configuration = defaultConfiguration } = options;
    this.#options = options;
    this.#configuration = configuration;
    const hasExtenders = configuration.extenders.length > 0;
    if (hasExtenders && !options.extenders)
      throw new ConfigurationError('extenders', 'this scheduler has no way to reach them');
    const others = hasExtenders ? [extenderPlugin] : [];
    const handle: Handle = {
      ...options,
      lister: listersOf(informers),
      finder: findersOf(informers),
      cancelBinding: (uid, why) => this.#cancelBinding(uid, why),
    };
    const profiles = buildProfiles(configuration, { ...builtInPlugins, ...options.plugins }, handle);
    this.#profiles = new Map(profiles.map((profile) => [profile.schedulerName, profile]));
    this.#metrics = new SchedulerMetrics(options.meter, { clock, profiles, cache: this.#cache });
    this.#queue = new SchedulingQueue({
      clock,
      profiles: this.#profiles,
      others,
      metrics: this.#metrics.queue,
      initialBackoffMs: configuration.podInitialBackoffSeconds * 1000,
      maxBackoffMs: configuration.podMaxBackoffSeconds * 1000,
    });
    this.#pods = informers.of(pods);
    this.#nodes = informers.of(nodes);
    this.#followed = resourcesOf([...profiles.flatMap(pluginsOf), ...others]).map((resource) => ({
      resource,
      informer: informers.of(resource),
    }));
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    if (signal.aborted) return;
    // All that plugins ask for has an informer by now; a decision on half of it could be wrong.
    await Promise.race([this.#options.informers.synced(), aborted(signal)]);
    if (signal.aborted) return;
    const { extenders } = this.#configuration;
    const { extenders: means, log } = this.#options;
    if (means && extenders.length > 0)
      this.#extenders = await Extenders.open(extenders, means, { signal, log });
    for (const { resource, informer } of this.#followed) this.#follow(resource, informer);
    this.#followNodes();
    this.#followPods();
    await this.#loop(signal);
    await Promise.all(this.#running);
    this.#extenders?.close();
    this.#metrics.end();
  }

  async #loop(signal: AbortSignal): Promise<void> {
    for (let done = 0; await this.#queue.ready(); ) {
      const next = this.#queue.poll();
      if (!next) continue;
      const asking = this.#schedule(next, signal);
      if (asking) await asking;
      if (++done % decisionsPerTurn === 0 || this.#compared > comparisonsPerTurn) {
        this.#compared = 0;
        await new Promise<void>((resolve) => afterTurn(resolve));
      }
      if (this.#running.size >= mostBindings) await (this.#slot ??= deferred()).promise;
    }
  }

  #follow(resource: Resource, informer: Informer<KubernetesObject>): void {
    this.#on(informer, {
      added: (object) => this.#happened({ resource, action: 'Add', object }),
      updated: (object, old) => this.#happened({ resource, action: 'Update', object, old }),
      deleted: (object) => this.#happened({ resource, action: 'Delete', object }),
    });
  }

  /** Calls the handlers of changes, unless extenders are being asked: then once they have answered. */
  #on<T extends KubernetesObject>(informer: Informer<T>, handlers: Required<ChangeHandler<T>>): void {
    if (!this.#extenders) return void informer.onChange(handlers);
    const when = (change: () => void) => void (this.#held ? this.#held.push(change) : change());
    informer.onChange({
      added: (object) => when(() => handlers.added(object)),
      updated: (object, old) => when(() => handlers.updated(object, old)),
      deleted: (object) => when(() => handlers.deleted(object)),
    });
  }

  /** Tells the queue of an event; `startMs` is when note of it began to be taken. */
  #happened(event: ClusterEvent, startMs = this.#metrics.nowMs()): void {
    this.#queue.happened(event);
    this.#metrics.handled(eventLabel(event), startMs);
  }

  #followNodes(): void {
    this.#on(this.#nodes, {
      added: (node) => {
        const startMs = this.#metrics.nowMs();
        this.#cache.setNode(node);
        this.#happened({ resource: nodes, action: 'Add', object: node }, startMs);
      },
      updated: (node, old) => {
        const startMs = this.#metrics.nowMs();
        this.#cache.setNode(node);
        for (const action of changesOfNode(node, old))
          this.#happened({ resource: nodes, action, object: node, old }, startMs);
        if (this.#extenders && saysMore(node, old))
          this.#happened({ resource: nodes, action: 'Update', object: node, old }, startMs);
      },
      deleted: (node) => {
        const startMs = this.#metrics.nowMs();
        this.#cache.removeNode(node.metadata.name);
        this.#happened({ resource: nodes, action: 'Delete', object: node }, startMs);
      },
    });
  }

  #followPods(): void {
    this.#on(this.#pods, {
      added: (pod) => this.#show(pod),
      updated: (pod, old) => this.#show(pod, old),
      deleted: (pod) => this.#hide(pod),
    });
  }

  #show(pod: Stored<Pod>, old?: Stored<Pod>): void {
    const { uid } = pod.metadata;
    const startMs = this.#metrics.nowMs();
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return this.#hide(pod);
    // Most updates of a pod are news of its containers.
    const isSame = old !== undefined && sameForScheduling(pod, old);
    if (pod.spec.nodeName) {
      if (isSame) {
        // Preemption spares those that have run longest; nobody waits for that.
        if (pod.status?.startTime !== old.status?.startTime) this.#cache.setPod(pod);
        return;
      }
      this.#queue.remove(uid);
      this.#cache.nominated.remove(uid);
      const action = old?.spec.nodeName ? 'Update' : 'Add';
      this.#cache.setPod(pod);
      this.#happened({ resource: pods, action, object: pod, ...(action === 'Update' && { old }) }, startMs);
    } else if (this.#isOurs(pod)) {
      if (pod.metadata.deletionTimestamp) this.#cancelBinding(uid, 'the pod is being deleted');
      this.#nominate(pod, old, isSame);
      if (isSame) this.#queue.refresh(pod);
      else this.#queue.set(pod, old);
      this.#metrics.handled(old ? queueCauses.isChanged : queueCauses.isNew, startMs);
    } else {
      this.#queue.remove(uid);
      this.#cache.nominated.remove(uid);
    }
  }

  #hide(pod: Stored<Pod>): void {
    const { uid } = pod.metadata;
    const startMs = this.#metrics.nowMs();
    this.#queue.remove(uid);
    this.#cancelBinding(uid, 'the pod is gone');
    const wasKeptFor = this.#cache.nominated.nodeOf(uid) ?? pod.status?.nominatedNodeName;
    this.#cache.nominated.remove(uid);
    if (this.#cache.has(uid)) this.#cache.removePod(pod);
    else if (!wasKeptFor) return;
    this.#happened({ resource: pods, action: 'Delete', object: pod }, startMs);
  }

  /** The API's word on the node that is kept for a pod; `isSame` where nothing else is news of it. */
  #nominate(pod: Stored<Pod>, old: Stored<Pod> | undefined, isSame: boolean): void {
    const { uid } = pod.metadata;
    const { nominated } = this.#cache;
    if (this.#cache.has(uid)) return;
    const known = nominated.nodeOf(uid);
    const node = keptNode(pod, old, known);
    if (!node) nominated.remove(uid);
    else if (!isSame || node !== known) nominated.set(podInfo(pod), node);
    if (gaveUpNode(pod, old)) this.#happened({ resource: pods, action: 'Delete', object: pod });
  }

  #isOurs(pod: Pod): boolean {
    return this.#profiles.has(pod.spec.schedulerName ?? '');
  }

  /** Makes the decision on a pod; where extenders have a word in it, it is made once the promise is settled. */
  #schedule(queued: QueuedPod, signal: AbortSignal): Promise<void> | undefined {
    const { uid } = queued.pod.metadata;
    const pod = this.#waiting(queued.pod);
    const metrics = this.#metrics.profiles.get(queued.pod.spec.schedulerName ?? '');
    if (!pod || !metrics || this.#cache.has(uid)) {
      this.#tellIfGoing(queued.pod);
      return void this.#queue.placed(uid);
    }
    const attempt = metrics.begin(queued);
    const interested = this.#extenders?.interestedIn(pod);
    if (interested) return this.#ask(pod, { attempt, interested, signal });
    const verdict = this.#decide(pod, { attempt, snapshot: this.#cache.snapshot() });
    if (verdict) this.#carryOut(pod, verdict, { attempt, signal });
    return undefined;
  }

  /** The pod as it is now, if it still wants a node. */
  #waiting({ metadata: { uid, namespace, name } }: Stored<Pod>): Stored<Pod> | undefined {
    const pod = this.#pods.get(`${namespace}/${name}`);
    const isWaiting = pod?.metadata.uid === uid && !pod.spec.nodeName && !pod.metadata.deletionTimestamp;
    return isWaiting ? pod : undefined;
  }

  /** A pod may go before it has a node, and stay for long where somebody holds it. */
  #tellIfGoing({ metadata, spec }: Stored<Pod>): void {
    const pod = this.#pods.get(`${metadata.namespace}/${metadata.name}`);
    if (pod?.metadata.uid !== metadata.uid || pod.spec.nodeName || !pod.metadata.deletionTimestamp) return;
    const message = `skip schedule deleting pod: ${metadata.namespace}/${metadata.name}`;
    const note = { reason: 'FailedScheduling', action: 'Scheduling', reporter: spec.schedulerName } as const;
    this.#options.events.record(pod, { type: 'Warning', ...note, message });
  }

  #carryOut(
    pod: Stored<Pod>,
    verdict: Verdict,
    { attempt, signal }: Pick<Placement, 'attempt' | 'signal'>,
  ): void {
    if (verdict.type === 'refused') return this.#refuse(pod, verdict, attempt);
    const { decision, node, examined } = verdict;
    attempt.metrics.chose(attempt);
    this.#startAt = (this.#startAt + examined) % Math.max(1, decision.snapshot.nodes.size);
    this.#cache.nominated.remove(pod.metadata.uid);
    this.#cache.assume(this.#asShown(decision.pod, node), node);
    this.#track(this.#bind({ attempt, decision, node, signal, extenders: this.#extenders }));
  }

  /** As the informer is going to show it on the node: so it is known again, and no more is kept of it meanwhile. */
  #asShown(info: PodInfo, node: string): PodInfo {
    const { pod } = info;
    const kept = this.#options.keep?.({ ...pod, spec: { ...pod.spec, nodeName: node } });
    return kept ? { ...info, pod: kept } : info;
  }

  /** Decides with extenders. What happens meanwhile waits. */
  async #ask(
    pod: Stored<Pod>,
    { attempt, interested, signal }: { attempt: Attempt; interested: Interested; signal: AbortSignal },
  ): Promise<void> {
    const held: (() => void)[] = [];
    this.#held = held;
    const asked = decideAsking(podInfo(pod), this.#cache.snapshot(), {
      ...this.#decideOptions(attempt),
      extenders: this.#extenders as Extenders,
      interested,
      log: this.#options.log,
    });
    const outcome = await asked.catch((error: Error) => {
      this.#options.log.warn('a decision with extenders failed', { pod: pod.metadata.name, error });
      return error;
    });
    this.#held = undefined;
    if (signal.aborted || !this.#waiting(pod)) this.#queue.placed(pod.metadata.uid);
    else if (outcome instanceof Error) this.#failed(pod, outcome, attempt);
    else this.#carryOut(pod, outcome, { attempt, signal });
    for (const change of held) change();
  }

  #decideOptions({ profile, metrics }: Attempt): DecideOptions {
    return {
      profile,
      stopwatch: metrics,
      random: this.#options.random,
      startAt: this.#startAt,
      percentageOfNodesToScore: this.#configuration.percentageOfNodesToScore,
      memory: this.#memory,
    };
  }

  /** Undefined where something is wrong with what the pod asks for. */
  #decide(
    pod: Stored<Pod>,
    { attempt, snapshot }: { attempt: Attempt; snapshot: Snapshot },
  ): Verdict | undefined {
    try {
      const info = podInfo(pod);
      this.#compared += comparisonsFor(info, snapshot);
      return decide(info, snapshot, this.#decideOptions(attempt));
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      this.#failed(pod, error, attempt);
      return undefined;
    }
  }

  /** No decision could be made on the pod: it is tried again after a while. */
  #failed(pod: Stored<Pod>, { message }: Error, attempt: Attempt): void {
    attempt.metrics.over(attempt, 'error');
    this.#queue.refused(pod.metadata.uid);
    this.#cache.nominated.remove(pod.metadata.uid);
    const note = { message, reason: 'SchedulerError', nominate: '' } as const;
    this.#track(noteRefusal(this.#options, pod, note));
  }

  #refuse(pod: Stored<Pod>, verdict: Refused, attempt: Attempt): void {
    attempt.metrics.over(attempt, 'unschedulable');
    const { nominate, act } = verdict.plan;
    const { uid } = pod.metadata;
    if (nominate) this.#cache.nominated.set(verdict.decision.pod, nominate);
    else if (nominate === '') this.#cache.nominated.remove(uid);
    this.#queue.refused(uid, verdict.refusedBy);
    const note = { message: verdict.message, nominate };
    this.#track(noteRefusal(this.#options, pod, { ...note, reason: 'Unschedulable' }));
    if (act) this.#track(this.#makeRoom(verdict.decision.pod, act));
  }

  async #makeRoom({ pod }: PodInfo, act: () => Promise<boolean>): Promise<void> {
    const { uid, name } = pod.metadata;
    try {
      if (await act()) this.#queue.wake(uid);
      else this.#queue.released(uid);
    } catch (error) {
      this.#options.log.error('making room failed', { pod: name, error });
      this.#queue.wake(uid);
    }
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error) => this.#options.log.error('scheduling failed', { error }))
      .finally(() => {
        this.#running.delete(tracked);
        this.#slot?.resolve();
        this.#slot = undefined;
      });
    this.#running.add(tracked);
  }

  async #bind(placement: Placement): Promise<void> {
    const { attempt, decision, node } = placement;
    const { pod } = decision.pod;
    const { uid, namespace, name } = pod.metadata;
    try {
      reserve(placement);
      if (actsBeforeBind(placement)) await this.#prepare(placement);
      await bind(placement);
    } catch (error) {
      return this.#bindingFailed(placement, error);
    }
    this.#queue.placed(uid);
    attempt.metrics.over(attempt, 'scheduled');
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    const reporter = pod.spec.schedulerName;
    const note = { type: 'Normal', reason: 'Scheduled', action: 'Binding', message, reporter } as const;
    this.#options.events.record(pod, note);
    postBind(placement);
  }

  /** What takes its time before a pod is bound: others are told where it goes, and can make it go elsewhere. */
  async #prepare(placement: Placement): Promise<void> {
    const { decision, node, signal } = placement;
    const { pod } = decision.pod;
    const { uid, name } = pod.metadata;
    const own = new AbortController();
    this.#cancelable.set(uid, own);
    try {
      placement.isAnnounced = true;
      await announce(this.#options.client, pod, node).catch((error) =>
        this.#options.log.warn('a pod does not say where it is to go', { pod: name, error: String(error) }),
      );
      await prepare({ ...placement, signal: AbortSignal.any([signal, own.signal]) });
      own.signal.throwIfAborted();
    } catch (error) {
      throw own.signal.aborted ? own.signal.reason : error;
    } finally {
      this.#cancelable.delete(uid);
    }
  }

  #cancelBinding(uid: string, why: string): boolean {
    const binding = this.#cancelable.get(uid);
    if (!binding || binding.signal.aborted) return false;
    binding.abort(new Error(why));
    return true;
  }

  /** Resolves when extenders are no longer being asked. */
  #decided(): Promise<void> {
    return new Promise((resolve) => this.#held?.push(resolve));
  }

  async #bindingFailed(placement: Placement, error: unknown): Promise<void> {
    const { attempt, decision, node, signal, isAnnounced } = placement;
    const { pod } = decision.pod;
    const { uid, namespace, name } = pod.metadata;
    await unreserve(placement);
    while (this.#held) await this.#decided();
    this.#cache.forget(uid);
    const now = this.#pods.get(`${namespace}/${name}`);
    const isThere = now?.metadata.uid === uid;
    this.#happened({ resource: pods, action: 'Delete', object: pod });
    if (!isThere || signal.aborted) return this.#queue.placed(uid);
    const isRejected = error instanceof Rejected;
    attempt.metrics.over(attempt, isRejected ? 'unschedulable' : 'error');
    this.#queue.refused(uid, isRejected ? new Set([error.refusal.plugin]) : undefined);
    const text = error instanceof Error ? error.message : String(error);
    const message = isRejected ? `0/1 nodes are available: 1 ${text}.` : text;
    const nominatedNodeName = isAnnounced ? node : now.status?.nominatedNodeName;
    await noteRefusal(
      this.#options,
      { ...now, status: { ...now.status, nominatedNodeName } },
      { message, reason: isRejected ? 'Unschedulable' : 'SchedulerError', nominate: '' },
    );
  }
}

/** What plugins want to hear of beside nodes and pods. */
function resourcesOf(plugins: readonly Plugin[]): Resource[] {
  const interests = plugins.flatMap((plugin) => plugin.events ?? []);
  const all = new Set(interests.map(({ resource }) => resource));
  return [...all].filter((resource) => resource !== nodes && resource !== pods);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
