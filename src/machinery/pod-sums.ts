import type { Container, Pod, PodSpec } from '../api/core/v1.ts';
import { addQuantities, compareQuantities, type ParsedQuantity } from './quantity.ts';
import { addSums, maxSums, readSums, type Sums, zero } from './resource-sums.ts';

type Side = 'requests' | 'limits';
/** Amounts as the API writes them, if there are any. */
export type List = Readonly<Record<string, string>> | undefined;

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

/** Whether the node can never have what is asked for. */
const isHopeless = ({ status }: Pod): boolean =>
  status?.conditions?.find((c) => c.type === 'PodResizePending')?.reason === 'Infeasible';

/** The lists of which the most of each resource counts. (`determineEffectiveRequests`, `determineEffectiveLimits`) */
function claimed(
  pod: Pod,
  { asked, inForce, setAside }: { asked: List; inForce: List; setAside: List },
): readonly List[] {
  return isHopeless(pod) ? [inForce, setAside] : [asked, inForce, setAside];
}

/**
 * Where the amounts of a container stand that is resized where it runs: what is asked for, what is in force, and what its node has set
 * aside. The most of each resource counts, for each container by itself, since one may grow while another shrinks; what is asked for
 * does not when the node can never have it. Init containers that end are not resized. (KEP-1287)
 */
export function claimedLists(pod: Pod, side: Side): (container: Container) => readonly List[] {
  const { initContainers = [] } = pod.spec;
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const sidecars = initContainers.filter((c) => c.restartPolicy === 'Always').map(({ name }) => name);
  const running = [...containerStatuses, ...initContainerStatuses.filter((s) => sidecars.includes(s.name))];
  const byName = new Map(running.map((status) => [status.name, status]));
  return ({ name, resources }) => {
    const asked = resources?.[side];
    const { resources: now, allocatedResources } = byName.get(name) ?? {};
    if (!now) return [asked];
    const setAside = side === 'requests' ? allocatedResources : undefined;
    return claimed(pod, { asked, inForce: now[side], setAside });
  };
}

/** What a pod is charged with: the most that its containers claim, or what is said for it as a whole; and what running it takes. */
export function podSums(pod: Pod, side: Side): Sums {
  const listsOf = claimedLists(pod, side);
  const containers = containerSums(pod.spec, (container) => listsOf(container).map(readSums).reduce(maxSums));
  const whole = claimedWhole(pod, side).map(readSums).reduce(maxSums, new Map());
  return asWhole(pod.spec, { side, containers, whole });
}

/**
 * Where the amounts stand that are said for the pod as a whole, as `claimedLists` does for a container; none where nothing is.
 * They have the resources alone that the spec names: the status tells of the others what the containers come to. (KEP-5419)
 */
export function claimedWhole(pod: Pod, side: Side): readonly List[] {
  const asked = pod.spec.resources?.[side];
  if (!asked) return [];
  const { allocatedResources, resources } = pod.status ?? {};
  if (!resources) return [asked];
  const named = (list: List = {}): List =>
    Object.fromEntries(Object.entries(list).filter(([name]) => Object.hasOwn(asked, name)));
  const setAside = side === 'requests' ? allocatedResources : undefined;
  return claimed(pod, { asked, inForce: named(resources[side]), setAside: named(setAside) });
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
