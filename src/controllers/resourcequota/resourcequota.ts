import type { Pod, ResourceQuota } from '../../api/core/v1.ts';
import { deviceclasses, pods, resourceclaims, resourcequotas } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { DeviceClass, ResourceClaim } from '../../api/resource/v1.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { addQuantities, type ParsedQuantity } from '../../machinery/quantity.ts';
import { inScope } from '../../machinery/quota/scopes.ts';
import { maskSums, readSums, type Sums, writeSums, zero } from '../../machinery/resource-sums.ts';
import { limits, type QuotaContext, usageOf } from '../../machinery/quota/usage.ts';
import {
  type ControllerContext,
  createController,
  done,
  type Outcome,
  type OwnWrites,
} from '../controller.ts';
import { type Discover, servedStill, type ServedResource, servingVerbs } from '../discovery.ts';
import { byNamespace, indexByNamespace } from '../shared/pods.ts';
import { spacingMs } from '../shared/spacing.ts';
import { saysSame } from '../shared/status.ts';

/** Admission counts up; what it cannot see is caught up with by looking anew from time to time. */
const resyncMs = 300_000;
/** So long the first list of a resource is waited for; without it what was counted before stays. */
const firstListMs = 5000;

/** A resource that is watched, in the form in which it was served when that began. */
interface Watched {
  row: ServedResource;
  informer: Informer<KubernetesObject>;
  leave(): void;
  /** Resolves once it is known whether there is a list. */
  known: Promise<unknown>;
}

/** What a quota limits and nobody serves may come to be served: upstream looks for new resources as often. */
const discoverMs = 30_000;

/** Keeps count of what the objects of a namespace take of its quotas. */
export function createResourceQuotaController(
  context: ControllerContext,
  options: { discover: Discover },
): Component {
  return createController({
    name: 'resourcequota-controller',
    queueName: 'resourcequota_primary',
    context,
    setup: ({ queue, writes }) => {
      const controller = new QuotaController(context, { queue, writes, discover: options.discover });
      controller.subscribe();
      return (key) => controller.reconcile(key);
    },
  });
}

class QuotaController {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #writes: OwnWrites;
  readonly #discover: Discover;
  readonly #quotas: Informer<ResourceQuota>;
  /** Resources that some quota limits; only these are watched. */
  readonly #watched = new Map<string, Watched>();
  /** What claims for devices cannot be counted without. */
  #beside:
    | { classes: Informer<DeviceClass>; pods: Informer<Pod>; claims: Informer<ResourceClaim> }
    | undefined;

