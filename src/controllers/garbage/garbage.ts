import type { OwnerReference } from '../../api/meta/v1.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { hasReason, StatusError } from '../../machinery/status-error.ts';
import type { MetricOptions } from '../../platform/metrics/meter.ts';
import { turnTogether } from '../../platform/turn.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import type { Discover } from '../discovery.ts';
import { type Item, OwnerGraph } from './graph.ts';
import {
  finalizerPatch,
  foregroundFinalizer,
  type JudgedReference,
  judge,
  orphanFinalizer,
  orphansDependents,
  ownerCoordinates,
  type OwnerState,
  ownersPatch,
  type Propagation,
  waitsForDependents,
} from './plan.ts';

/** How often the list of served resources is looked at, for kinds that users add. */
const refreshMs = 30_000;
/** How long resources that have come are waited for. */
const refreshLimitMs = 30_000;
/** So many owners or dependents of an object are asked for without a turn for others: what takes some milliseconds in this process. */
const atOnce = 50;
/** So many owners are told by name where an object goes since they have. */
const mostNamed = 10;
/** Owners remembered as gone; the oldest are forgotten first. */
const rememberedAbsent = 500;

const syncErrors: MetricOptions = {
  name: 'garbagecollector_controller_resources_sync_error_total',
  help: 'Times that what is served could not be told, or not all of it be watched.',
  stability: 'ALPHA',
};

