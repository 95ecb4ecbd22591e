import type { PodSpec, ResourceRequirements } from '../../../../api/core/v1.ts';
import {
  addQuantities,
  compareQuantities,
  isQuantity,
  quantitySign,
} from '../../../../machinery/quantity.ts';
import type { ResourceList } from '../../pod-spec/resource-lists.ts';

const counted = ['cpu', 'memory'] as const;

/** Amounts of cpu and memory above zero. */
function positive(list: ResourceList | undefined): ResourceList {
  const kept = counted.flatMap((name) => {
    const amount = list?.[name];
    return amount !== undefined && isQuantity(amount) && quantitySign(amount) > 0
      ? [[name, amount] as const]
      : [];
  });
  return Object.fromEntries(kept);
}

/** All containers together; `limited` tells whether each of them limits both. */
function add(all: readonly (ResourceRequirements | undefined)[]) {
  const sum = {
    requests: new Map<string, unknown>(),
    limits: new Map<string, unknown>(),
    limited: all.length > 0,
  };
  const into = (map: Map<string, unknown>, list: ResourceList) => {
    for (const [name, amount] of Object.entries(list))
      map.set(name, addQuantities((map.get(name) ?? '0') as string, amount));
  };
  for (const resources of all) {
    const limits = positive(resources?.limits);
    if (Object.keys(limits).length < counted.length) sum.limited = false;
    into(sum.requests, positive(resources?.requests));
    into(sum.limits, limits);
  }
  return sum;
}

/**
 * How well a pod is served when its node runs short: `Guaranteed` if every container limits cpu and memory and requests
 * as much, `BestEffort` if none asks for anything, else `Burstable`. Resources of the pod as a whole take precedence.
 */
export function qosClass(spec: PodSpec): string {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])].map((c) => c.resources);
  const { requests, limits, limited } = add(spec.resources ? [spec.resources] : containers);
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const same = [...requests].every(([name, amount]) => {
    const limit = limits.get(name);
    return limit !== undefined && compareQuantities(limit as string, amount as string) === 0;
  });
  return limited && same && requests.size === limits.size ? 'Guaranteed' : 'Burstable';
}
