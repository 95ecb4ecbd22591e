import type { Pod } from '../../../src/api/core/v1.ts';
import type { PodDisruptionBudget } from '../../../src/api/policy/v1.ts';
import type { Stored } from '../../../src/api/resource.ts';
import { compileLabelSelector, matchesLabels } from '../../../src/machinery/label-selector.ts';
import { isActive, isReady, nameOf } from './pods.ts';
import type { Rule } from './rule.ts';
import { calmStaleMs, type Change, type World } from './world.ts';

type Budget = Stored<PodDisruptionBudget>;

const isEvicted = (pod: Pod | undefined) =>
  pod?.status?.conditions?.some(
    (c) => c.type === 'DisruptionTarget' && c.reason === 'EvictionByEvictionAPI',
  ) ?? false;

/**
 * What the API server evicts of ready pods, it has booked on their budget before, on numbers that were current and allowed it; so there
 * are never more evictions than the budget allowed when each was granted.
 */
export function grantRule(): Rule {
  /** Evictions that were booked and are still to come true, as `uid of the budget/name of the pod`. */
  const granted = new Set<string>();
  return {
    name: 'nobody is evicted but as the budget allowed it',
    check(change, world) {
      if (change.resource === 'poddisruptionbudgets') return grant(change, granted);
      return change.resource === 'pods' ? comeTrue(change, world, granted) : undefined;
    },
  };
}

/** The bookings that a write of a budget makes, and what is wrong with them. */
function grant({ before, after }: Change, granted: Set<string>): string | undefined {
  if (!before || !after) return undefined;
  const [was, is] = [before as Budget, after as Budget];
  const booked = was.status?.disruptedPods ?? {};
  const fresh = Object.entries(is.status?.disruptedPods ?? {}).filter(
    ([name, time]) => booked[name] !== time,
  );
  if (fresh.length === 0) return undefined;
  for (const [name] of fresh) granted.add(`${is.metadata.uid}/${name}`);
  const allowed = was.status?.disruptionsAllowed ?? 0;
  const left = is.status?.disruptionsAllowed ?? 0;
  if ((was.status?.observedGeneration ?? 0) < (was.metadata.generation ?? 0))
    return `budget ${nameOf(is)} grants an eviction by numbers of an older version of it`;
  return left > allowed - fresh.length || left < 0
    ? `budget ${nameOf(is)} allows ${allowed} evictions, grants ${fresh.length}, and then allows ${left}`
    : undefined;
}

/** An eviction that comes true needs a booking, unless the pod is no loss or the budget has come only now. */
function comeTrue({ before, after, timeMs }: Change, world: World, granted: Set<string>): string | undefined {
  const [was, is] = [before as Stored<Pod> | undefined, after as Stored<Pod> | undefined];
  if (!was || !is || isEvicted(was) || !isEvicted(is)) return undefined;
  const budget = world.all<PodDisruptionBudget>('poddisruptionbudgets').find((each) => selects(each, is));
  if (!budget || granted.delete(`${budget.metadata.uid}/${is.metadata.name}`)) return undefined;
  if (!isReady(was) || !isActive(was)) return undefined;
  // The server itself sees at once what it stores, but a budget may come while a request is served.
  if (timeMs - Date.parse(budget.metadata.creationTimestamp) < calmStaleMs) return undefined;
  return `pod ${nameOf(is)} is evicted, and budget ${nameOf(budget)} has not granted it`;
}

const selects = ({ metadata, spec }: Budget, pod: Stored<Pod>) =>
  metadata.namespace === pod.metadata.namespace &&
  matchesLabels(compileLabelSelector(spec.selector), pod.metadata.labels);
