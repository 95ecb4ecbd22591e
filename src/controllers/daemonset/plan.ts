import type { DaemonSet, DaemonSetStatus } from '../../api/apps/v1.ts';
import type { Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import { availableInMs, isFinished, isReady } from '../shared/pods.ts';
import { isOfTemplate, nodeOf, placement } from './pods.ts';

export interface DaemonSetInput {
  set: Stored<DaemonSet>;
  nodes: readonly Stored<Node>[];
  pods: readonly Stored<Pod>[];
  /** Of the present template. */
  hash: string;
  /** Whether a failed daemon stays for now, because others before it have failed on its node. */
  isHeldBack(pod: Stored<Pod>): boolean;
  nowMs: number;
}

export interface DaemonSetPlan {
  /** Nodes that get a daemon. */
  create: string[];
  remove: { pod: Stored<Pod>; why: 'failed' | 'succeeded' | 'surplus' | 'outdated' }[];
}

/** A node with the daemons on it, in their order. */
interface Place {
  name: string;
  runs: boolean;
  goesOn: boolean;
  pods: Stored<Pod>[];
}

/** Which of several daemons counts: one that has its node before one that waits for it, then the older. */
const inOrder = (a: Stored<Pod>, b: Stored<Pod>) =>
  Number(!a.spec.nodeName) - Number(!b.spec.nodeName) ||
  a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
  a.metadata.name.localeCompare(b.metadata.name);

const isTerminating = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;
/** Nothing of it runs any more, and nobody needs its last words: its place is free. */
const isOver = (pod: Pod) => isTerminating(pod) && isFinished(pod);

class Round {
  readonly input: DaemonSetInput;
  readonly places: Place[];
  /** How many nodes shall have a daemon. */
  readonly desired: number;
  readonly surge: number;
  readonly unavailable: number;

  constructor(input: DaemonSetInput) {
    this.input = input;
    const byNode = groupBy(input.pods.filter((pod) => !isOver(pod)).sort(inOrder), nodeOf);
    this.places = input.nodes.map((node) => {
      const { name } = node.metadata;
      return { name, ...placement(input.set, node), pods: byNode.get(name) ?? [] };
    });
    const { type, rollingUpdate } = input.set.spec.updateStrategy ?? {};
    const rolls = type !== 'OnDelete';
    this.desired = this.places.filter((place) => place.runs).length;
    this.surge = rolls ? scaledIntOrPercent(rollingUpdate?.maxSurge ?? 0, this.desired, 'up') : 0;
    const most = scaledIntOrPercent(rollingUpdate?.maxUnavailable ?? 1, this.desired, 'up');
    this.unavailable = rolls ? (this.surge === 0 ? Math.max(1, most) : most) : 0;
  }

  isNew = (pod: Pod) => isOfTemplate(pod, this.input);

  isAvailable = (pod: Pod) =>
    availableInMs(pod, this.input.set.spec.minReadySeconds ?? 0, this.input.nowMs) === 0;

  /** The nodes that a rollout is about, with their living daemons of the new and of an old template. */
  *rolling(): Iterable<Place & { fresh: Stored<Pod>[]; old: Stored<Pod>[] }> {
    for (const place of this.places) {
      if (!place.runs && place.pods.length === 0) continue;
      const living = place.pods.filter((pod) => !isTerminating(pod));
      const old = living.filter((pod) => !this.isNew(pod));
      yield { ...place, fresh: living.filter(this.isNew), old };
    }
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** What to do now: every node that shall have a daemon has one, and old ones are replaced a few at a time. */
export function planDaemonSet(input: DaemonSetInput): DaemonSetPlan {
  const plan: DaemonSetPlan = { create: [], remove: [] };
  const round = new Round(input);
  for (const place of round.places) planPlace(round, place, plan);
  removeStrays(round, plan);
  const isRolling = input.set.spec.updateStrategy?.type !== 'OnDelete';
  // What is missing comes first: the nodes of a rollout are counted once everything stands.
  if (isRolling && plan.create.length === 0 && plan.remove.length === 0) {
    if (round.surge > 0) rollWithSurge(round, plan);
    else rollInPlace(round, plan);
  }
  return plan;
}

function planPlace(round: Round, place: Place, plan: DaemonSetPlan): void {
  const living = place.pods.filter((pod) => !isTerminating(pod));
  if (!place.goesOn) {
    for (const pod of living) plan.remove.push({ pod, why: 'surplus' });
    return;
  }
  // Where an update surges, the new daemon need not wait until the old one is gone.
  const isFree = round.surge > 0 ? living.length === 0 : place.pods.length === 0;
  if (place.runs && isFree) plan.create.push(place.name);
  const phase = (name: string) => living.filter((pod) => pod.status?.phase === name);
  for (const pod of phase('Failed'))
    if (!round.input.isHeldBack(pod)) plan.remove.push({ pod, why: 'failed' });
  for (const pod of phase('Succeeded')) plan.remove.push({ pod, why: 'succeeded' });
  const running = living.filter((p) => p.status?.phase !== 'Failed' && p.status?.phase !== 'Succeeded');
  for (const pod of surplusOf(round, running)) plan.remove.push({ pod, why: 'surplus' });
}

/** One daemon a node; while an update surges, an old one that is ready beside the new one that is not available yet. */
function surplusOf(round: Round, running: readonly Stored<Pod>[]): Stored<Pod>[] {
  if (running.length <= 1) return [];
  if (round.surge === 0) return running.slice(1);
  const newest = running.find(round.isNew);
  const old = running.find((pod) => !round.isNew(pod));
  const isReplaced = newest && old && (round.isAvailable(newest) || !isReady(old));
  const kept = isReplaced ? [newest] : [newest, old];
  return running.filter((pod) => !kept.includes(pod));
}

/** Daemons of nodes that are gone, as far as no kubelet will ever tell of them. */
function removeStrays(round: Round, plan: DaemonSetPlan): void {
  const known = new Set(round.places.map((place) => place.name));
  for (const pod of round.input.pods) {
    if (pod.spec.nodeName || isTerminating(pod) || known.has(nodeOf(pod))) continue;
    plan.remove.push({ pod, why: 'surplus' });
  }
}

function rollInPlace(round: Round, plan: DaemonSetPlan): void {
  let unavailable = 0;
  const candidates: Stored<Pod>[] = [];
  for (const { fresh, old } of round.rolling()) {
    const [pod, ...more] = [...fresh, ...old];
    const isAvailable = pod !== undefined && more.length === 0 && round.isAvailable(pod);
    if (!isAvailable) unavailable++;
    if (!pod || more.length > 0 || fresh.length > 0) continue;
    // What does not work may go at once: nothing is lost by it.
    if (isAvailable) candidates.push(pod);
    else plan.remove.push({ pod, why: 'outdated' });
  }
  for (const pod of candidates.slice(0, Math.max(0, round.unavailable - unavailable)))
    plan.remove.push({ pod, why: 'outdated' });
}

function rollWithSurge(round: Round, plan: DaemonSetPlan): void {
  let [surging, available] = [0, 0];
  const candidates: string[] = [];
  const leaving: Stored<Pod>[] = [];
  for (const { name, runs, fresh, old } of round.rolling()) {
    const [before] = old;
    const [after] = fresh;
    if (before ? round.isAvailable(before) : after && round.isAvailable(after)) available++;
    if (!before) continue;
    if (after) {
      if (round.isAvailable(after)) plan.remove.push({ pod: before, why: 'outdated' });
      else surging++;
    } else if (!runs && round.isAvailable(before)) leaving.push(before);
    else if (!runs) plan.remove.push({ pod: before, why: 'outdated' });
    else if (round.isAvailable(before)) candidates.push(name);
    else plan.create.push(name);
  }
  plan.create.push(...candidates.slice(0, Math.max(0, round.surge - surging)));
  // A node that shall have no new one gives up its old one for others that are available.
  for (const pod of leaving.slice(0, Math.max(0, available - round.desired)))
    plan.remove.push({ pod, why: 'outdated' });
}

/** The status that the daemons amount to, and when it may change with time alone. */
export function daemonSetStatus(
  input: DaemonSetInput,
  collisionCount: number | undefined,
): { status: DaemonSetStatus; againInMs: number | undefined } {
  const { set, nowMs } = input;
  const round = new Round(input);
  const wanted = round.places.filter((place) => place.runs);
  const scheduled = wanted.filter(({ pods }) => pods.length > 0);
  // Of several daemons on a node the first counts: a rollout is over when the old ones are gone.
  const first = scheduled.flatMap(({ pods }) => pods[0] ?? []);
  const numberAvailable = first.filter(round.isAvailable).length;
  const waits = scheduled.flatMap(({ pods }) =>
    pods.map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) ?? 0),
  );
  const soonest = Math.min(...waits.filter((wait) => wait > 0));
  const status: DaemonSetStatus = {
    currentNumberScheduled: scheduled.length,
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: round.places.filter(({ runs, pods }) => !runs && pods.length > 0).length,
    numberReady: first.filter(isReady).length,
    observedGeneration: set.metadata.generation ?? 0,
    updatedNumberScheduled: first.filter(round.isNew).length,
    numberAvailable,
    numberUnavailable: wanted.length - numberAvailable,
    ...(collisionCount !== undefined && { collisionCount }),
  };
  return { status, againInMs: Number.isFinite(soonest) ? soonest : undefined };
}
