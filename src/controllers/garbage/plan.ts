import type { ObjectMeta, OwnerReference } from '../../api/meta/v1.ts';

/** The finalizers by which a deletion waits for its dependents, or lets them go. */
export const foregroundFinalizer = 'foregroundDeletion';
export const orphanFinalizer = 'orphan';

/** What is known of an owner: it stands, it is gone, or it waits for its dependents to go first. */
export type OwnerState = 'solid' | 'absent' | 'waiting';

export interface JudgedReference {
  reference: OwnerReference;
  state: OwnerState;
}

export type Propagation = 'Orphan' | 'Foreground' | 'Background';

/** What to do with an object that has owners. */
export type Verdict =
  | { type: 'keep' }
  /** Some owners are gone while others stand: only the references to those go. */
  | { type: 'forget'; references: OwnerReference[] }
  /** `unblock`: its own owners must not wait for it, or a circle of owners would wait for itself. */
  | { type: 'delete'; propagation: Propagation; unblock: boolean };

const isDeleting = (meta: ObjectMeta, finalizer: string) =>
  meta.deletionTimestamp !== undefined && (meta.finalizers ?? []).includes(finalizer);

/** Whether the object is being deleted and waits until its dependents are gone. */
export const waitsForDependents = (meta: ObjectMeta) => isDeleting(meta, foregroundFinalizer);
/** Whether the object is being deleted and its dependents shall stay. */
export const orphansDependents = (meta: ObjectMeta) => isDeleting(meta, orphanFinalizer);

/**
 * Decides on an object by the state of its owners. `dependents` are those that it owns itself.
 * (`pkg/controller/garbagecollector`, attemptToDeleteItem)
 */
export function judge(
  meta: ObjectMeta,
  owners: readonly JudgedReference[],
  dependents: readonly ObjectMeta[],
): Verdict {
  const stale = owners.filter(({ state }) => state !== 'solid').map(({ reference }) => reference);
  if (stale.length === 0) return { type: 'keep' };
  if (stale.length < owners.length) return { type: 'forget', references: stale };
  if (owners.some(({ state }) => state === 'waiting') && dependents.length > 0) {
    return { type: 'delete', propagation: 'Foreground', unblock: dependents.some(waitsForDependents) };
  }
  return { type: 'delete', propagation: propagationOf(meta), unblock: false };
}

/** A fate that was settled before is kept to. */
function propagationOf({ finalizers = [] }: ObjectMeta): Propagation {
  if (finalizers.includes(orphanFinalizer)) return 'Orphan';
  return finalizers.includes(foregroundFinalizer) ? 'Foreground' : 'Background';
}

/** References that are in `before` and not in `after` with the same right to block: their owners may go on. */
export function released(before: ObjectMeta, after: ObjectMeta): OwnerReference[] {
  const now = new Map((after.ownerReferences ?? []).map((reference) => [reference.uid, reference]));
  return (before.ownerReferences ?? []).filter((old) => {
    const same = now.get(old.uid);
    return !same || (old.blockOwnerDeletion === true && !same.blockOwnerDeletion);
  });
}

/**
 * All by which a reference names an owner. That nothing is there by one name says nothing of another by which the same UID is
 * referred to.
 */
export const ownerCoordinates = ({ apiVersion, kind, name, uid }: OwnerReference, namespace = ''): string =>
  [apiVersion, kind, namespace, name, uid].join('|');

/** The merge patch that leaves the object with other owners, as long as nobody else has changed it. */
export function ownersPatch(meta: ObjectMeta, references: readonly OwnerReference[]): object {
  const { uid, resourceVersion } = meta;
  return {
    metadata: { uid, resourceVersion, ownerReferences: references.length > 0 ? references : null },
  };
}

/** The merge patch that takes a finalizer away. */
export function finalizerPatch(meta: ObjectMeta, finalizer: string): object {
  const { uid, resourceVersion, finalizers = [] } = meta;
  const rest = finalizers.filter((name) => name !== finalizer);
  return { metadata: { uid, resourceVersion, finalizers: rest.length > 0 ? rest : null } };
}
