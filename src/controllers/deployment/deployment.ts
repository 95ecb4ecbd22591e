import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import { deployments, pods, replicasets } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { compiledOnce } from '../../machinery/label-selector.ts';
import { hasReason } from '../../machinery/status-error.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import { byController, claim, indexByController } from '../shared/claims.ts';
import { isTerminatingNamespace } from '../shared/namespaces.ts';
import { controllerOf, isControlledBy } from '../shared/owners.ts';
import { Selecting } from '../shared/selecting.ts';
import { saysSame } from '../shared/status.ts';
import { desiredKey, maxKey, revisionKey } from './annotations.ts';
import { type DeploymentPlan, planDeployment } from './plan.ts';
import { desiredOf, limitsOf, replicasOf, type Scaling } from './scaling.ts';
import { hasDeadline, stuckCondition } from './status.ts';
import { sameTemplate } from './template.ts';

/** Rolls every Deployment from one template to the next by way of ReplicaSets. */
export function createDeploymentController(context: ControllerContext, plan = planDeployment): Component {
  return createController({
    name: 'deployment-controller',
    queueName: 'deployment',
    context,
    setup: ({ queue, writes }) => {
      const controller = new DeploymentController({ context, writes, plan });
      controller.subscribe(queue);
      return (key) => controller.reconcile(key);
    },
  });
}

interface Parts {
  context: ControllerContext;
  writes: OwnWrites;
  plan: typeof planDeployment;
}

class DeploymentController {
  readonly #plan: typeof planDeployment;
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #deployments: Informer<Deployment>;
  readonly #sets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #selecting: Selecting<Deployment>;

