import type { ReplicaSetCondition, ReplicaSetStatus } from '../../api/apps/v1.ts';
import type { Pod, PodTemplateSpec } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { formatTime } from '../../platform/clock.ts';
import { availableInMs, byDeletionOrder, isActive, isFinished, isReady } from '../shared/pods.ts';

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
  const { spec, owned, nowMs } = input;
  const active = owned.filter(isActive);
  const labels = Object.entries(spec.template.metadata?.labels ?? {});
  const waits = active.map((pod) => availableInMs(pod, spec.minReadySeconds, nowMs));
  const conditions = withFailure(input);
  const terminating = owned.filter(
    (pod) => pod.metadata.deletionTimestamp !== undefined && !isFinished(pod),
  ).length;
  const status: ReplicaSetStatus = {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((p) => labels.every(([k, v]) => p.metadata.labels?.[k] === v)).length,
    readyReplicas: active.filter(isReady).length,
    availableReplicas: waits.filter((wait) => wait === 0).length,
    ...(spec.countsTerminating && { terminatingReplicas: terminating }),
    observedGeneration: input.generation,
    ...(conditions.length > 0 && { conditions }),
  };
  const positive = waits.filter((wait): wait is number => wait !== undefined && wait > 0);
  return { status, againInMs: positive.length > 0 ? Math.min(...positive) : undefined };
}

/** The `ReplicaFailure` condition stands while making or deleting pods fails. */
function withFailure({ status, failure, nowMs }: StatusInput): ReplicaSetCondition[] {
  const before = status?.conditions ?? [];
  const others = before.filter((condition) => condition.type !== 'ReplicaFailure');
  if (!failure) return others;
  const old = before.find(
    (condition) => condition.type === 'ReplicaFailure' && condition.reason === failure.reason,
  );
  if (old) return before;
  const fresh = { type: 'ReplicaFailure', status: 'True', lastTransitionTime: formatTime(nowMs), ...failure };
  return [...others, fresh];
}
