import type { ReplicaSetCondition, ReplicaSetStatus } from '../../api/apps/v1.ts';
import type { Pod, PodTemplateSpec } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { formatTime } from '../../platform/clock.ts';
import { byDeletionOrder } from '../shared/deletion-order.ts';
import { availableInMs, isActive, isFinished, isReady } from '../shared/pods.ts';

/** What ReplicaSets and ReplicationControllers have in common. */
export interface ReplicaSpec {
  replicas: number;
  minReadySeconds: number;
  template: PodTemplateSpec;
  deleting: boolean;
  /** Whether the status has a place for the number of pods on their way out. */
  countsTerminating: boolean;
}

export interface ReplicaPlan {
  create: number;
  /** The pods to delete, in order. */
  remove: Stored<Pod>[];
}

/** So many pods are created or deleted for one look at a set. */
export const burst = 500;

/** How many pods to make, or which to delete, so that `spec.replicas` are active. */
export function planReplicas(
  spec: ReplicaSpec,
  owned: readonly Stored<Pod>[],
  context: { nowMs: number; crowding(pod: Stored<Pod>): number },
): ReplicaPlan {
  if (spec.deleting) return { create: 0, remove: [] };
  const active = owned.filter(isActive);
  const surplus = active.length - spec.replicas;
  if (surplus <= 0) return { create: Math.min(burst, -surplus), remove: [] };
  const ordered = byDeletionOrder(active, context.crowding, context.nowMs);
  return { create: 0, remove: ordered.slice(0, Math.min(burst, surplus)) };
}

/** How many times as old as the youngest of the active pods that are ready those are that are taken away, in whole numbers. */
export function ageRatios(
  owned: readonly Stored<Pod>[],
  removed: readonly Stored<Pod>[],
  nowMs: number,
): number[] {
  if (removed.length === 0) return [];
  const ageMs = ({ metadata }: Stored<Pod>) => nowMs - Date.parse(metadata.creationTimestamp);
  const youngest = Math.min(...owned.filter((pod) => isActive(pod) && isReady(pod)).map(ageMs));
  return removed.filter(isReady).map((pod) => Math.floor(ageMs(pod) / Math.max(1, youngest)));
}

export interface StatusInput {
  spec: ReplicaSpec;
  owned: readonly Stored<Pod>[];
  status: ReplicaSetStatus | undefined;
  generation: number;
  /** What the attempt to make or delete pods ended with, where it failed. */
  failure: { reason: 'FailedCreate' | 'FailedDelete'; message: string } | undefined;
  nowMs: number;
}

/** The status that the pods amount to, and when it may change with time alone. */
export function statusOf(input: StatusInput): { status: ReplicaSetStatus; againInMs: number | undefined } {
  const counts = countsOf(input);
  const conditions = withFailure(input);
  const status: ReplicaSetStatus = {
    replicas: counts.active,
    fullyLabeledReplicas: counts.labeled,
    readyReplicas: counts.ready,
    availableReplicas: counts.available,
    ...(input.spec.countsTerminating && { terminatingReplicas: counts.terminating }),
    observedGeneration: input.generation,
    ...(conditions.length > 0 && { conditions }),
  };
  return { status, againInMs: counts.nextInMs };
}

/** Goes through the pods once: there may be ten thousand. `nextInMs`: until the next of them is available. */
function countsOf({ spec, owned, nowMs }: StatusInput) {
  const labels = Object.entries(spec.template.metadata?.labels ?? {});
  const counts = { active: 0, labeled: 0, ready: 0, available: 0, terminating: 0 };
  let nextInMs: number | undefined;
  for (const pod of owned) {
    if (isFinished(pod)) continue;
    if (pod.metadata.deletionTimestamp !== undefined) {
      counts.terminating++;
      continue;
    }
    counts.active++;
    if (labels.every(([key, value]) => pod.metadata.labels?.[key] === value)) counts.labeled++;
    const waitMs = availableInMs(pod, spec.minReadySeconds, nowMs);
    if (waitMs === undefined) continue;
    counts.ready++;
    if (waitMs === 0) counts.available++;
    else nextInMs = Math.min(nextInMs ?? waitMs, waitMs);
  }
  return { ...counts, nextInMs };
}

/** The `ReplicaFailure` condition stands while making or deleting pods fails, and tells of the first of the failures (`calculateStatus`). */
function withFailure({ status, failure, nowMs }: StatusInput): ReplicaSetCondition[] {
  const before = status?.conditions ?? [];
  const others = before.filter((condition) => condition.type !== 'ReplicaFailure');
  if (!failure) return others;
  if (others.length < before.length) return before;
  const fresh = { type: 'ReplicaFailure', status: 'True', lastTransitionTime: formatTime(nowMs), ...failure };
  return [...others, fresh];
}