  constructor({ context, writes, plan }: Parts) {
    this.#plan = plan;
    this.#context = context;
    this.#writes = writes;
    this.#deployments = context.informers.of(deployments);
    this.#sets = context.informers.of(replicasets);
    this.#pods = context.informers.of(pods);
    this.#selecting = new Selecting(this.#deployments, ({ spec }) => compiledOnce(spec.selector));
    indexByController(this.#sets);
    indexByController(this.#pods);
  }

  subscribe(queue: WorkQueue): void {
    const addSelf = (deployment: Stored<Deployment>) => queue.add(keyOf(deployment));
    this.#deployments.onChange({ added: addSelf, updated: addSelf, deleted: addSelf });
    const addOwners = (set: Stored<ReplicaSet>) => {
      for (const key of this.#keysFor(set)) queue.add(key);
    };
    this.#sets.onChange({
      added: addOwners,
      deleted: addOwners,
      updated: (set, old) => {
        if (controllerOf(old)?.uid !== controllerOf(set)?.uid) addOwners(old);
        addOwners(set);
      },
    });
    // A Recreate goes on when the last old pod has gone.
    this.#pods.onChange({
      deleted: (pod) => {
        const set = this.#sets.get(`${pod.metadata.namespace}/${controllerOf(pod)?.name}`);
        if (set) addOwners(set);
      },
    });
  }

  #keysFor(set: Stored<ReplicaSet>): readonly string[] {
    const owner = controllerOf(set);
    if (owner) return owner.kind === 'Deployment' ? [`${set.metadata.namespace}/${owner.name}`] : [];
    return this.#selecting.keysFor(set);
  }

  async reconcile(key: string): Promise<Outcome> {
    const deployment = this.#deployments.get(key);
    if (!deployment) return done;
    const { client, clock } = this.#context;
    const selector = compiledOnce(deployment.spec.selector);
    const where = { client, owners: deployments, dependents: replicasets, informer: this.#sets };
    const sets = await claim({ ...where, owner: deployment, selector });
    const owned = sets.flatMap((set) => this.#pods.byIndex(byController, set.metadata.uid));
    const plan = this.#plan({ deployment, sets, pods: owned, nowMs: clock.now() });
    await this.#carryOut(deployment, plan);
    return plan.againInMs === undefined ? done : { type: 'again', afterMs: plan.againInMs };
  }

  async #carryOut(deployment: Stored<Deployment>, plan: DeploymentPlan): Promise<void> {
    if (plan.update) await this.#update(deployment, plan.update);
    else for (const scaling of plan.scale) await this.#scale(deployment, scaling);
    const isCollision = plan.create ? await this.#create(deployment, plan.create) : false;
    for (const set of plan.remove) await this.#remove(deployment, set);
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    const status = isCollision ? { ...plan.status, collisionCount } : plan.status;
    await this.#report(deployment, status, plan.revision);
  }

  /** Gives true where another object has the name, so that the next hash must differ. */
  async #create(deployment: Stored<Deployment>, set: ReplicaSet): Promise<boolean> {
    const { client, events } = this.#context;
    const cause = causedBy(deployment, 'its template has no ReplicaSet yet');
    try {
      const written = await client.of(replicasets).create(set, { cause });
      this.#writes.wrote(keyOf(deployment), this.#sets, written);
      const replicas = set.spec.replicas ?? 0;
      if (replicas > 0) this.#tellScaled(deployment, { name: written.metadata.name, from: 0, to: replicas });
      return false;
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return this.#isCollision(deployment, set);
      if (isTerminatingNamespace(error)) throw error;
      const message = `Failed to create new replica set "${set.metadata.name}": ${(error as Error).message}`;
      if (hasDeadline(deployment)) {
        const conditions = stuckCondition(deployment, message, this.#context.clock.now());
        await this.#report(deployment, { ...deployment.status, conditions }).catch(() => {});
      }
      events.record(deployment, { type: 'Warning', reason: 'ReplicaSetCreateError', message });
      throw error;
    }
  }

  async #isCollision(deployment: Stored<Deployment>, set: ReplicaSet): Promise<boolean> {
    const there = await this.#context.client.of(replicasets).get(set.metadata);
    const own = isControlledBy(there, deployment);
    if (
      own &&
      set.spec.template &&
      there.spec.template &&
      sameTemplate(set.spec.template, there.spec.template)
    ) {
      this.#writes.wrote(keyOf(deployment), this.#sets, there);
      return false;
    }
    return true;
  }

  async #update(deployment: Stored<Deployment>, set: ReplicaSet): Promise<void> {
    const cause = causedBy(deployment, 'notes on its current ReplicaSet have changed');
    const written = await this.#context.client.of(replicasets).update(set, { cause });
    this.#writes.wrote(keyOf(deployment), this.#sets, written);
  }

  async #scale(deployment: Stored<Deployment>, { set, replicas }: Scaling): Promise<void> {
    const desired = desiredOf(deployment);
    const annotations = {
      ...set.metadata.annotations,
      [desiredKey]: String(desired),
      [maxKey]: String(desired + limitsOf(deployment).surge),
    };
    const from = replicasOf(set);
    if (from === replicas && deepEqual(annotations, set.metadata.annotations)) return;
    const cause = causedBy(
      deployment,
      `${desired} replicas are wanted; ${set.metadata.name} goes from ${from} to ${replicas}`,
    );
    const next = { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, replicas } };
    const written = await this.#context.client.of(replicasets).update(next, { cause });
    this.#writes.wrote(keyOf(deployment), this.#sets, written);
    if (from !== replicas) this.#tellScaled(deployment, { name: set.metadata.name, from, to: replicas });
  }

  #tellScaled(deployment: Stored<Deployment>, change: { name: string; from: number; to: number }): void {
    const { name, from, to } = change;
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
    this.#context.events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }

  async #remove(deployment: Stored<Deployment>, set: Stored<ReplicaSet>): Promise<void> {
    const limit = deployment.spec.revisionHistoryLimit;
    const cause = causedBy(deployment, `only ${limit} old ReplicaSets are kept`);
    await this.#context.client
      .of(replicasets)
      .delete(set.metadata, { cause, preconditions: { uid: set.metadata.uid } });
    this.#writes.deleted(keyOf(deployment), this.#sets, set);
  }

  /** The revision goes with the status: written as a status, an annotation does not count as a new generation. */
  async #report(deployment: Stored<Deployment>, status: DeploymentStatus, revision?: string): Promise<void> {
    if (!revision && saysSame(deployments, deployment.status, status)) return;
    const cause = causedBy(
      deployment,
      `${status.updatedReplicas ?? 0} pods are of the current template, ${status.availableReplicas ?? 0} are available`,
    );
    const noted = revision && { [revisionKey]: revision };
    const metadata = {
      ...deployment.metadata,
      ...(noted && { annotations: { ...deployment.metadata.annotations, ...noted } }),
    };
    const written = await this.#context.client
      .of(deployments)
      .updateStatus({ ...deployment, metadata, status }, { cause });
    this.#writes.wrote(keyOf(deployment), this.#deployments, written);
  }
}
