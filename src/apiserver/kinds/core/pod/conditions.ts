import type { PodCondition, PodStatus } from '../../../../api/core/v1.ts';

/** Sets a condition of a pod; its time moves only with its status. */
export function setPodCondition(status: PodStatus, condition: PodCondition, now: string): void {
  const conditions = status.conditions ?? [];
  const old = conditions.find((c) => c.type === condition.type);
  const same = old?.status === condition.status;
  const lastTransitionTime = same ? old.lastTransitionTime : now;
  const entry = { ...condition, lastTransitionTime };
  status.conditions = old ? conditions.map((c) => (c === old ? entry : c)) : [...conditions, entry];
}

/** Whether the pod takes traffic. */
export function isReady(status: PodStatus | undefined): boolean {
  return status?.conditions?.find((c) => c.type === 'Ready')?.status === 'True';
}
