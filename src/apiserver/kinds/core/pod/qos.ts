import type { PodSpec } from '../../../../api/core/v1.ts';
import {
  addQuantities,
  compareQuantities,
  isQuantity,
  type ParsedQuantity,
  quantitySign,
} from '../../../../machinery/quantity.ts';
import type { ResourceList } from '../../pod-spec/resource-lists.ts';

const counted = ['cpu', 'memory'] as const;

type Sum = Partial<Record<(typeof counted)[number], ParsedQuantity>>;

/** Adds the amounts of cpu and memory that are above zero; gives how many there are. */
function addPositive(sum: Sum, list: ResourceList | undefined): number {
  let count = 0;
  for (const name of counted) {
    const amount = list?.[name];
    if (amount === undefined || !isQuantity(amount) || quantitySign(amount) <= 0) continue;
    sum[name] = addQuantities(sum[name] ?? '0', amount);
    count++;
  }
  return count;
}

/**
 * How well a pod is served when its node runs short: `Guaranteed` if every container limits cpu and memory and requests
 * as much, `BestEffort` if none asks for anything, else `Burstable`. Resources of the pod as a whole take precedence.
 */
export function qosClass(spec: PodSpec): string {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])].map((c) => c.resources);
  const all = spec.resources ? [spec.resources] : containers;
  const [requests, limits]: [Sum, Sum] = [{}, {}];
  let limited = all.length > 0;
  for (const resources of all) {
    addPositive(requests, resources?.requests);
    if (addPositive(limits, resources?.limits) < counted.length) limited = false;
  }
  const asked = counted.filter((name) => requests[name]);
  const bounded = counted.filter((name) => limits[name]);
  if (asked.length === 0 && bounded.length === 0) return 'BestEffort';
  const same = asked.every((name) => {
    const [limit, amount] = [limits[name], requests[name]];
    return limit && amount && compareQuantities(limit, amount) === 0;
  });
  return limited && same && asked.length === bounded.length ? 'Guaranteed' : 'Burstable';
}
