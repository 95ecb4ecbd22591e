import type { Container, Pod } from '../../api/core/v1.ts';
import { milliValue, quantityValue } from '../../machinery/quantity.ts';

/** Amounts of what nodes have and pods ask for: cpu in thousandths, storage in bytes, everything else counted. */
export type Resources = ReadonlyMap<string, number>;

/** Kept small: most pods ask for the same few amounts, and parsing them is exact but slow. */
const parsed = new Map<string, number>();
const mostParsed = 10_000;

function amountOf(name: string, text: string | number): number {
  const key = `${name} ${text}`;
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const amount = name === 'cpu' ? milliValue(text) : quantityValue(text);
  if (parsed.size >= mostParsed) parsed.clear();
  parsed.set(key, amount);
  return amount;
}

export function amountsOf(list: Readonly<Record<string, string>> | undefined): Map<string, number> {
  return new Map(Object.entries(list ?? {}).map(([name, text]) => [name, amountOf(name, text)]));
}

export function addInto(target: Map<string, number>, more: Resources): void {
  for (const [name, amount] of more) target.set(name, (target.get(name) ?? 0) + amount);
}

function raiseTo(target: Map<string, number>, least: Resources): void {
  for (const [name, amount] of least) target.set(name, Math.max(target.get(name) ?? 0, amount));
}

type RequestsOf = (container: Container) => Map<string, number>;

/**
 * What a pod needs at its hungriest moment: its containers and sidecars together, or an init container beside the
 * sidecars that were started before it; plus its overhead. (`k8s.io/component-helpers/resource`)
 */
function podAmounts(pod: Pod, requestsOf: RequestsOf): Map<string, number> {
  const total = new Map<string, number>();
  for (const container of pod.spec.containers) addInto(total, requestsOf(container));
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of pod.spec.initContainers ?? []) {
    const own = requestsOf(container);
    if (container.restartPolicy === 'Always') {
      addInto(total, own);
      addInto(sidecars, own);
      raiseTo(peak, sidecars);
      continue;
    }
    addInto(own, sidecars);
    raiseTo(peak, own);
  }
  raiseTo(total, peak);
  for (const [name, amount] of amountsOf(pod.spec.resources?.requests)) total.set(name, amount);
  addInto(total, amountsOf(pod.spec.overhead));
  return total;
}

/** What the pod asks for. */
export function requestsOf(pod: Pod): Resources {
  return podAmounts(pod, (container) => amountsOf(container.resources?.requests));
}

/** A container that asks for nothing is taken to use this, so that such pods spread too. */
const assumedMilliCpu = 100;
const assumedMemory = 200 * 1024 * 1024;

/** What the pod is taken to use where it asks for nothing: only for comparing nodes. */
export function assumedRequestsOf(pod: Pod): Resources {
  return podAmounts(pod, (container) => {
    const amounts = amountsOf(container.resources?.requests);
    if (!amounts.has('cpu')) amounts.set('cpu', assumedMilliCpu);
    if (!amounts.has('memory')) amounts.set('memory', assumedMemory);
    return amounts;
  });
}