/** Deletes what has lost its owners, and sees deletions through that wait for dependents or let them go. */
export function createGarbageCollector(
  context: ControllerContext,
  options: { discover: Discover; judge?: typeof judge },
): Component {
  let refresh: () => Promise<void> = async () => {};
  const controller = createController({
    name: 'generic-garbage-collector',
    queueName: 'garbage_collector_attempt_to_delete',
    context,
    workers: 20,
    // What can be looked at is known by then.
    ready: async () => {},
    setup: ({ queue }) => {
      const graph = new OwnerGraph(context.informers, queue);
      refresh = () => graph.refresh(options.discover);
      const collector = new Collector({ context, graph, judge: options.judge ?? judge });
      return (key) => collector.reconcile(key);
    },
  });
  return { name: controller.name, run: (signal) => runWithRefresh(signal) };

  async function runWithRefresh(signal: AbortSignal): Promise<void> {
    const { clock, log } = context;
    const failures = context.meter.counter(syncErrors).with();
    // A server that answers for a group and gives no lists must not keep all the others waiting.
    const refreshed = async () => {
      const late = clock.sleep(refreshLimitMs, signal).then(() => true);
      if (await Promise.race([refresh().then(() => false), late])) failures.add();
    };
    const failed = (error: unknown) => {
      if (signal.aborted) return;
      failures.add();
      log.warn('resources not discovered', { error: String(error) });
    };
    const keepFresh = async () => {
      while (!signal.aborted) {
        await clock.sleep(refreshMs, signal).catch(() => {});
        if (!signal.aborted) await refreshed().catch(failed);
      }
    };
    await Promise.race([refreshed().catch(failed), aborted(signal)]);
    await Promise.all([controller.run(signal), keepFresh()]);
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

class Collector {
  readonly #context: ControllerContext;
  readonly #graph: OwnerGraph;
  readonly #judge: typeof judge;
  readonly #absent = new Set<string>();

  constructor(parts: { context: ControllerContext; graph: OwnerGraph; judge: typeof judge }) {
    this.#context = parts.context;
    this.#graph = parts.graph;
    this.#judge = parts.judge;
  }

  async reconcile(key: string): Promise<Outcome> {
    const item = this.#graph.get(key);
    if (!item) return done;
    const { metadata } = item.object;
    if (orphansDependents(metadata)) return this.#orphan(item);
    if (waitsForDependents(metadata)) return this.#wait(item);
    if (metadata.deletionTimestamp || this.#standsFirm(item)) return done;
    return this.#collect(item);
  }

  /** All its owners are there by now: nothing to ask the server about. */
  #standsFirm({ object }: Item): boolean {
    const { ownerReferences = [], namespace } = object.metadata;
    const owners = ownerReferences.map((reference) => this.#graph.owner(reference, namespace));
    return owners.every((owner) => owner !== undefined && !waitsForDependents(owner.metadata));
  }

  /** Takes the owner out of its dependents, then lets it go. */
  async #orphan(item: Item): Promise<Outcome> {
    const { uid } = item.object.metadata;
    await someAtOnce(this.#graph.dependents(uid), async (dependent) => {
      const live = await this.#live(dependent);
      if (!live) return;
      const rest = (live.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      await this.#patch(dependent, ownersPatch(live.metadata, rest), 'its owner goes without it');
    });
    return this.#release(item, orphanFinalizer, 'its dependents stand on their own');
  }

  /** Lets the owner go once nothing that blocks it is left; until then sees to it that its dependents go, also those that block nothing. */
  async #wait(item: Item): Promise<Outcome> {
    const { uid } = item.object.metadata;
    const dependents = this.#graph.dependents(uid);
    if (!dependents.some(({ object }) => blocks(object, uid)))
      return this.#release(item, foregroundFinalizer, 'its dependents are gone');
    for (const dependent of dependents)
      if (!dependent.object.metadata.deletionTimestamp) this.#graph.enqueue(dependent);
    return done;
  }

  async #release(item: Item, finalizer: string, why: string): Promise<Outcome> {
    const live = await this.#live(item);
    if (!live?.metadata.finalizers?.includes(finalizer)) return done;
    await this.#patch(item, finalizerPatch(live.metadata, finalizer), why);
    return done;
  }

  async #collect(item: Item): Promise<Outcome> {
    const live = await this.#live(item);
    if (!live || live.metadata.deletionTimestamp) return done;
    const owners = live.metadata.ownerReferences ?? [];
    const unknown = owners.find((reference) => !this.#graph.resourceOf(reference));
    if (unknown) {
      this.#context.log.debug('owner of a kind that is not served', { kind: unknown.kind });
      return { type: 'again', afterMs: refreshMs };
    }
    const invalid = owners.find((reference) => this.#isInvalid(item, reference));
    if (invalid) {
      this.#tellInvalid(item, invalid);
      return { type: 'hopeless', reason: `an owner of a cluster-wide object is in a namespace` };
    }
    const judged = await someAtOnce(owners, async (reference) => {
      return { reference, state: await this.#stateOf(item, reference) };
    });
    await this.#carryOut(item, live, judged);
    // Nobody would tell of an owner that comes and goes while it cannot be watched.
    const isUnseen = judged.some(
      ({ reference, state }) => state === 'solid' && !this.#graph.owner(reference, live.metadata.namespace),
    );
    return isUnseen ? { type: 'again', afterMs: refreshMs } : done;
  }

  async #carryOut(
    item: Item,
    live: Stored<KubernetesObject>,
    owners: readonly JudgedReference[],
  ): Promise<void> {
    const dependents = this.#graph.dependents(live.metadata.uid).map(({ object }) => object.metadata);
    const verdict = this.#judge(live.metadata, owners, dependents);
    const all = live.metadata.ownerReferences ?? [];
    if (verdict.type === 'forget') {
      const gone = new Set(verdict.references.map(({ uid }) => uid));
      const rest = all.filter(({ uid }) => !gone.has(uid));
      await this.#patch(item, ownersPatch(live.metadata, rest), 'some of its owners are gone');
    }
    if (verdict.type !== 'delete') return;
    let { resourceVersion } = live.metadata;
    if (verdict.unblock) {
      const free = all.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
      const why = 'its owners must not wait for it, as they wait for what it owns';
      const patched = await this.#patch(item, ownersPatch(live.metadata, free), why);
      resourceVersion = patched?.metadata.resourceVersion ?? resourceVersion;
    }
    await this.#deleteOwned(item, live, { resourceVersion, propagation: verdict.propagation });
  }

  async #stateOf(item: Item, reference: OwnerReference): Promise<OwnerState> {
    const { namespace } = item.object.metadata;
    const known = this.#graph.owner(reference, namespace);
    if (known) return waitsForDependents(known.metadata) ? 'waiting' : 'solid';
    const cacheKey = ownerCoordinates(reference, namespace);
    if (this.#absent.has(cacheKey)) return 'absent';
    const resource = this.#graph.resourceOf(reference);
    if (!resource) return 'solid';
    const live = await this.#fetch({ resource, name: reference.name, namespace });
    if (live?.metadata.uid === reference.uid) return waitsForDependents(live.metadata) ? 'waiting' : 'solid';
    this.#remember(cacheKey);
    if (resource.namespaced && this.#graph.isElsewhere(reference)) this.#tellInvalid(item, reference);
    return 'absent';
  }

  #remember(cacheKey: string): void {
    this.#absent.add(cacheKey);
    const [oldest] = this.#absent;
    if (this.#absent.size > rememberedAbsent && oldest) this.#absent.delete(oldest);
  }

  /** A cluster-wide object cannot be owned by one in a namespace: nobody could say in which. */
  #isInvalid(item: Item, reference: OwnerReference): boolean {
    return !item.object.metadata.namespace && (this.#graph.resourceOf(reference)?.namespaced ?? false);
  }

  #tellInvalid({ object }: Item, { apiVersion, kind, name, uid }: OwnerReference): void {
    const { namespace = '' } = object.metadata;
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
    const message = `ownerRef ${owner} does not exist in namespace "${namespace}"`;
    this.#context.events.record(object, { type: 'Warning', reason: 'OwnerRefInvalidNamespace', message });
  }

  /** The object as it is now; undefined where it is gone, or another has taken its name. */
  async #live({ resource, object }: Item): Promise<Stored<KubernetesObject> | undefined> {
    const { name, namespace, uid } = object.metadata;
    const live = await this.#fetch({ resource, name, namespace });
    return live?.metadata.uid === uid ? live : undefined;
  }

  async #fetch(where: {
    resource: Item['resource'];
    name: string;
    namespace?: string;
  }): Promise<Stored<KubernetesObject> | undefined> {
    try {
      return await this.#context.client.of(where.resource).get(where);
    } catch (error) {
      // Where the kind is not served as it was, nothing is known of the object.
      const isTold = error instanceof StatusError && error.status.details?.name === where.name;
      if (isTold && hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #patch(
    { resource, object }: Item,
    patch: object,
    why: string,
  ): Promise<Stored<KubernetesObject> | undefined> {
    const options = { type: 'application/merge-patch+json', cause: causedBy(object, why) } as const;
    try {
      return await this.#context.client.of(resource).patch(object.metadata, patch, options);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** Deletes what has just been judged; also where others have written it since, but not where it has got other owners. */
  async #deleteOwned(
    item: Item,
    judged: Stored<KubernetesObject>,
    options: { resourceVersion: string; propagation: Propagation },
  ): Promise<void> {
    try {
      await this.#delete(item, options);
    } catch (error) {
      if (!hasReason(error, 'Conflict')) throw error;
      const live = await this.#live(item);
      if (!live) return;
      if (!deepEqual(live.metadata.ownerReferences, judged.metadata.ownerReferences)) throw error;
      await this.#delete(item, { propagation: options.propagation });
    }
  }

  async #delete(
    { resource, object }: Item,
    options: { resourceVersion?: string; propagation: Propagation },
  ): Promise<void> {
    const { resourceVersion, propagation: propagationPolicy } = options;
    const { uid, ownerReferences } = object.metadata;
    const cause = causedBy(object, `its owner is gone: ${namesOf(ownerReferences ?? [])}`);
    try {
      const write = { cause, preconditions: { uid, resourceVersion }, propagationPolicy };
      await this.#context.client.of(resource).delete(object.metadata, write);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}

/** Does the same for each, some at a time, and lets others run in between: there may be twenty thousand owners, and more dependents. */
async function someAtOnce<T, R>(all: readonly T[], one: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  while (results.length < all.length) {
    if (results.length > 0) await turnTogether();
    results.push(...(await Promise.all(all.slice(results.length, results.length + atOnce).map(one))));
  }
  return results;
}

/** Owners as people are told of them. */
function namesOf(owners: readonly OwnerReference[]): string {
  const named = owners.slice(0, mostNamed).map(({ kind, name }) => `${kind} ${name}`);
  const others = owners.length - named.length;
  return others > 0 ? `${named.join(', ')}, and ${others} others` : named.join(', ');
}

function blocks(object: KubernetesObject, ownerUid: string): boolean {
  return (object.metadata.ownerReferences ?? []).some(
    (reference) => reference.uid === ownerUid && reference.blockOwnerDeletion,
  );
}
