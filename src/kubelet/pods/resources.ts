import type { Container, Pod, ResourceRequirements } from '../../api/core/v1.ts';
import {
  addQuantities,
  compareQuantities,
  type ParsedQuantity,
  parseQuantity,
} from '../../machinery/quantity.ts';
import { isSidecar } from './pod-kinds.ts';

/** Amounts by resource name. */
export type Amounts = Map<string, ParsedQuantity>;

type Side = 'requests' | 'limits';

/** The amounts of a plain map, such as `allocatable`. */
export function amountsOf(list: Record<string, string | number> | undefined): Amounts {
  return new Map(Object.entries(list ?? {}).map(([name, q]) => [name, parseQuantity(q)]));
}

/** Adds `more` into `total`. */
export function addAmounts(total: Amounts, more: Amounts): void {
  for (const [name, q] of more) {
    const old = total.get(name);
    total.set(name, old ? addQuantities(old, q) : q);
  }
}

function raiseTo(total: Amounts, other: Amounts): void {
  for (const [name, q] of other) {
    const old = total.get(name);
    if (!old || compareQuantities(q, old) > 0) total.set(name, q);
  }
}

/** What a container asks for; a request that is missing is the limit. */
export function containerAmounts(resources: ResourceRequirements | undefined, side: Side): Amounts {
  const limits = amountsOf(resources?.limits);
  if (side === 'limits') return limits;
  return new Map([...limits, ...amountsOf(resources?.requests)]);
}

/**
 * What the pod takes up as a whole: the sum of its containers and sidecars, or the most that any init container needs
 * with the sidecars started before it, whichever is more; the pod's own figures win; its overhead comes on top.
 */
export function podAmounts(pod: Pod, side: Side): Amounts {
  const total: Amounts = new Map();
  for (const c of pod.spec.containers) addAmounts(total, containerAmounts(c.resources, side));
  const peak = initPeak(pod.spec.initContainers ?? [], side, total);
  raiseTo(total, peak);
  const own = containerAmounts(pod.spec.resources, side);
  for (const name of ['cpu', 'memory']) {
    const amount = own.get(name);
    if (amount) total.set(name, amount);
  }
  if (side === 'requests' || total.size > 0) addOverhead(total, pod, side);
  return total;
}

/** Adds sidecars to `total`, and gives the most that any moment of the initialisation takes. */
function initPeak(init: Container[], side: Side, total: Amounts): Amounts {
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const c of init) {
    const own = containerAmounts(c.resources, side);
    if (isSidecar(c)) {
      addAmounts(total, own);
      addAmounts(sidecars, own);
      raiseTo(peak, sidecars);
    } else {
      const moment = new Map(sidecars);
      addAmounts(moment, own);
      raiseTo(peak, moment);
    }
  }
  return peak;
}

/** Overhead counts against limits only where there is one. */
function addOverhead(total: Amounts, pod: Pod, side: Side): void {
  for (const [name, q] of amountsOf(pod.spec.overhead)) {
    if (side === 'limits' && !total.has(name)) continue;
    addAmounts(total, new Map([[name, q]]));
  }
}
