import type {
  AllocationResult,
  DeviceRequestAllocationResult,
  ResourceClaim,
} from '../../../api/resource/v1.ts';

/** Whether there is something to wait for before a pod with these devices is bound. */
export const hasBindingConditions = (allocation: AllocationResult | undefined): boolean =>
  resultsOf(allocation).some(({ bindingConditions }) => bindingConditions?.length);

const resultsOf = (allocation: AllocationResult | undefined): readonly DeviceRequestAllocationResult[] =>
  allocation?.devices?.results ?? [];

/** How ready the devices of a claim are; what has failed is said in a sentence. */
export type Readiness = 'ready' | 'waiting' | { failed: string };

/** Drivers tell of each device how far it is. */
export function readinessOf({ metadata, status }: ResourceClaim): Readiness {
  if (!status?.allocation) return 'waiting';
  for (const { driver, pool, device, ...result } of resultsOf(status.allocation)) {
    const { bindingConditions = [], bindingFailureConditions = [] } = result;
    if (bindingConditions.length === 0) continue;
    const told = status.devices?.find((d) => d.driver === driver && d.pool === pool && d.device === device);
    if (!told) return 'waiting';
    const conditionOf = (type: string) => told.conditions?.find((condition) => condition.type === type);
    for (const type of bindingFailureConditions) {
      const condition = conditionOf(type);
      if (condition?.status !== 'True') continue;
      const { reason, message } = condition;
      return {
        failed: `claim ${metadata.name} binding failed: reason=${reason}, message=${JSON.stringify(message)}`,
      };
    }
    if (!bindingConditions.every((type) => conditionOf(type)?.status === 'True')) return 'waiting';
  }
  return 'ready';
}

/** Whether a claim's devices have had their time to become ready. */
export function isOverdue(
  { status }: ResourceClaim,
  { nowMs, timeoutMs }: { nowMs: number; timeoutMs: number },
): boolean {
  const since = status?.allocation?.allocationTimestamp;
  if (!since || !hasBindingConditions(status.allocation)) return false;
  return Date.parse(since) + timeoutMs < nowMs;
}
