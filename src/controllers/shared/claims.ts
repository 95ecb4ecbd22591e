import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { matchesLabels, type Selector } from '../../machinery/label-selector.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { controllerOf, controllerReference } from './owners.ts';

/** Name of the index by which dependents are found: by their manager's uid, or `orphans/NAMESPACE` without one. */
export const byController = 'controller';

/** Adds the index that `claim` looks into. */
export function indexByController<T extends KubernetesObject>(informer: Informer<T>): void {
  informer.addIndex(byController, (object) => [
    controllerOf(object)?.uid ?? `orphans/${object.metadata.namespace ?? ''}`,
  ]);
}

export interface ClaimOptions<O extends KubernetesObject, D extends KubernetesObject> {
  client: Client;
  owners: Resource<O>;
  dependents: Resource<D>;
  informer: Informer<D>;
  owner: Stored<O>;
  selector: Selector | undefined;
  /** Whether an object that the selector matches is one of the owner's, where that alone does not say so. */
  isMember?(object: Stored<D>): boolean;
  /** What holds dependents until their owner has seen their end: put on what is adopted, taken off what is let go. */
  finalizers?: readonly string[];
}

/**
 * The dependents that `owner` manages. Those its selector matches and nobody manages are adopted; those it manages
 * and its selector does not match any more are let go. Throws where there is something to adopt and the owner is on its way out by
 * now: nothing is to be made for it either. (`pkg/controller/controller_ref_manager.go`)
 */
export async function claim<O extends KubernetesObject, D extends KubernetesObject>(
  options: ClaimOptions<O, D>,
): Promise<Stored<D>[]> {
  const { informer, owner, selector } = options;
  const matches = (object: Stored<D>) =>
    matchesLabels(selector, object.metadata.labels) && (options.isMember?.(object) ?? true);
  const owned = informer.byIndex(byController, owner.metadata.uid);
  const kept = owned.filter(matches);
  const goes = !owner.metadata.deletionTimestamp;
  for (const object of owned) if (goes && !matches(object)) await release(options, object);
  const orphans = informer
    .byIndex(byController, `orphans/${owner.metadata.namespace ?? ''}`)
    .filter((object) => matches(object) && !object.metadata.deletionTimestamp);
  if (orphans.length === 0 || !goes) return kept;
  await expectStillThere(options);
  const adopted = await Promise.all(orphans.map((object) => adopt(options, object)));
  return [...kept, ...adopted.flatMap((object) => object ?? [])];
}

/** Asks the server, not the informer: adopting for an owner that was just deleted would make ghosts. (`RecheckDeletionTimestamp`) */
async function expectStillThere<O extends KubernetesObject, D extends KubernetesObject>(
  options: ClaimOptions<O, D>,
): Promise<void> {
  const { client, owners, owner } = options;
  const { namespace, name, uid } = owner.metadata;
  const fresh = await client.of(owners).get(owner.metadata);
  if (fresh.metadata.uid !== uid) throw new Error(`original ${owners.kind} ${namespace}/${name} is gone`);
  const { deletionTimestamp } = fresh.metadata;
  if (deletionTimestamp)
    throw new Error(`${namespace}/${name} has just been deleted at ${deletionTimestamp}`);
}

async function adopt<O extends KubernetesObject, D extends KubernetesObject>(
  options: ClaimOptions<O, D>,
  object: Stored<D>,
): Promise<Stored<D> | undefined> {
  const { client, dependents, owner, finalizers } = options;
  const { uid } = object.metadata;
  const metadata = { uid, ownerReferences: [controllerReference(owner)], ...(finalizers && { finalizers }) };
  const patch = { metadata };
  const cause = causedBy(owner, `its selector matches ${object.metadata.name}, which nobody manages`);
  const write = { type: 'application/strategic-merge-patch+json', cause } as const;
  return ignoreGone(client.of(dependents).patch(object.metadata, patch, write));
}

async function release<O extends KubernetesObject, D extends KubernetesObject>(
  options: ClaimOptions<O, D>,
  object: Stored<D>,
): Promise<void> {
  const { client, dependents, owner, finalizers } = options;
  const { uid } = object.metadata;
  const ownerReferences = [{ $patch: 'delete', uid: owner.metadata.uid }];
  const held = finalizers && { '$deleteFromPrimitiveList/finalizers': finalizers };
  const patch = { metadata: { uid, ownerReferences, ...held } };
  const cause = causedBy(owner, `its selector does not match ${object.metadata.name} any more`);
  const write = { type: 'application/strategic-merge-patch+json', cause } as const;
  await ignoreGone(client.of(dependents).patch(object.metadata, patch, write));
}

/** The object may have gone or been replaced meanwhile; then there is nothing to claim or let go. */
async function ignoreGone<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Invalid') || hasReason(error, 'Conflict'))
      return undefined;
    throw error;
  }
}
