import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { isFinished } from '../shared/pods.ts';
import { currentAnnotations, higher, highestRevision, revisionOf } from './annotations.ts';
import {
  currentReplicas,
  desiredOf,
  isScaling,
  limitsOf,
  replicasOf,
  type Scaling,
  type Sets,
  scaleInProportion,
  shrinkOld,
} from './scaling.ts';
import {
  checkAgainInMs,
  foundCondition,
  hasDeadline,
  isComplete,
  pauseCondition,
  plainStatus,
  rolloutStatus,
} from './status.ts';
import { findCurrent, newReplicaSet } from './template.ts';

export interface DeploymentInput {
  deployment: Stored<Deployment>;
  /** The ReplicaSets it manages. */
  sets: Sets;
  /** Pods of those ReplicaSets. */
  pods: readonly Stored<Pod>[];
  nowMs: number;
}

/** What to do now; what follows from it is planned once it has been done and seen. */
export interface DeploymentPlan {
  create?: ReplicaSet;
  /** The current ReplicaSet with other annotations or minReadySeconds. */
  update?: ReplicaSet;
  scale: Scaling[];
  remove: Stored<ReplicaSet>[];
  /** The revision of the current ReplicaSet, where the Deployment has another noted. */
  revision?: string;
  status: DeploymentStatus;
  againInMs?: number;
}

/** One step of bringing a Deployment's ReplicaSets to what it asks for. */
export function planDeployment(input: DeploymentInput): DeploymentPlan {
  const { deployment, sets, nowMs } = input;
  const current = findCurrent(deployment, sets);
  const old = sets.filter((set) => set !== current);
  const about = { deployment, current, all: sets, nowMs };
  if (deployment.metadata.deletionTimestamp) return { scale: [], remove: [], status: plainStatus(about) };
  const pause = pauseCondition(deployment, nowMs);
  if (pause) return { scale: [], remove: [], status: { ...deployment.status, conditions: pause } };
  const synced = syncCurrent(input, current, old);
  if (deployment.spec.paused || isScaling(deployment, sets)) {
    const scale = scaleInProportion(deployment, current, old);
    const remove = deployment.spec.paused ? surplusHistory(deployment, old) : [];
    return { ...synced, create: undefined, scale, remove, status: plainStatus(about) };
  }
  const scale =
    deployment.spec.strategy?.type === 'Recreate'
      ? recreate(input, current, old)
      : roll(deployment, current, old);
  const create = synced.create && mayCreate(input, old) ? synced.create : undefined;
  // Upstream goes by what the status said before.
  const isOver = isComplete(deployment, deployment.status ?? {});
  const remove = isOver ? surplusHistory(deployment, old) : [];
  const status = withFound(deployment, rolloutStatus(about), { create, current, nowMs });
  const againInMs = checkAgainInMs(deployment, status, nowMs);
  return { ...synced, create, scale, remove, status, againInMs };
}

/** Says which ReplicaSet a rollout leads to, where it has just been made or nothing is said yet. */
function withFound(
  deployment: Stored<Deployment>,
  status: DeploymentStatus,
  { create, current, nowMs }: { create?: ReplicaSet; current?: Stored<ReplicaSet>; nowMs: number },
): DeploymentStatus {
  const name = create?.metadata.name ?? current?.metadata.name;
  const isSaid = status.conditions?.some(({ type }) => type === 'Progressing');
  if (!hasDeadline(deployment) || !name || (isSaid && !create)) return status;
  const so = { ...deployment, status };
  return { ...status, conditions: foundCondition(so, { name, isNew: create !== undefined }, nowMs) };
}

/** A Recreate waits until nothing of the old templates runs any more. */
function mayCreate({ deployment, pods }: DeploymentInput, old: Sets): boolean {
  if (deployment.spec.strategy?.type !== 'Recreate') return true;
  return old.every((set) => replicasOf(set) === 0) && !oldPodsRun(old, pods);
}

function oldPodsRun(old: Sets, pods: readonly Stored<Pod>[]): boolean {
  const olds = new Set(old.map((set) => set.metadata.uid));
  return pods.some(
    (pod) => !isFinished(pod) && pod.metadata.ownerReferences?.some((owner) => olds.has(owner.uid)),
  );
}

/** Creates the current ReplicaSet, or brings its notes and the Deployment's revision up to date. */
function syncCurrent(input: DeploymentInput, current: Stored<ReplicaSet> | undefined, old: Sets) {
  const { deployment, sets } = input;
  const revision = highestRevision(old) + 1n;
  const desired = desiredOf(deployment);
  const numbers = { revision, desired, max: desired + limitsOf(deployment).surge };
  const annotations = currentAnnotations(deployment, current, numbers);
  if (!current) {
    const replicas = currentReplicas(deployment, undefined, sets);
    return { create: newReplicaSet(deployment, { replicas, annotations }) };
  }
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const isSame = deepEqual(annotations, current.metadata.annotations ?? {});
  const update =
    isSame && (current.spec.minReadySeconds ?? 0) === minReadySeconds
      ? undefined
      : {
          ...current,
          metadata: { ...current.metadata, annotations },
          spec: { ...current.spec, minReadySeconds },
        };
  const noted = higher(revision, revisionOf(current));
  return { update, revision: revisionOf(deployment) === noted ? undefined : String(noted) };
}

function roll(deployment: Deployment, current: Stored<ReplicaSet> | undefined, old: Sets): Scaling[] {
  if (!current) return [];
  const replicas = currentReplicas(deployment, current, [...old, current]);
  if (replicas !== replicasOf(current)) return [{ set: current, replicas }];
  return shrinkOld(deployment, current, old);
}

function recreate(
  { deployment, pods }: DeploymentInput,
  current: Stored<ReplicaSet> | undefined,
  old: Sets,
): Scaling[] {
  const active = old.filter((set) => replicasOf(set) > 0);
  if (active.length > 0) return active.map((set) => ({ set, replicas: 0 }));
  if (!current || oldPodsRun(old, pods) || replicasOf(current) === desiredOf(deployment)) return [];
  return [{ set: current, replicas: desiredOf(deployment) }];
}

/** Old ReplicaSets beyond the history limit that are empty and settled, oldest revision first. */
function surplusHistory(deployment: Deployment, old: Sets): Stored<ReplicaSet>[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2_147_483_647) return [];
  const living = old.filter((set) => !set.metadata.deletionTimestamp);
  const surplus = [...living]
    .sort((a, b) => (revisionOf(a) < revisionOf(b) ? -1 : 1))
    .slice(0, Math.max(0, living.length - limit));
  return surplus.filter(
    (set) =>
      replicasOf(set) === 0 &&
      (set.status?.replicas ?? 0) === 0 &&
      (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
  );
}