  constructor(
    context: ControllerContext,
    parts: { queue: WorkQueue; writes: OwnWrites; discover: Discover },
  ) {
    this.#context = context;
    this.#queue = parts.queue;
    this.#writes = parts.writes;
    this.#discover = parts.discover;
    this.#quotas = context.informers.of(resourcequotas);
    indexByNamespace(this.#quotas);
  }

  subscribe(): void {
    const add = (quota: Stored<ResourceQuota>) => this.#queue.add(keyOf(quota));
    // What admission has booked is left alone: the object that it is for may not be there yet.
    const isCounted = ({ spec, status }: ResourceQuota) => deepEqual(spec?.hard ?? {}, status?.hard ?? {});
    const updated = (quota: Stored<ResourceQuota>) => isCounted(quota) || add(quota);
    this.#quotas.onChange({ added: add, updated });
  }

  async reconcile(key: string): Promise<Outcome> {
    const quota = this.#quotas.get(key);
    if (!quota) return done;
    const names = Object.keys(quota.spec?.hard ?? {});
    const rows = servingVerbs(await this.#served(), ['list', 'watch']).filter((row) => row.namespaced);
    this.#leaveAllBut(rows);
    const limited = rows.filter((row) => names.some((name) => limits(row, name)));
    const informers = await Promise.all(limited.map((row) => this.#watch(row)));
    const about = this.#about();
    const silent = informers.filter(({ hasSynced }) => !hasSynced);
    for (const { synced } of silent) void synced.then(() => this.#queue.add(key));
    const served = names.filter((name) => limited.some((row) => limits(row, name)));
    const counted = served.filter((name) => !silent.some(({ resource }) => limits(resource, name)));
    const used = new Map(counted.map((name) => [name, zero]));
    for (const informer of informers)
      for (const object of informer.byIndex(byNamespace, quota.metadata.namespace ?? ''))
        if (inScope(quota, informer.resource, object)) count(used, usageOf(informer.resource, object, about));
    // What cannot be counted now stays as it was.
    const known = maskSums(readSums(quota.status?.used), new Set(names));
    await this.#report(quota, {
      hard: { ...quota.spec?.hard },
      used: writeSums(new Map([...known, ...used])),
    });
    return { type: 'again', afterMs: served.length < names.length ? discoverMs : resyncMs };
  }

  #served(): Promise<readonly ServedResource[]> {
    return servedStill(
      this.#discover,
      Array.from(this.#watched.values(), ({ row }) => row),
    );
  }

  #about(): QuotaContext {
    return {
      nowMs: this.#context.clock.now(),
      resourceOf: (name) => this.#beside?.classes.get(name)?.spec.extendedResourceName,
      pod: (namespace, name) => this.#beside?.pods.get(keyOf({ metadata: { namespace, name } })),
      claims: (namespace) => this.#beside?.claims.byIndex(byNamespace, namespace) ?? [],
    };
  }

  /** What is served no longer, or in another form, is not watched as it was. */
  #leaveAllBut(rows: readonly ServedResource[]): void {
    for (const [name, { row, informer, leave }] of this.#watched) {
      const isSame = ({ plural, group, version, kind }: ServedResource) =>
        plural === row.plural && group === row.group && version === row.version && kind === row.kind;
      if (rows.some(isSame)) continue;
      this.#watched.delete(name);
      leave();
      this.#context.informers.release(informer);
    }
  }

  async #watch(row: ServedResource): Promise<Informer<KubernetesObject>> {
    const name = `${row.plural}.${row.group}`;
    const watched = this.#watched.get(name) ?? this.#begin(row);
    this.#watched.set(name, watched);
    if (row.plural === resourceclaims.plural && row.group === resourceclaims.group) await this.#watchBeside();
    await watched.known;
    return watched.informer;
  }

  #begin(row: ServedResource): Watched {
    const { informers, clock } = this.#context;
    const informer = informers.of<KubernetesObject>(row);
    indexByNamespace(informer);
    const add = (object: Stored<KubernetesObject>) => {
      const { namespace = '' } = object.metadata;
      const afterMs = spacingMs(informer.countByIndex(byNamespace, namespace));
      for (const quota of this.#quotas.byIndex(byNamespace, namespace))
        this.#queue.addAfter(keyOf(quota), afterMs);
    };
    // Admission has counted what is added.
    const leave = informer.onChange({
      deleted: add,
      updated: (object, old) => {
        const usage = (o: Stored<KubernetesObject>) => writeSums(usageOf(row, o, this.#about()));
        if (!deepEqual(usage(object), usage(old)) || this.#changesScope(row, object, old)) add(object);
      },
    });
    return { row, informer, leave, known: Promise.race([informer.synced, clock.sleep(firstListMs)]) };
  }

  /** Whether some quota is about one state of an object and not about the other. */
  #changesScope(
    row: ServedResource,
    object: Stored<KubernetesObject>,
    old: Stored<KubernetesObject>,
  ): boolean {
    for (const quota of this.#quotas.byIndex(byNamespace, object.metadata.namespace ?? ''))
      if (inScope(quota, row, object) !== inScope(quota, row, old)) return true;
    return false;
  }

  async #watchBeside(): Promise<void> {
    const { informers } = this.#context;
    this.#beside ??= {
      classes: informers.of(deviceclasses),
      pods: informers.of(pods),
      claims: informers.of(resourceclaims),
    };
    await Promise.all([this.#beside.classes.synced, this.#beside.pods.synced]);
  }

  async #report(quota: Stored<ResourceQuota>, status: ResourceQuota['status']): Promise<void> {
    if (saysSame(resourcequotas, quota.status, status)) return;
    const cause = causedBy(quota, 'what the objects of the namespace take has been counted');
    const api = this.#context.client.of(resourcequotas);
    const written = await api.updateStatus({ ...quota, status }, { cause });
    this.#writes.wrote(keyOf(quota), this.#quotas, written);
  }
}

/** Adds what an object takes of the resources that are counted: a quota may have ten thousands of them, and an object takes a few. */
export function count(used: Map<string, ParsedQuantity>, usage: Sums): void {
  for (const [name, quantity] of usage) {
    const before = used.get(name);
    if (before) used.set(name, addQuantities(before, quantity));
  }
}
