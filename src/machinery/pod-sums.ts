import type { Container, ContainerStatus, Pod, PodSpec } from '../api/core/v1.ts';
import { addQuantities, compareQuantities, type ParsedQuantity } from './quantity.ts';
import { addSums, maxSums, readSums, type Sums, zero } from './resource-sums.ts';

type Side = 'requests' | 'limits';
type List = Readonly<Record<string, string>>;

/** How amounts `T` are put together in totals `M`, in whatever form somebody keeps them. Each container may ask for something of its own. */
export interface AmountRules<T, M extends T = T> {
  none(): M;
  /** Puts `own` on top of the total. */
  add(total: M, own: T): void;
  /** Makes the total no less than `base` and `own` together, of whatever `own` has. */
  raise(total: M, base: T, own: T): void;
}

const sumRules: AmountRules<Sums, Map<string, ParsedQuantity>> = {
  none: () => new Map(),
  add(total, own) {
    for (const [name, quantity] of own) total.set(name, addQuantities(total.get(name) ?? zero, quantity));
  },
  raise(total, base, own) {
    for (const [name, quantity] of own) {
      const moment = addQuantities(base.get(name) ?? zero, quantity);
      const known = total.get(name);
      if (!known || compareQuantities(moment, known) > 0) total.set(name, moment);
    }
  },
};

/**
 * What the containers of a pod take at their hungriest moment: all that run side by side, sidecars with them, or an init
 * container beside the sidecars that were started before it, whichever is more. (`k8s.io/component-helpers/resource`)
 */
export function containersPeak<T, M extends T>(
  { containers, initContainers }: PodSpec,
  amountsOf: (container: Container) => T,
  { none, add, raise }: AmountRules<T, M>,
): T {
  const together = none();
  for (const container of containers ?? []) add(together, amountsOf(container));
  if (!initContainers?.length) return together;
  const sidecars = none();
  const peak = none();
  for (const container of initContainers) {
    const own = amountsOf(container);
    // Of what it does not have, the sidecars before it alone have been the most.
    raise(peak, sidecars, own);
    if (container.restartPolicy !== 'Always') continue;
    add(sidecars, own);
    add(together, own);
  }
  raise(together, none(), peak);
  return together;
}

/** `containersPeak` of amounts as the API writes them. */
export const containerSums = (spec: PodSpec, amountsOf: (container: Container) => Sums): Sums =>
  containersPeak(spec, amountsOf, sumRules);

/**
 * Where the amounts of a container stand that is resized where it runs: what is asked for, what its node has set aside, and
 * what is in force. Most of them counts; what is asked for does not when the node can never have it. (KEP-1287)
 */
export function claimedLists({ status }: Pod, side: Side): ((container: Container) => List | undefined)[] {
  const asked = (container: Container) => container.resources?.[side];
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  if (!statuses.some(({ allocatedResources, resources }) => allocatedResources ?? resources)) return [asked];
  const byName = new Map<string | undefined, ContainerStatus>(statuses.map((s) => [s.name, s]));
  const isHopeless = status?.conditions?.find((c) => c.type === 'PodResizePending')?.reason === 'Infeasible';
  const otherwise = isHopeless ? () => undefined : asked;
  const setAside = (container: Container) =>
    byName.get(container.name)?.allocatedResources ?? otherwise(container);
  const inForce = (container: Container) =>
    byName.get(container.name)?.resources?.[side] ??
    (side === 'requests' ? setAside(container) : otherwise(container));
  const told = side === 'requests' ? [setAside, inForce] : [inForce];
  return isHopeless ? told : [asked, ...told];
}

/** What a pod is charged with: the most that its containers claim, or what is said for it as a whole; and what running it takes. */
export function podSums(pod: Pod, side: Side): Sums {
  const claims = claimedLists(pod, side).map((listOf) => containerSums(pod.spec, (c) => readSums(listOf(c))));
  const whole = claimedWhole(pod, side).map(readSums).reduce(maxSums, new Map());
  return asWhole(pod.spec, { side, containers: claims.reduce(maxSums), whole });
}

/**
 * Where the amounts stand that are said for the pod as a whole, as `claimedLists` does for a container; none where nothing is.
 * They have the resources alone that the spec names: the status tells of the others what the containers come to. (KEP-5419)
 */
export function claimedWhole({ spec, status }: Pod, side: Side): List[] {
  const asked = spec.resources?.[side];
  if (!asked) return [];
  const { allocatedResources, resources } = status ?? {};
  if (!allocatedResources && !resources) return [asked];
  const named = (list: List = {}): List =>
    Object.fromEntries(Object.entries(list).filter(([name]) => Object.hasOwn(asked, name)));
  const isHopeless = status?.conditions?.find((c) => c.type === 'PodResizePending')?.reason === 'Infeasible';
  const inForce = resources?.[side];
  const told = [inForce, side === 'requests' ? allocatedResources : undefined].filter(
    (list) => list !== undefined,
  );
  return isHopeless && told.length > 0 ? told.map(named) : [asked, ...told.map(named)];
}

/** What a pod asks for, or is limited to, by its spec alone. */
export const specSums = (spec: PodSpec, side: Side): Sums =>
  asWhole(spec, {
    side,
    containers: containerSums(spec, ({ resources }) => readSums(resources?.[side])),
    whole: readSums(spec.resources?.[side]),
  });

/** What is said for the pod as a whole counts instead of its containers; overhead counts against limits only where there is one. */
function asWhole(
  { overhead }: PodSpec,
  { side, containers, whole }: { side: Side; containers: Sums; whole: Sums },
): Sums {
  const sums = whole.size === 0 ? containers : new Map([...containers, ...whole]);
  if (!overhead) return sums;
  const more = readSums(overhead);
  return addSums(sums, side === 'requests' ? more : new Map([...more].filter(([name]) => sums.has(name))));
}

/** What pods ask for together, by their specs. */
export const totalRequests = (pods: readonly Pod[]): Sums =>
  pods.map(({ spec }) => specSums(spec, 'requests')).reduce<Sums>(addSums, new Map());
