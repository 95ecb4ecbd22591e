import type { Node, Pod } from '../api/core/v1.ts';
import { nodes, pods } from '../api/generated/resources.ts';
import type { Stored } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import type { Component } from '../client/component.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { causedBy } from '../client/transport.ts';
import { deepEqual } from '../machinery/equal.ts';
import { hasReason } from '../machinery/status-error.ts';
import { type Clock, timestamp } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import { SchedulerCache } from './cache/cache.ts';
import { podInfo } from './cache/node-info.ts';
import { decide, type Verdict } from './decide.ts';
import type { ClusterEvent, Decision, Profile, QueuedPod } from './framework/framework.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';

export interface SchedulerOptions {
  client: Client;
  informers: Informers;
  events: EventRecorder;
  clock: Clock;
  random: Random;
  log: Log;
  profiles: readonly Profile[];
  percentageOfNodesToScore?: number;
}

/** Finds a node for every pod that has none. */
export function createScheduler(options: SchedulerOptions): Component {
  const scheduler = new Scheduler(options);
  return { name: 'kube-scheduler', run: (signal) => scheduler.run(signal) };
}

class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #cache = new SchedulerCache();
  readonly #queue: SchedulingQueue;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #binding = new Set<Promise<void>>();
  #startAt = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#profiles = new Map(options.profiles.map((profile) => [profile.schedulerName, profile]));
    this.#queue = new SchedulingQueue({ clock: options.clock, profiles: this.#profiles });
    this.#pods = options.informers.of(pods);
    this.#nodes = options.informers.of(nodes);
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    if (signal.aborted) return;
    await Promise.all([this.#pods.synced, this.#nodes.synced]);
    this.#followNodes();
    this.#followPods();
    for (let next = await this.#queue.take(); next; next = await this.#queue.take()) {
      this.#schedule(next, signal);
    }
    await Promise.all(this.#binding);
  }

  #followNodes(): void {
    this.#nodes.onChange({
      added: (node) => {
        this.#cache.setNode(node);
        this.#queue.happened('Node/Add');
      },
      updated: (node, old) => {
        this.#cache.setNode(node);
        for (const event of nodeEvents(node, old)) this.#queue.happened(event);
      },
      deleted: (node) => this.#cache.removeNode(node.metadata.name),
    });
  }

  #followPods(): void {
    const show = (pod: Stored<Pod>) => {
      if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return hide(pod);
      if (pod.spec.nodeName) {
        this.#queue.remove(pod.metadata.uid);
        this.#cache.setPod(pod);
        this.#queue.happened('Pod/Add');
      } else if (this.#isOurs(pod)) this.#queue.set(pod);
      else this.#queue.remove(pod.metadata.uid);
    };
    const hide = (pod: Stored<Pod>) => {
      this.#queue.remove(pod.metadata.uid);
      if (!this.#cache.has(pod.metadata.uid)) return;
      this.#cache.removePod(pod);
      this.#queue.happened('Pod/Delete');
    };
    this.#pods.onChange({
      added: show,
      deleted: hide,
      updated: (pod, old) => {
        // Most updates of a pod are news of its containers.
        if (pod.status?.phase === old.status?.phase && sameForScheduling(pod, old)) return;
        show(pod);
      },
    });
  }

  #isOurs(pod: Pod): boolean {
    return this.#profiles.has(pod.spec.schedulerName ?? '') && !pod.metadata.deletionTimestamp;
  }

  #schedule(queued: QueuedPod, signal: AbortSignal): void {
    const pod = this.#pods.get(`${queued.pod.metadata.namespace}/${queued.pod.metadata.name}`);
    const { uid } = queued.pod.metadata;
    const profile = this.#profiles.get(queued.pod.spec.schedulerName ?? '');
    const isWaiting = pod?.metadata.uid === uid && !pod.spec.nodeName && !pod.metadata.deletionTimestamp;
    if (!isWaiting || !profile || this.#cache.has(uid)) return this.#queue.placed(uid);
    const snapshot = this.#cache.snapshot();
    const { random, percentageOfNodesToScore } = this.#options;
    const verdict = decide(podInfo(pod), snapshot, {
      profile,
      random,
      startAt: this.#startAt,
      percentageOfNodesToScore,
    });
    if (verdict.type === 'refused') return this.#track(this.#refuse(pod, verdict));
    this.#startAt = (this.#startAt + verdict.examined) % Math.max(1, snapshot.nodes.length);
    this.#cache.assume(verdict.decision.pod, verdict.node);
    this.#track(this.#bind(verdict.decision, verdict.node, { profile, signal }));
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error) => this.#options.log.error('scheduling failed', { error }))
      .finally(() => this.#binding.delete(tracked));
    this.#binding.add(tracked);
  }

  async #bind(
    decision: Decision,
    node: string,
    { profile, signal }: { profile: Profile; signal: AbortSignal },
  ): Promise<void> {
    const { pod } = decision.pod;
    const { uid, namespace, name } = pod.metadata;
    try {
      for (const plugin of profile.plugins) {
        const refusal = plugin.reserve?.(decision, node) ?? (await plugin.permit?.(decision, node, signal));
        if (refusal) throw new Error(refusal.reasons.join(', '));
      }
      for (const plugin of profile.plugins) await plugin.preBind?.(decision, node);
      for (const plugin of profile.plugins) if (await plugin.bind?.(decision, node)) break;
    } catch (error) {
      for (const plugin of profile.plugins) plugin.unreserve?.(decision, node);
      this.#cache.forget(uid);
      this.#queue.happened('Pod/Delete');
      if (hasReason(error, 'NotFound') || signal.aborted) return this.#queue.placed(uid);
      this.#queue.refused(uid);
      const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`;
      this.#options.events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
      return;
    }
    this.#queue.placed(uid);
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    this.#options.events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
    for (const plugin of profile.plugins) plugin.postBind?.(decision, node);
  }

  async #refuse(pod: Stored<Pod>, verdict: Extract<Verdict, { type: 'refused' }>): Promise<void> {
    const refusedBy = new Set([...verdict.refusals.values()].map((refusal) => refusal.plugin));
    // Without nodes nobody has refused it, and any node may help.
    if (refusedBy.size === 0) refusedBy.add('NodeResourcesFit');
    this.#queue.refused(pod.metadata.uid, refusedBy);
    const { message } = verdict;
    this.#options.events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    const old = pod.status?.conditions?.find((c) => c.type === condition.type);
    if (old?.status === 'False' && old.reason === condition.reason && old.message === message) return;
    const lastTransitionTime =
      old?.status === 'False' ? old.lastTransitionTime : timestamp(this.#options.clock);
    const patch = { status: { conditions: [{ ...condition, lastTransitionTime }] } };
    const write = {
      type: 'application/strategic-merge-patch+json',
      subresource: 'status',
      cause: causedBy(pod, message),
    } as const;
    await this.#options.client
      .of(pods)
      .patch(pod.metadata, patch, write)
      .catch((error) => {
        if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
      });
  }
}

function nodeEvents(node: Node, old: Node): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  if (!deepEqual(node.status?.allocatable, old.status?.allocatable)) events.push('Node/UpdateAllocatable');
  if (!deepEqual(node.metadata.labels, old.metadata.labels)) events.push('Node/UpdateLabel');
  const taints = ({ spec }: Node) => [spec?.taints ?? [], spec?.unschedulable ?? false];
  if (!deepEqual(taints(node), taints(old))) events.push('Node/UpdateTaint');
  return events;
}

/** Whether nothing has changed that the scheduler looks at. */
function sameForScheduling(pod: Pod, old: Pod): boolean {
  const view = ({ metadata, spec }: Pod) => [metadata.labels, metadata.deletionTimestamp, spec];
  return deepEqual(view(pod), view(old));
}
