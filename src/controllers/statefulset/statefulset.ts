import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import {
  controllerrevisions,
  persistentvolumeclaims,
  pods,
  statefulsets,
} from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { compiledOnce } from '../../machinery/label-selector.ts';
import { hasReason } from '../../machinery/status-error.ts';
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
import { PodWriter } from '../shared/pod-writes.ts';
import { currentRevision, templateOf, truncateHistory } from '../shared/revisions.ts';
import { Selecting } from '../shared/selecting.ts';
import { saysSame } from '../shared/status.ts';
import { ensureClaims, hasLeavingClaim, syncClaimOwners } from './claims.ts';
import { meterStatefulSets } from './metrics.ts';
import { planStatefulSet, type StatefulSetInput, type Step, statefulSetStatus } from './plan.ts';
import { hasSeat, identityLabels, isTerminating, ordinalOf, podFor, revisionOf } from './pods.ts';

/** Keeps the named pods of every StatefulSet, and the claims that go with them. */
export function createStatefulSetController(context: ControllerContext, plan = planStatefulSet): Component {
  return createController({
    name: 'statefulset-controller',
    queueName: 'statefulset',
    context,
    setup: ({ queue, writes }) => {
      const controller = new StatefulSetController({ context, writes, plan });
      controller.subscribe(queue);
      return (key) => controller.reconcile(key);
    },
  });
}

const isWaiting = (pod: Pod) => pod.status?.phase === 'Pending' && !isTerminating(pod);

/** The revision that is in use and the one that shall be. */
interface Revisions {
  current: Stored<ControllerRevision>;
  update: Stored<ControllerRevision>;
}

interface Parts {
  context: ControllerContext;
  writes: OwnWrites;
  plan: typeof planStatefulSet;
}

class StatefulSetController {
  readonly #plan: typeof planStatefulSet;
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;
  readonly #pods: PodWriter;
  readonly #setInformer: Informer<StatefulSet>;
  readonly #podInformer: Informer<Pod>;
  readonly #selecting: Selecting<StatefulSet>;
  readonly #revisionInformer: Informer<ControllerRevision>;

