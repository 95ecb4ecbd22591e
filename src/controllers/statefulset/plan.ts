import type { StatefulSet, StatefulSetStatus } from '../../api/apps/v1.ts';
import type { Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import { availableInMs, isFinished } from '../shared/pods.ts';
import {
  hasSeat,
  isRunningAndReady,
  isTerminating,
  ordinalOf,
  replicasOf,
  revisionOf,
  startOf,
} from './pods.ts';

/** A set and how its pods are. */
interface Standing {
  set: Stored<StatefulSet>;
  pods: readonly Stored<Pod>[];
  nowMs: number;
}

export interface StatefulSetInput extends Standing {
  /** Names of the revision that is in use and of the one that shall be. */
  current: string;
  update: string;
}

export type Step =
  | { type: 'create'; ordinal: number; revision: string }
  | { type: 'delete'; pod: Stored<Pod>; why: 'failed' | 'surplus' | 'outdated' };

interface Seat {
  ordinal: number;
  pod: Stored<Pod> | undefined;
}

/** What to do now. In order, one thing waits for the other; in parallel nothing waits. */
export function planStatefulSet(input: StatefulSetInput): { steps: Step[]; againInMs: number | undefined } {
  const { set, pods, nowMs } = input;
  const waits = pods.map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) ?? 0);
  const soonest = Math.min(...waits.filter((wait) => wait > 0));
  const againInMs = Number.isFinite(soonest) ? soonest : undefined;
  return { steps: isTerminating(set as unknown as Pod) ? [] : stepsFor(input), againInMs };
}

function stepsFor(input: StatefulSetInput): Step[] {
  const { set } = input;
  const inOrder = set.spec.podManagementPolicy !== 'Parallel';
  const { seats, surplus } = seatsOf(input);
  const steps: Step[] = [];
  for (const seat of seats) {
    const step = fill(input, seat);
    if (step) steps.push(step);
    const isSettled = !step && isAvailable(input, seat.pod) && !isTerminating(seat.pod as Pod);
    if (inOrder && !isSettled) return steps;
  }
  const [highest] = surplus;
  if (highest && inOrder)
    return mayGo(input, surplus) ? [{ type: 'delete', pod: highest, why: 'surplus' }] : [];
  for (const pod of surplus) if (!isTerminating(pod)) steps.push({ type: 'delete', pod, why: 'surplus' });
  return steps.length > 0 ? steps : replaceOutdated(input, seats);
}

/** So many pods are made for one look at a set: it may want more than there is memory for the seats of. */
const burst = 500;

/** The seats that shall be taken, from the lowest as far as there are not too many empty ones, and the pods without one, from the highest. */
function seatsOf({ set, pods }: StatefulSetInput): { seats: Seat[]; surplus: Stored<Pod>[] } {
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set.metadata.name, pod.metadata.name), pod]));
  const seats: Seat[] = [];
  let empty = 0;
  for (let i = 0; i < replicasOf(set) && empty < burst; i++) {
    const ordinal = startOf(set) + i;
    const pod = byOrdinal.get(ordinal);
    if (!pod) empty++;
    seats.push({ ordinal, pod });
  }
  const rest = [...byOrdinal].filter(
    (entry): entry is [number, Stored<Pod>] => entry[0] !== undefined && !hasSeat(set, entry[0]),
  );
  return { seats, surplus: rest.sort(([a], [b]) => b - a).map(([, pod]) => pod) };
}

/** In order the highest goes once it is well, or all below it are: one that cannot become well holds up none but others that are not. */
function mayGo(input: StatefulSetInput, [highest, ...lower]: readonly Stored<Pod>[]): boolean {
  if (!highest || isTerminating(highest)) return false;
  return isAvailable(input, highest) || lower.every((pod) => isAvailable(input, pod) && !isTerminating(pod));
}

function fill({ set, current, update }: StatefulSetInput, { ordinal, pod }: Seat): Step | undefined {
  if (!pod) return { type: 'create', ordinal, revision: keepsOld(set, ordinal) ? current : update };
  if (isFinished(pod) && !isTerminating(pod)) return { type: 'delete', pod, why: 'failed' };
  return undefined;
}

/** Whether a seat below the partition stays with the old revision, also for a new pod. */
function keepsOld(set: StatefulSet, ordinal: number): boolean {
  const strategy = set.spec.updateStrategy;
  if (strategy?.type === 'OnDelete') return false;
  return ordinal < startOf(set) + (strategy?.rollingUpdate?.partition ?? 0);
}

function isAvailable({ set, nowMs }: Standing, pod: Stored<Pod> | undefined): boolean {
  if (!pod || !isRunningAndReady(pod)) return false;
  return availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) === 0;
}

const worksOf = (input: Standing, pod: Stored<Pod>) => !isTerminating(pod) && isAvailable(input, pod);

/** How many pods may be missed at a time while the set is updated. Rounded down, unlike in other sets. */
export const mostUnavailable = (set: StatefulSet): number =>
  Math.max(
    1,
    scaledIntOrPercent(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicasOf(set), 'down'),
  );

/** How many of the pods that a set shall have are missing, on their way out, or not available. */
export function unavailableOf(input: Standing): number {
  const { set, pods } = input;
  const works = (pod: Stored<Pod>) =>
    hasSeat(set, ordinalOf(set.metadata.name, pod.metadata.name) ?? -1) && worksOf(input, pod);
  return replicasOf(set) - pods.filter(works).length;
}

/**
 * From the highest down, as many at once as may be unavailable, wherever those stand that are already. In parallel, pods
 * that do not work go at once: nothing is lost by it, and a template that is mended reaches them.
 */
function replaceOutdated(input: StatefulSetInput, seats: readonly Seat[]): Step[] {
  const { set, update } = input;
  if (set.spec.updateStrategy?.type === 'OnDelete') return [];
  const budget = mostUnavailable(set) - unavailableOf(input);
  const works = (pod: Stored<Pod>) => worksOf(input, pod);
  const outdated = seats.flatMap(({ ordinal, pod }) => {
    const isOld = pod && !keepsOld(set, ordinal) && revisionOf(pod) !== update && !isTerminating(pod);
    return isOld ? [pod] : [];
  });
  const broken = outdated.filter((pod) => !works(pod)).reverse();
  const working = outdated.filter(works).reverse();
  const pods = [...broken, ...working.slice(0, Math.max(0, budget))];
  return pods.map((pod) => ({ type: 'delete', pod, why: 'outdated' }));
}

/** The status that the pods amount to. */
export function statefulSetStatus(
  input: StatefulSetInput,
  collisionCount: number | undefined,
): StatefulSetStatus {
  const { set, pods, current, update } = input;
  const living = pods.filter((pod) => !isTerminating(pod));
  const count = (list: readonly Stored<Pod>[], fits: (pod: Stored<Pod>) => boolean) =>
    list.filter(fits).length;
  const updatedReplicas = count(living, (pod) => revisionOf(pod) === update);
  const ready = count(pods, isRunningAndReady);
  const isOver =
    set.spec.updateStrategy?.type !== 'OnDelete' &&
    updatedReplicas === pods.length &&
    ready === pods.length &&
    pods.length === replicasOf(set);
  const currentRevision = isOver ? update : current;
  return {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: count(pods, (pod) => isAvailable(input, pod)),
    currentReplicas: count(living, (pod) => revisionOf(pod) === currentRevision),
    updatedReplicas,
    currentRevision,
    updateRevision: update,
    collisionCount: collisionCount ?? 0,
  };
}
