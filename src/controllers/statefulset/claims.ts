import type { StatefulSet } from '../../api/apps/v1.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import type { OwnerReference } from '../../api/meta/v1.ts';
import { persistentvolumeclaims } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { ControllerContext } from '../controller.ts';
import { controllerReference } from '../shared/owners.ts';
import { claimsFor, hasSeat, ordinalOf } from './pods.ts';

/** With whom a claim goes, by the set's policy: with the set, with a pod that is scaled away, or with nobody. */
export function claimOwners(
  set: Stored<StatefulSet>,
  pod: Stored<Pod> | undefined,
  ordinal: number,
): OwnerReference[] {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const isSurplus = !hasSeat(set, ordinal);
  if (whenScaled === 'Delete' && isSurplus) return pod ? [controllerReference(pod)] : [];
  return whenDeleted === 'Delete' ? [controllerReference(set)] : [];
}

/** Makes the claims of a pod that are missing; throws while one of them is on its way out. */
export async function ensureClaims(
  context: ControllerContext,
  set: Stored<StatefulSet>,
  ordinal: number,
): Promise<void> {
  const informer = context.informers.of(persistentvolumeclaims);
  const pod = `${set.metadata.name}-${ordinal}`;
  for (const claim of claimsFor(set, ordinal).values()) {
    const { name, namespace } = claim.metadata;
    const there = informer.get(`${namespace}/${name}`);
    if (there?.metadata.deletionTimestamp) throw new Error(`pvc ${name} is being deleted`);
    if (there) continue;
    const ownerReferences = claimOwners(set, undefined, ordinal);
    const owned = { ...claim, metadata: { ...claim.metadata, ownerReferences } };
    await createClaim(context, { set, claim: owned, pod });
  }
}

async function createClaim(
  context: ControllerContext,
  { set, claim, pod }: { set: Stored<StatefulSet>; claim: PersistentVolumeClaim; pod: string },
): Promise<void> {
  const cause = causedBy(set, 'one of its pods needs the claim');
  const { name } = claim.metadata;
  const where = `Pod ${pod} in StatefulSet ${set.metadata.name}`;
  try {
    await context.client.of(persistentvolumeclaims).create(claim, { cause });
    const message = `create Claim ${name} ${where} success`;
    context.events.record(set, { type: 'Normal', reason: 'SuccessfulCreate', message });
  } catch (error) {
    if (hasReason(error, 'AlreadyExists')) return;
    const why = (error as Error).message;
    const message = `create Claim ${name} for ${where} failed error: ${why}`;
    context.events.record(set, { type: 'Warning', reason: 'FailedCreate', message });
    throw new Error(`failed to create PVC ${name}: ${why}`, { cause: error });
  }
}

/** Whether the reference is to this object, or to one that bore its name before. */
const names = (reference: OwnerReference, apiVersion: string, kind: string, name: string) =>
  reference.apiVersion === apiVersion && reference.kind === kind && reference.name === name;

/**
 * Whether a claim of the pod that shall be made goes with one of its name that was scaled away: what is on it shall not be
 * there for the new one. The garbage collector takes it.
 */
export function hasLeavingClaim(
  context: ControllerContext,
  set: Stored<StatefulSet>,
  ordinal: number,
): boolean {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return false;
  const informer = context.informers.of(persistentvolumeclaims);
  const pod = `${set.metadata.name}-${ordinal}`;
  return [...claimsFor(set, ordinal).values()].some(({ metadata }) => {
    const claim = informer.get(`${metadata.namespace}/${metadata.name}`);
    return claim?.metadata.ownerReferences?.some((reference) => names(reference, 'v1', 'Pod', pod)) ?? false;
  });
}

/** Brings the owners of all claims of the set's pods in line with its policy. */
export async function syncClaimOwners(
  context: ControllerContext,
  set: Stored<StatefulSet>,
  pods: readonly Stored<Pod>[],
): Promise<void> {
  const informer = context.informers.of(persistentvolumeclaims);
  for (const pod of pods) {
    const ordinal = ordinalOf(set.metadata.name, pod.metadata.name) ?? 0;
    for (const { metadata } of claimsFor(set, ordinal).values()) {
      const claim = informer.get(`${metadata.namespace}/${metadata.name}`);
      if (claim) await setOwners(context, { set, pod, claim, wanted: claimOwners(set, pod, ordinal) });
    }
  }
}

interface Owned {
  set: Stored<StatefulSet>;
  pod: Stored<Pod>;
  claim: Stored<PersistentVolumeClaim>;
  wanted: OwnerReference[];
}

/** The owners that a claim shall have, and whether somebody else manages it, beside whom nobody can; undefined where it is not ours to say. */
function ownersFor({ set, pod, claim, wanted }: Owned) {
  const before = claim.metadata.ownerReferences ?? [];
  const isOurs = (reference: OwnerReference) =>
    names(reference, 'apps/v1', 'StatefulSet', set.metadata.name) ||
    names(reference, 'v1', 'Pod', pod.metadata.name);
  const uids = [set.metadata.uid, pod.metadata.uid];
  // A set or a pod that is gone had it: the garbage collector decides on it.
  if (before.some((reference) => isOurs(reference) && !uids.includes(reference.uid))) return undefined;
  const others = before.filter((reference) => !isOurs(reference));
  const isContested = wanted.length > 0 && others.some(({ controller }) => controller);
  return { references: isContested ? others : [...others, ...wanted], isContested };
}

async function setOwners(context: ControllerContext, owned: Owned): Promise<void> {
  const { set, claim } = owned;
  const owners = ownersFor(owned);
  if (!owners || deepEqual(claim.metadata.ownerReferences ?? [], owners.references)) return;
  if (owners.isContested) {
    // The words are upstream's, with their slip.
    const message =
      `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, ` +
      'the retention policy is ignored for this claim';
    context.events.record(set, { type: 'Warning', reason: 'ConflictingController', message });
  }
  const cause = causedBy(set, 'its retention policy says with whom the claim goes');
  const metadata = { ...claim.metadata, ownerReferences: owners.references };
  await context.client.of(persistentvolumeclaims).update({ ...claim, metadata }, { cause });
}
