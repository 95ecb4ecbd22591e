import type { Pod } from '../../api/core/v1.ts';
import type { Condition } from '../../api/meta/v1.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/policy/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import { formatTime } from '../../platform/clock.ts';
import { isReady } from '../shared/pods.ts';

/** An eviction that has not led to a deletion after this time is forgotten. */
const evictionMs = 120_000;

/** Whether the pods' controllers must be asked how many pods there should be. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';
}

/** How many pods there should be, and how many of them must be healthy. `scale` is what their controllers want. */
export function wantedPods(
  { spec }: PodDisruptionBudget,
  counts: { pods: number; scale: number },
): { expected: number; healthy: number } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const most = scaledIntOrPercent(maxUnavailable, counts.scale, 'up');
    return { expected: counts.scale, healthy: Math.max(0, counts.scale - most) };
  }
  if (typeof minAvailable === 'string')
    return { expected: counts.scale, healthy: scaledIntOrPercent(minAvailable, counts.scale, 'up') };
  return { expected: counts.pods, healthy: minAvailable ?? 0 };
}

/** Evictions that the API server has granted and that are still to come true. */
export function pendingEvictions(
  status: PodDisruptionBudgetStatus | undefined,
  pods: readonly Pod[],
  nowMs: number,
): { pending: Record<string, string>; late: Pod[]; againInMs: number | undefined } {
  const byName = new Map(pods.map((pod) => [pod.metadata.name ?? '', pod]));
  const open = Object.entries(status?.disruptedPods ?? {}).flatMap(([name, time]) => {
    const pod = byName.get(name);
    const leftMs = Date.parse(time) + evictionMs - nowMs;
    return pod && !pod.metadata.deletionTimestamp ? [{ name, time, pod, leftMs }] : [];
  });
  const waiting = open.filter(({ leftMs }) => leftMs > 0);
  return {
    pending: Object.fromEntries(waiting.map(({ name, time }) => [name, time])),
    late: open.filter(({ leftMs }) => leftMs <= 0).map(({ pod }) => pod),
    againInMs: waiting.length > 0 ? Math.min(...waiting.map(({ leftMs }) => leftMs)) : undefined,
  };
}

export function healthyPods(pods: readonly Pod[], pending: Record<string, string>): number {
  return pods.filter(
    (pod) =>
      isReady(pod) && !pod.metadata.deletionTimestamp && !Object.hasOwn(pending, pod.metadata.name ?? ''),
  ).length;
}

/** The status with these numbers; failure to find them allows nothing. */
export function budgetStatus(
  budget: Stored<PodDisruptionBudget>,
  numbers: {
    expected: number;
    healthy: number;
    current: number;
    pending: Record<string, string>;
    nowMs: number;
  },
): PodDisruptionBudgetStatus {
  const { expected, healthy, current, pending, nowMs } = numbers;
  const disruptionsAllowed = expected <= 0 ? 0 : Math.max(0, current - healthy);
  const allowed = disruptionsAllowed > 0;
  const condition = {
    status: allowed ? 'True' : 'False',
    reason: allowed ? 'SufficientPods' : 'InsufficientPods',
    message: '',
  };
  return {
    observedGeneration: budget.metadata.generation ?? 0,
    ...(Object.keys(pending).length > 0 && { disruptedPods: pending }),
    disruptionsAllowed,
    currentHealthy: current,
    desiredHealthy: healthy,
    expectedPods: expected,
    conditions: withCondition(budget, condition, nowMs),
  };
}

/** The status where the numbers could not be found: nothing is allowed until they are. */
export function failedStatus(
  budget: Stored<PodDisruptionBudget>,
  message: string,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const condition = { status: 'False', reason: 'SyncFailed', message };
  const conditions = withCondition(budget, condition, nowMs);
  return { ...budget.status, disruptionsAllowed: 0, conditions };
}

function withCondition(
  { metadata, status }: Stored<PodDisruptionBudget>,
  draft: Pick<Condition, 'status' | 'reason' | 'message'>,
  nowMs: number,
): Condition[] {
  const before = status?.conditions ?? [];
  const old = before.find(({ type }) => type === 'DisruptionAllowed');
  const lastTransitionTime = old?.status === draft.status ? old.lastTransitionTime : formatTime(nowMs);
  const observedGeneration = metadata.generation ?? 0;
  const fresh: Condition = { type: 'DisruptionAllowed', ...draft, observedGeneration, lastTransitionTime };
  return [...before.filter((condition) => condition !== old), fresh];
}
