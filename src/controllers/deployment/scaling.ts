import type { Deployment, ReplicaSet } from '../../api/apps/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import { desiredKey, maxKey } from './annotations.ts';
import { sortByAge } from './template.ts';

export type Sets = readonly Stored<ReplicaSet>[];

/** A ReplicaSet that shall have another number of replicas. */
export interface Scaling {
  set: Stored<ReplicaSet>;
  replicas: number;
}

export const replicasOf = (set: ReplicaSet) => set.spec.replicas ?? 1;
export const desiredOf = (deployment: Deployment) => deployment.spec.replicas ?? 1;
const sum = (sets: Sets, value: (set: ReplicaSet) => number) =>
  sets.reduce((total, set) => total + value(set), 0);
const availableOf = (set: ReplicaSet) => set.status?.availableReplicas ?? 0;

/** Replicas above and below the desired number that a rolling update may use. Both 0 would never get anywhere. */
export function limitsOf(deployment: Deployment): { surge: number; unavailable: number } {
  const { strategy } = deployment.spec;
  if (strategy?.type === 'Recreate') return { surge: 0, unavailable: 0 };
  const desired = desiredOf(deployment);
  const surge = scaledIntOrPercent(strategy?.rollingUpdate?.maxSurge ?? '25%', desired, 'up');
  const unavailable = scaledIntOrPercent(strategy?.rollingUpdate?.maxUnavailable ?? '25%', desired, 'down');
  if (surge === 0 && unavailable === 0) return { surge: 0, unavailable: Math.min(1, Math.max(desired, 1)) };
  return { surge, unavailable: Math.min(unavailable, desired) };
}

/** How many replicas the current ReplicaSet may have now. */
export function currentReplicas(deployment: Deployment, current: ReplicaSet | undefined, all: Sets): number {
  const desired = desiredOf(deployment);
  if (deployment.spec.strategy?.type === 'Recreate') return desired;
  const has = current ? replicasOf(current) : 0;
  if (has >= desired) return desired;
  const room = desired + limitsOf(deployment).surge - sum(all, replicasOf);
  return room <= 0 ? has : has + Math.min(room, desired - has);
}

/** Which old ReplicaSets of a rolling update may shrink, first what is not available anyway. */
export function shrinkOld(deployment: Deployment, current: Stored<ReplicaSet>, old: Sets): Scaling[] {
  const active = sortByAge(old.filter((set) => replicasOf(set) > 0));
  const leastAvailable = desiredOf(deployment) - limitsOf(deployment).unavailable;
  const currentMissing = replicasOf(current) - availableOf(current);
  let budget = sum([...active, current], replicasOf) - leastAvailable - currentMissing;
  if (active.length === 0 || budget <= 0) return [];
  const left = new Map(active.map((set) => [set, replicasOf(set)]));
  for (const set of active) {
    const unwell = Math.min(budget, replicasOf(set) - Math.min(availableOf(set), replicasOf(set)));
    left.set(set, replicasOf(set) - unwell);
    budget -= unwell;
  }
  let spare = sum([...active, current], availableOf) - leastAvailable;
  for (const set of active) {
    const step = Math.max(0, Math.min(spare, left.get(set) ?? 0));
    left.set(set, (left.get(set) ?? 0) - step);
    spare -= step;
  }
  return active
    .filter((set) => left.get(set) !== replicasOf(set))
    .map((set) => ({ set, replicas: left.get(set) ?? 0 }));
}

/** Whether `spec.replicas` has changed since an active ReplicaSet was last scaled. */
export function isScaling(deployment: Deployment, all: Sets): boolean {
  return all
    .filter((set) => replicasOf(set) > 0)
    .some((set) => {
      const noted = set.metadata.annotations?.[desiredKey];
      return noted !== undefined && Number(noted) !== desiredOf(deployment);
    });
}

/** Scales in the midst of a rollout or a pause: one active set takes it all, several share it in proportion. */
export function scaleInProportion(
  deployment: Deployment,
  current: Stored<ReplicaSet> | undefined,
  old: Sets,
): Scaling[] {
  const all = current ? [...old, current] : old;
  const active = all.filter((set) => replicasOf(set) > 0);
  const desired = desiredOf(deployment);
  const single = active.length === 1 ? active[0] : active.length === 0 ? (current ?? newest(old)) : undefined;
  if (single) return [{ set: single, replicas: desired }];
  if (current && isSaturated(deployment, current)) {
    return old.filter((set) => replicasOf(set) > 0).map((set) => ({ set, replicas: 0 }));
  }
  return deployment.spec.strategy?.type === 'Recreate' ? [] : share(deployment, active);
}

const newest = (sets: Sets) => sortByAge(sets).at(-1);

function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const desired = desiredOf(deployment);
  const noted = Number(set.metadata.annotations?.[desiredKey] ?? Number.NaN);
  return replicasOf(set) === desired && noted === desired && availableOf(set) === desired;
}

function share(deployment: Deployment, active: Sets): Scaling[] {
  const desired = desiredOf(deployment);
  const allowed = desired > 0 ? desired + limitsOf(deployment).surge : 0;
  const toAdd = allowed - sum(active, replicasOf);
  const byAge = sortByAge(active);
  const growing = toAdd > 0;
  // Growing: the larger first, of equals the younger. Shrinking: of equals the older.
  const order = [...(growing ? byAge.reverse() : byAge)].sort((a, b) => replicasOf(b) - replicasOf(a));
  let given = 0;
  const next = order.map((set) => {
    const step = toAdd === 0 ? 0 : portion(deployment, set, { allowed, toAdd, given });
    given += step;
    return { set, replicas: replicasOf(set) + step };
  });
  const first = next[0];
  if (first) first.replicas = Math.max(0, first.replicas + toAdd - given);
  return next;
}

/** A set's share of what is added or taken, by what it had of the whole before. */
function portion(
  deployment: Deployment,
  set: ReplicaSet,
  step: { allowed: number; toAdd: number; given: number },
): number {
  const replicas = replicasOf(set);
  const whole = Number(set.metadata.annotations?.[maxKey] ?? 0) || (deployment.status?.replicas ?? 0);
  const rest = step.toAdd - step.given;
  // Of nothing there is no share: the first set gets what is left.
  if (rest === 0 || (whole === 0 && desiredOf(deployment) > 0)) return 0;
  const exact =
    desiredOf(deployment) === 0 ? -replicas : Math.round((replicas * step.allowed) / whole) - replicas;
  return step.toAdd > 0 ? Math.min(exact, rest) : Math.max(exact, rest);
}
