import type { Pod, PodSpec } from '../api/core/v1.ts';
import {
  addQuantities,
  compareQuantities,
  isQuantity,
  type ParsedQuantity,
  parseQuantity,
  quantitySign,
} from './quantity.ts';

/** How well a pod is served when its node runs short. */
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;

type Sum = Partial<Record<(typeof counted)[number], ParsedQuantity>>;
type List = Readonly<Record<string, string>> | undefined;

/** Adds the amounts of cpu and memory that are above zero; gives how many there are. */
function addPositive(sum: Sum, list: List): number {
  let count = 0;
  for (const name of counted) {
    const amount = list?.[name];
    if (amount === undefined || !isQuantity(amount) || quantitySign(amount) <= 0) continue;
    const before = sum[name];
    sum[name] = before ? addQuantities(before, amount) : parseQuantity(amount);
    count++;
  }
  return count;
}

const isEmpty = (list: List) => Object.keys(list ?? {}).length === 0;

/**
 * The class that follows from what a pod asks for: `Guaranteed` if every container limits cpu and memory and requests as
 * much, `BestEffort` if none asks for any of them, else `Burstable`. What is said for the pod as a whole takes precedence.
 */
export function qosClass(spec: PodSpec): QosClass {
  const { containers, initContainers, resources: whole } = spec;
  const isWhole = whole && !(isEmpty(whole.requests) && isEmpty(whole.limits));
  const every = initContainers ? [...containers, ...initContainers] : containers;
  const all = isWhole ? [spec] : every;
  const [requests, limits]: [Sum, Sum] = [{}, {}];
  let limited = all.length > 0;
  for (const { resources } of all) {
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

/** The class that a pod was given when it was made, or should have been. */
export const qosClassOf = ({ status, spec }: Pod): QosClass =>
  (status?.qosClass as QosClass | undefined) || qosClass(spec);
