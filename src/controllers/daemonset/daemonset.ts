import type { ControllerRevision, DaemonSet, DaemonSetStatus } from '../../api/apps/v1.ts';
import type { Node, Pod } from '../../api/core/v1.ts';
import { controllerrevisions, daemonsets, nodes, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { Backoff } from '../../client/backoff.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { compiledOnce } from '../../machinery/label-selector.ts';
import { allOver } from '../../platform/all-over.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import { slowStart } from '../shared/batches.ts';
import { claim, indexByController } from '../shared/claims.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { controllerOf } from '../shared/owners.ts';
import { PodWriter } from '../shared/pod-writes.ts';
import { currentRevision, truncateHistory } from '../shared/revisions.ts';
import { Selecting } from '../shared/selecting.ts';
import { saysSame } from '../shared/status.ts';
import { type DaemonSetInput, type DaemonSetPlan, daemonSetStatus, planDaemonSet } from './plan.ts';
import { daemonPod, hashLabel, mayMoveDaemons, nodeOf, placement } from './pods.ts';

/** So many daemons are made, and so many taken away, for one look at a set. */
const burst = 250;
/** A failed daemon is replaced after this time at the latest. */
const longestHoldMs = 900_000;

const hasFailed = (pod: Pod) => pod.status?.phase === 'Failed' && !pod.metadata.deletionTimestamp;

/** Keeps a pod of every DaemonSet on each node it is for. */
export function createDaemonSetController(context: ControllerContext): Component {
  return createController({
    name: 'daemon-set-controller',
    queueName: 'daemonset',
    context,
    setup: ({ queue, writes }) => {
      const controller = new DaemonSetController(context, writes);
      controller.subscribe(queue);
      return (key) => controller.reconcile(key);
    },
  });
}

class DaemonSetController {
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #pods: PodWriter;
  readonly #setInformer: Informer<DaemonSet>;
  readonly #podInformer: Informer<Pod>;
  readonly #selecting: Selecting<DaemonSet>;
  readonly #nodeInformer: Informer<Node>;
  readonly #revisionInformer: Informer<ControllerRevision>;
  /** When the failed daemon of a node may be replaced again. */
  readonly #retries = new Map<string, { backoff: Backoff; lastMs: number; notBeforeMs: number }>();

  constructor(context: ControllerContext, writes: OwnWrites) {
    this.#context = context;
    this.#writes = writes;
    this.#pods = new PodWriter(context, writes);
    this.#setInformer = context.informers.of(daemonsets);
    this.#podInformer = context.informers.of(pods);
    this.#nodeInformer = context.informers.of(nodes);
    this.#revisionInformer = context.informers.of(controllerrevisions);
    this.#selecting = new Selecting(this.#setInformer, ({ spec }) => compiledOnce(spec.selector));
    indexByController(this.#podInformer);
    indexByController(this.#revisionInformer);
  }

  subscribe(queue: WorkQueue): void {
    const addSet = (set: Stored<DaemonSet>) => queue.add(keyOf(set));
    this.#setInformer.onChange({
      added: addSet,
      updated: addSet,
      deleted: (set) => {
        for (const id of this.#retries.keys()) if (id.startsWith(`${keyOf(set)}/`)) this.#retries.delete(id);
        addSet(set);
      },
    });
    const addOwners = (pod: Stored<Pod>) => this.#keysFor(pod).forEach((key) => queue.add(key));
    this.#podInformer.onChange({
      added: addOwners,
      deleted: addOwners,
      updated: (pod, old) => {
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) addOwners(old);
        addOwners(pod);
      },
    });
    const addAll = () => this.#setInformer.list().forEach(addSet);
    this.#nodeInformer.onChange({
      added: addAll,
      deleted: addAll,
      updated: (node, old) => {
        if (!mayMoveDaemons(node, old)) return;
        for (const set of this.#setInformer.list())
          if (!deepEqual(placement(set, node), placement(set, old))) addSet(set);
      },
    });
  }

  #keysFor(pod: Stored<Pod>): readonly string[] {
    const owner = controllerOf(pod);
    if (!owner) return this.#selecting.keysFor(pod);
    return owner.kind === 'DaemonSet' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
  }

  async reconcile(key: string): Promise<Outcome> {
    const set = this.#setInformer.get(key);
    if (!set || set.metadata.deletionTimestamp) return done;
    const { client, clock } = this.#context;
    const selector = compiledOnce(set.spec.selector);
    const own = { client, owners: daemonsets, owner: set, selector };
    const owned = await claim({ ...own, dependents: pods, informer: this.#podInformer });
    const revisions = await claim({
      ...own,
      dependents: controllerrevisions,
      informer: this.#revisionInformer,
    });
    const history = { owner: set, revisions, key, writes: this.#writes, hashLabel };
    const { revision, collisionCount } = await currentRevision(this.#context, history);
    const hash = revision.metadata.labels?.[hashLabel] ?? '';
    const held = new Map(owned.filter(hasFailed).map((pod) => [pod, this.#heldMs(key, pod)]));
    const isHeldBack = (pod: Stored<Pod>) => (held.get(pod) ?? 0) > 0;
    const nodes = this.#nodeInformer.list();
    const input = { set, pods: owned, nodes, hash, isHeldBack, nowMs: clock.now() };
    // What cannot be done does not keep the status from saying how things are.
    const [carriedOut] = await Promise.allSettled([this.#carryOut(input, planDaemonSet(input))]);
    const waitMs = Math.min(Number.POSITIVE_INFINITY, ...[...held.values()].filter((ms) => ms > 0));
    const { status, againInMs } = daemonSetStatus(input, collisionCount);
    await this.#report(set, status);
    if (carriedOut.status === 'rejected') throw carriedOut.reason;
    const used = new Set([hash, ...owned.map((pod) => pod.metadata.labels?.[hashLabel])]);
    const isUsed = (r: Stored<ControllerRevision>) => used.has(r.metadata.labels?.[hashLabel]);
    const old = revisions.filter((r) => isUsed(r) && r.metadata.uid !== revision.metadata.uid);
    await truncateHistory(this.#context, history, isUsed, old.length);
    const again = Math.min(againInMs ?? Number.POSITIVE_INFINITY, waitMs);
    return Number.isFinite(again) ? { type: 'again', afterMs: again } : done;
  }

  /** What one pod is refused does not keep the others from what they need. */
  async #carryOut({ set, hash }: DaemonSetInput, plan: DaemonSetPlan): Promise<void> {
    const creating = this.#createAll(set, plan.create.slice(0, burst), hash);
    const removing = plan.remove.slice(0, burst).map(({ pod, why }) => this.#remove(set, pod, why));
    await allOver([creating, ...removing]);
  }

  async #createAll(set: Stored<DaemonSet>, names: readonly string[], hash: string): Promise<void> {
    const key = keyOf(set);
    const { error } = await slowStart(names.length, async (index) => {
      const nodeName = names[index] as string;
      const why = `${nodeName} has no pod of it`;
      const pod = await this.#pods.create(set, daemonPod(set, nodeName, hash), { key, why });
      this.#pods.tell(set, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    });
    if (error === undefined || isTerminatingNamespace(error)) return;
    this.#pods.tell(set, 'FailedCreate', `Error creating: ${(error as Error).message}`, 'Warning');
    throw error;
  }

  async #remove(
    set: Stored<DaemonSet>,
    pod: Stored<Pod>,
    why: DaemonSetPlan['remove'][number]['why'],
  ): Promise<void> {
    if (why === 'failed') this.#holdBack(keyOf(set), pod);
    if (why === 'failed' || why === 'succeeded') {
      const { namespace, name } = pod.metadata;
      const reason = why === 'failed' ? 'FailedDaemonPod' : 'SucceededDaemonPod';
      const what = `Found ${why} daemon pod ${namespace}/${name} on node ${nodeOf(pod)}`;
      const message = `${what}, will try to ${why === 'failed' ? 'kill' : 'delete'} it`;
      this.#pods.tell(set, reason, message, why === 'failed' ? 'Warning' : 'Normal');
    }
    const reasons = {
      failed: 'it has failed',
      succeeded: 'it has ended',
      surplus: 'its node needs no such pod',
      outdated: 'it is not of the newest template',
    };
    await this.#pods.removeTold(set, pod, { key: keyOf(set), why: reasons[why] });
  }

  /** How long a failed daemon stays before another may take its place, in milliseconds. */
  #heldMs(key: string, pod: Pod): number {
    const { notBeforeMs } = this.#retries.get(`${key}/${nodeOf(pod)}`) ?? { notBeforeMs: 0 };
    return Math.max(0, notBeforeMs - this.#context.clock.monotonic());
  }

  /** A daemon that fails again and again is replaced ever more slowly; after a long time without failure, soon again. */
  #holdBack(key: string, pod: Pod): void {
    const { clock, random } = this.#context;
    const id = `${key}/${nodeOf(pod)}`;
    const before = this.#retries.get(id);
    const nowMs = clock.monotonic();
    const isRecent = before && nowMs - before.lastMs <= 2 * longestHoldMs;
    const backoff = isRecent ? before.backoff : new Backoff({ baseMs: 1_000, maxMs: longestHoldMs, random });
    this.#retries.set(id, { backoff, lastMs: nowMs, notBeforeMs: nowMs + backoff.next() });
  }

  /** Conditions are others' to write: the controller has none of its own. */
  async #report(set: Stored<DaemonSet>, counted: DaemonSetStatus): Promise<void> {
    const { conditions } = set.status ?? {};
    const status = { ...counted, ...(conditions && { conditions }) };
    if (saysSame(daemonsets, set.status, status)) return;
    const cause = causedBy(set, `${status.numberReady} of ${status.desiredNumberScheduled} nodes run it`);
    const written = await this.#context.client.of(daemonsets).updateStatus({ ...set, status }, { cause });
    this.#writes.wrote(keyOf(set), this.#setInformer, written);
  }
}
