import type { ReplicaSet, ReplicaSetStatus } from '../../api/apps/v1.ts';
import type { Pod, ReplicationController } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { Resource, Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { type Cause, causedBy } from '../../client/transport.ts';
import type { Selector } from '../../machinery/label-selector.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { exponentialBounds } from '../../platform/metrics/histogram.ts';
import type { HistogramOptions, Observer } from '../../platform/metrics/meter.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import { slowStart } from '../shared/batches.ts';
import { byController, claim, indexByController } from '../shared/claims.ts';
import { controllerOf } from '../shared/owners.ts';
import { isActive, podFromTemplate } from '../shared/pods.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { Selecting } from '../shared/selecting.ts';
import { spacingMs } from '../shared/spacing.ts';
import { saysSame } from '../shared/status.ts';
import { ageRatios, planReplicas, type ReplicaSpec, statusOf } from './plan.ts';

type Replicated = ReplicaSet | ReplicationController;

export interface ReplicaManagerOptions<T extends Replicated> {
  name: string;
  queueName: string;
  resource: Resource<T>;
  context: ControllerContext;
  /** Which pods to make or take away; upstream's way unless given. */
  plan?: typeof planReplicas;
  specOf(object: Stored<T>): ReplicaSpec;
  selectorOf(object: Stored<T>): Selector | undefined;
}

type Failure = { reason: 'FailedCreate' | 'FailedDelete'; message: string };

const deletionAgeRatio: HistogramOptions = {
  name: 'replicaset_controller_sorting_deletion_age_ratio',
  help: 'How many times as old as the youngest that is ready those are that are taken away.',
  stability: 'ALPHA',
  bounds: exponentialBounds(0.25, 2, 6),
};

/** Keeps the number of pods that each object of a resource asks for. */
export function createReplicaManager<T extends Replicated>(options: ReplicaManagerOptions<T>): Component {
  return createController({
    name: options.name,
    queueName: options.queueName,
    context: options.context,
    setup: ({ queue, writes }) => {
      const manager = new ReplicaManager(options, writes);
      manager.subscribe(queue);
      return (key) => manager.reconcile(key);
    },
  });
}

class ReplicaManager<T extends Replicated> {
  readonly #options: ReplicaManagerOptions<T>;
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #sets: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #selecting: Selecting<T>;
  readonly #ageRatios: Observer;

  constructor(options: ReplicaManagerOptions<T>, writes: OwnWrites) {
    this.#options = options;
    this.#context = options.context;
    this.#writes = writes;
    this.#sets = options.context.informers.of(options.resource);
    this.#pods = options.context.informers.of(pods);
    this.#ageRatios = options.context.meter.histogram(deletionAgeRatio).with();
    this.#selecting = new Selecting(this.#sets, options.selectorOf);
    indexByController(this.#pods);
    indexByController(this.#sets);
  }

  subscribe(queue: WorkQueue): void {
    const addSet = (set: Stored<T>) => queue.add(keyOf(set));
    this.#sets.onChange({ added: addSet, updated: addSet, deleted: addSet });
    const addOwners = (pod: Stored<Pod>) => {
      for (const key of this.#keysFor(pod)) queue.addAfter(key, spacingMs(this.#sizeOf(key)));
    };
    this.#pods.onChange({
      added: addOwners,
      deleted: addOwners,
      updated: (pod, old) => {
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) addOwners(old);
        addOwners(pod);
      },
    });
  }

  #sizeOf(key: string): number {
    const set = this.#sets.get(key);
    return set ? Math.max(this.#options.specOf(set).replicas, set.status?.replicas ?? 0) : 0;
  }

  async reconcile(key: string): Promise<Outcome> {
    const set = this.#sets.get(key);
    if (!set) return done;
    const { resource, specOf, selectorOf, plan: planFor = planReplicas } = this.#options;
    const where = { client: this.#context.client, owners: resource, dependents: pods, informer: this.#pods };
    const owned = await claim({ ...where, owner: set, selector: selectorOf(set) });
    const spec = specOf(set);
    const nowMs = this.#context.clock.now();
    const plan = planFor(spec, owned, { nowMs, crowding: crowdingOf(() => this.#related(set)) });
    for (const ratio of ageRatios(owned, plan.remove, nowMs)) this.#ageRatios.observe(ratio);
    const failure = (await this.#create(set, plan.create)) ?? (await this.#remove(set, plan.remove));
    const status = set.status as ReplicaSetStatus | undefined;
    const generation = set.metadata.generation ?? 0;
    const next = statusOf({ spec, owned, status, generation, failure, nowMs: this.#context.clock.now() });
    await this.#report(set, next.status);
    if (failure) throw new Error(failure.message);
    return next.againInMs === undefined ? done : { type: 'again', afterMs: next.againInMs };
  }

  /** The sets that a pod's change matters to: its manager's, or every set that would adopt it. */
  #keysFor(pod: Stored<Pod>): readonly string[] {
    const owner = controllerOf(pod);
    if (owner)
      return owner.kind === this.#options.resource.kind ? [`${pod.metadata.namespace}/${owner.name}`] : [];
    if (pod.metadata.deletionTimestamp) return [];
    return this.#selecting.keysFor(pod);
  }

  /** The pods of all sets that share the set's owner: in a rollout, those of the other templates too. */
  #related(set: Stored<T>): Stored<Pod>[] {
    const owner = controllerOf(set);
    const sets = owner ? this.#sets.byIndex(byController, owner.uid) : [set];
    return sets.flatMap(({ metadata: { uid } }) => this.#pods.byIndex(byController, uid));
  }

  async #create(set: Stored<T>, count: number): Promise<Failure | undefined> {
    if (count === 0) return undefined;
    const { events } = this.#context;
    const spec = this.#options.specOf(set);
    const cause = causedBy(set, `${count} more of ${spec.replicas} pods are needed`);
    const { error } = await slowStart(count, async () => {
      const pod = await this.#createOne(set, cause);
      const message = `Created pod: ${pod.metadata.name}`;
      events.record(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
    });
    // A namespace on its way out refuses everything: nothing to tell, nothing to try.
    if (error === undefined || isTerminatingNamespace(error)) return undefined;
    const message = errorText(error);
    events.record(set, { type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${message}` });
    return { reason: 'FailedCreate', message };
  }

  async #createOne(set: Stored<T>, cause: Cause): Promise<Stored<Pod>> {
    const key = keyOf(set);
    try {
      const pod = podFromTemplate(this.#options.specOf(set).template, set);
      const written = await this.#context.client.of(pods).create(pod, { cause });
      this.#writes.wrote(key, this.#pods, written);
      return written;
    } catch (error) {
      this.#writes.failed(key, this.#pods, error);
      throw error;
    }
  }

  async #remove(set: Stored<T>, surplus: readonly Stored<Pod>[]): Promise<Failure | undefined> {
    const failures = await Promise.all(surplus.map((pod) => this.#removeOne(set, pod)));
    return failures.find((failure) => failure !== undefined);
  }

  async #removeOne(set: Stored<T>, pod: Stored<Pod>): Promise<Failure | undefined> {
    const { client, events } = this.#context;
    const cause = causedBy(set, `there are more than ${this.#options.specOf(set).replicas} pods`);
    try {
      await client.of(pods).delete(pod.metadata, { cause, preconditions: { uid: pod.metadata.uid } });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      const message = errorText(error);
      events.record(set, { type: 'Warning', reason: 'FailedDelete', message: `Error deleting: ${message}` });
      return { reason: 'FailedDelete', message };
    }
    this.#writes.deleted(keyOf(set), this.#pods, pod);
    const message = `Deleted pod: ${pod.metadata.name}`;
    events.record(set, { type: 'Normal', reason: 'SuccessfulDelete', message });
    return undefined;
  }

  async #report(set: Stored<T>, next: ReplicaSetStatus): Promise<void> {
    if (saysSame(this.#options.resource, set.status, next)) return;
    const cause = causedBy(set, `${next.replicas} pods exist, ${next.readyReplicas ?? 0} are ready`);
    const resource = this.#context.client.of(this.#options.resource);
    const written = await resource.updateStatus({ ...set, status: next } as T, { cause });
    this.#writes.wrote(keyOf(set), this.#sets, written);
  }
}

/** How many of these pods share a pod's node, those that are finished or on their way out aside. */
function crowdingOf(related: () => readonly Stored<Pod>[]): (pod: Stored<Pod>) => number {
  let perNode: Map<string, number> | undefined;
  return (pod) => {
    perNode ??= countByNode(related().filter(isActive));
    return perNode.get(pod.spec.nodeName ?? '') ?? 0;
  };
}

function countByNode(all: readonly Pod[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { spec } of all)
    if (spec.nodeName) counts.set(spec.nodeName, (counts.get(spec.nodeName) ?? 0) + 1);
  return counts;
}

const errorText = (error: unknown) => (error instanceof Error ? error.message : String(error));
