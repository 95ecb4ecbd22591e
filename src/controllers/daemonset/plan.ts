import type { DaemonSet, DaemonSetStatus } from '../../api/apps/v1.ts';
import type { Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { scaledIntOrPercent } from '../../machinery/int-or-string.ts';
import { availableInMs, isReady } from '../shared/pods.ts';
import { hashLabel, nodeOf, placement } from './pods.ts';

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

/** A node with the daemons on it. */
interface Place {
  name: string;
  runs: boolean;
  goesOn: boolean;
  pods: Stored<Pod>[];
}

const byAge = (a: Stored<Pod>, b: Stored<Pod>) =>
  a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
  a.metadata.name.localeCompare(b.metadata.name);

const isTerminating = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;

class Round {
  readonly input: DaemonSetInput;
  readonly places: Place[];
  readonly surge: number;
  readonly unavailable: number;

  constructor(input: DaemonSetInput) {
    this.input = input;
    const byNode = groupBy(input.pods, nodeOf);
    this.places = input.nodes.map((node) => {
      const { name } = node.metadata;
      return { name, ...placement(input.set, node), pods: byNode.get(name) ?? [] };
    });
    const { type, rollingUpdate } = input.set.spec.updateStrategy ?? {};
    const rolls = type !== 'OnDelete';
    const desired = this.places.filter((place) => place.runs).length;
    this.surge = rolls ? scaledIntOrPercent(rollingUpdate?.maxSurge ?? 0, desired, 'up') : 0;
    const most = scaledIntOrPercent(rollingUpdate?.maxUnavailable ?? 1, desired, 'up');
    this.unavailable = rolls ? (this.surge === 0 ? Math.max(1, most) : most) : 0;
  }

  isNew = (pod: Pod) => pod.metadata.labels?.[hashLabel] === this.input.hash;

  isAvailable = (pod: Pod) =>
    availableInMs(pod, this.input.set.spec.minReadySeconds ?? 0, this.input.nowMs) === 0;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** What to do now: every node that shall have a daemon has one, and old ones are replaced a few at a time. */
export function planDaemonSet(input: DaemonSetInput): DaemonSetPlan {
  const plan: DaemonSetPlan = { create: [], remove: [] };
  if (input.set.metadata.deletionTimestamp) return plan;
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
  if (place.runs && place.pods.length === 0) plan.create.push(place.name);
  const phase = (name: string) => living.filter((pod) => pod.status?.phase === name);
  for (const pod of phase('Failed'))
    if (!round.input.isHeldBack(pod)) plan.remove.push({ pod, why: 'failed' });
  for (const pod of phase('Succeeded')) plan.remove.push({ pod, why: 'succeeded' });
  const running = living.filter((p) => p.status?.phase !== 'Failed' && p.status?.phase !== 'Succeeded');
  for (const pod of surplusOf(round, running.sort(byAge))) plan.remove.push({ pod, why: 'surplus' });
}

/** One daemon a node; while an update surges, an old one beside the new one that is not available yet. */
function surplusOf(round: Round, running: readonly Stored<Pod>[]): Stored<Pod>[] {
  if (running.length <= 1) return [];
  if (round.surge === 0) return running.slice(1);
  const newest = running.find(round.isNew);
  const old = running.find((pod) => !round.isNew(pod));
  const kept = newest && round.isAvailable(newest) ? [newest] : [newest, old];
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
  for (const { runs, pods } of round.places) {
    if (!runs) continue;
    const pod = pods.find((p) => !isTerminating(p));
    if (!pod || !round.isAvailable(pod)) unavailable++;
    if (!pod || round.isNew(pod)) continue;
    // What does not work may go at once: nothing is lost by it.
    if (round.isAvailable(pod)) candidates.push(pod);
    else plan.remove.push({ pod, why: 'outdated' });
  }
  for (const pod of candidates.slice(0, Math.max(0, round.unavailable - unavailable)))
    plan.remove.push({ pod, why: 'outdated' });
}

function rollWithSurge(round: Round, plan: DaemonSetPlan): void {
  let surging = 0;
  const candidates: string[] = [];
  for (const { name, runs, pods } of round.places) {
    if (!runs) continue;
    const fresh = pods.find((p) => round.isNew(p) && !isTerminating(p));
    const old = pods.find((p) => !round.isNew(p));
    if (fresh && !round.isAvailable(fresh)) surging++;
    if (fresh || !old || isTerminating(old)) continue;
    if (round.isAvailable(old)) candidates.push(name);
    else plan.create.push(name);
  }
  plan.create.push(...candidates.slice(0, Math.max(0, round.surge - surging)));
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
  // Of several daemons on a node the oldest is looked at.
  const first = scheduled.flatMap(({ pods }) => [...pods].sort(byAge)[0] ?? []);
  const has = (place: Place, fits: (pod: Stored<Pod>) => boolean) => place.pods.some(fits);
  const numberAvailable = scheduled.filter((p) => has(p, round.isAvailable)).length;
  const waits = first.map((pod) => availableInMs(pod, set.spec.minReadySeconds ?? 0, nowMs) ?? 0);
  const soonest = Math.min(...waits.filter((wait) => wait > 0));
  const status: DaemonSetStatus = {
    currentNumberScheduled: scheduled.length,
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: round.places.filter(({ runs, pods }) => !runs && pods.length > 0).length,
    numberReady: scheduled.filter((p) => has(p, isReady)).length,
    observedGeneration: set.metadata.generation ?? 0,
    updatedNumberScheduled: scheduled.filter((p) => has(p, round.isNew)).length,
    numberAvailable,
    numberUnavailable: wanted.length - numberAvailable,
    ...(collisionCount !== undefined && { collisionCount }),
  };
  return { status, againInMs: Number.isFinite(soonest) ? soonest : undefined };
}