  constructor({ context, writes, plan }: Parts) {
    this.#plan = plan;
    this.#context = context;
    this.#writes = writes;
    this.#pods = new PodWriter(context, writes);
    this.#setInformer = context.informers.of(statefulsets);
    this.#podInformer = context.informers.of(pods);
    this.#revisionInformer = context.informers.of(controllerrevisions);
    this.#selecting = new Selecting(this.#setInformer, ({ spec }) => compiledOnce(spec.selector));
    indexByController(this.#podInformer);
    indexByController(this.#revisionInformer);
    meterStatefulSets(context.meter, {
      sets: () => this.#setInformer.list(),
      podsOf: (set) => this.#podInformer.byIndex(byController, set.metadata.uid),
      now: () => context.clock.now(),
    });
  }

  subscribe(queue: WorkQueue): void {
    const addSet = (set: Stored<StatefulSet>) => queue.add(keyOf(set));
    this.#setInformer.onChange({ added: addSet, updated: addSet, deleted: addSet });
    const addOwners = (pod: Stored<Pod>) => this.#keysFor(pod).forEach((key) => queue.add(key));
    this.#podInformer.onChange({
      added: addOwners,
      deleted: addOwners,
      updated: (pod, old) => {
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) addOwners(old);
        addOwners(pod);
      },
    });
    this.#context.informers.of(persistentvolumeclaims).onChange({
      // A pod is not made anew before the claims of the one that was scaled away have gone.
      deleted: ({ metadata }) => {
        const pod = metadata.ownerReferences?.find(({ kind }) => kind === 'Pod')?.name ?? '';
        if (/-\d+$/.test(pod)) queue.add(`${metadata.namespace}/${pod.replace(/-\d+$/, '')}`);
      },
    });
  }

  #keysFor(pod: Stored<Pod>): readonly string[] {
    const owner = controllerOf(pod);
    if (!owner) return this.#selecting.keysFor(pod);
    return owner.kind === 'StatefulSet' ? [`${pod.metadata.namespace}/${owner.name}`] : [];
  }

  async reconcile(key: string): Promise<Outcome> {
    const set = this.#setInformer.get(key);
    if (!set) return done;
    const { client, clock } = this.#context;
    const selector = compiledOnce(set.spec.selector);
    const { name } = set.metadata;
    const owned = await claim({
      client,
      owners: statefulsets,
      dependents: pods,
      informer: this.#podInformer,
      owner: set,
      selector,
      isMember: (pod) => ordinalOf(name, pod.metadata.name) !== undefined,
    });
    const own = { client, owners: statefulsets, dependents: controllerrevisions, owner: set, selector };
    const revisions = await claim({ ...own, informer: this.#revisionInformer });
    const hashLabel = 'controller.kubernetes.io/hash';
    const history = { owner: set, revisions, key, writes: this.#writes, hashLabel };
    const { revision: update, collisionCount } = await currentRevision(this.#context, history);
    const current = revisions.find((r) => r.metadata.name === set.status?.currentRevision) ?? update;
    const names = { current: current.metadata.name, update: update.metadata.name };
    const input: StatefulSetInput = { set, pods: owned, ...names, nowMs: clock.now() };
    const { steps, againInMs } = this.#plan(input);
    await this.#report(set, statefulSetStatus(input, collisionCount));
    await syncClaimOwners(this.#context, set, owned);
    if (!set.metadata.deletionTimestamp) await this.#keepIdentities(set, owned);
    await this.#carryOutAll(set, steps, { current, update });
    if (!set.metadata.deletionTimestamp) await this.#ensureClaimsOfWaiting(set, owned);
    const used = new Set([...Object.values(names), ...owned.map(revisionOf)]);
    await truncateHistory(this.#context, history, (revision) => used.has(revision.metadata.name));
    return againInMs === undefined ? done : { type: 'again', afterMs: againInMs };
  }

  /** What one pod is refused does not keep the few beside it from what they need. */
  async #carryOutAll(set: Stored<StatefulSet>, steps: readonly Step[], revisions: Revisions): Promise<void> {
    const { error } = await slowStart(steps.length, (i) => this.#carryOut(set, steps[i] as Step, revisions));
    if (error) throw error;
  }

  async #carryOut(set: Stored<StatefulSet>, step: Step, revisions: Revisions): Promise<void> {
    const key = keyOf(set);
    if (step.type === 'create') return this.#create(set, step, revisions);
    const { pod, why } = step;
    const reasons = {
      failed: 'it has ended',
      surplus: 'fewer replicas are wanted',
      outdated: 'it is not of the newest template',
    };
    await this.#told(set, `delete Pod ${pod.metadata.name}`, () =>
      this.#pods.remove(set, pod, { key, why: reasons[why] }),
    );
  }

  /** A pod that does not start may wait for a claim that somebody has deleted. */
  async #ensureClaimsOfWaiting(set: Stored<StatefulSet>, owned: readonly Stored<Pod>[]): Promise<void> {
    for (const pod of owned.filter(isWaiting)) {
      const ordinal = ordinalOf(set.metadata.name, pod.metadata.name);
      if (ordinal !== undefined && hasSeat(set, ordinal)) await ensureClaims(this.#context, set, ordinal);
    }
  }

  async #create(
    set: Stored<StatefulSet>,
    { ordinal, revision }: Step & { type: 'create' },
    { current, update }: Revisions,
  ): Promise<void> {
    if (hasLeavingClaim(this.#context, set, ordinal)) return;
    const source = revision === update.metadata.name ? update : current;
    const pod = podFor(set, { template: templateOf(source), revision, ordinal });
    await this.#told(set, `create Pod ${pod.metadata.name}`, async () => {
      await ensureClaims(this.#context, set, ordinal);
      await this.#pods.create(set, pod, { key: keyOf(set), why: `there is no pod number ${ordinal}` });
    });
  }

  /** Labels that say which pod of the set one is are put back: a Service may choose it by them. */
  async #keepIdentities(set: Stored<StatefulSet>, owned: readonly Stored<Pod>[]): Promise<void> {
    for (const pod of owned) {
      const { name } = pod.metadata;
      const ordinal = ordinalOf(set.metadata.name, name);
      if (ordinal === undefined || isTerminating(pod) || !hasSeat(set, ordinal)) continue;
      const labels = identityLabels(name, ordinal);
      if (Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value)) continue;
      const patch = { metadata: { uid: pod.metadata.uid, labels } };
      const cause = causedBy(set, `${name} has lost the labels that say which pod it is`);
      const options = { type: 'application/merge-patch+json', cause } as const;
      await this.#told(set, `update Pod ${name}`, async () => {
        const written = await this.#context.client.of(pods).patch(pod.metadata, patch, options);
        this.#writes.wrote(keyOf(set), this.#podInformer, written);
      });
    }
  }

  /** Does something and tells how it went, in upstream's words. */
  async #told(set: Stored<StatefulSet>, what: string, act: () => Promise<unknown>): Promise<void> {
    const verb = what.charAt(0).toUpperCase() + what.slice(1, what.indexOf(' '));
    const where = `${what} in StatefulSet ${set.metadata.name}`;
    try {
      await act();
      this.#pods.tell(set, `Successful${verb}`, `${where} successful`);
    } catch (error) {
      const message = `${where} failed error: ${(error as Error).message}`;
      // That a pod is there which the informer has not shown yet is nobody's failure.
      if (!hasReason(error, 'AlreadyExists')) this.#pods.tell(set, `Failed${verb}`, message, 'Warning');
      throw error;
    }
  }

  async #report(set: Stored<StatefulSet>, status: StatefulSetStatus): Promise<void> {
    const next = { ...status, ...(set.status?.conditions && { conditions: set.status.conditions }) };
    if (saysSame(statefulsets, set.status, next)) return;
    const cause = causedBy(set, `${next.replicas} pods exist, ${next.readyReplicas} are ready`);
    const api = this.#context.client.of(statefulsets);
    const written = await api.updateStatus({ ...set, status: next }, { cause });
    this.#writes.wrote(keyOf(set), this.#setInformer, written);
  }
}
