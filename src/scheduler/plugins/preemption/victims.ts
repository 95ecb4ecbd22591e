import type { Pod } from '../../../api/core/v1.ts';
import type { PodDisruptionBudget } from '../../../api/policy/v1.ts';
import { matchesLabels, type Selector } from '../../../machinery/label-selector.ts';
import { own } from '../../../machinery/own.ts';
import { compileOrNothing } from '../../cache/affinity-terms.ts';
import { type NodeInfo, type PodInfo, withoutPod, withPod } from '../../cache/node-info.ts';
import { changePod, firstRefusal } from '../../decide.ts';
import type { Decision, Refusal } from '../../framework/framework.ts';

/** What it would cost to put a pod on a node. */
export interface Candidate {
  readonly node: string;
  /** The most important one first. */
  readonly victims: readonly PodInfo[];
  /** Victims whose disruption budgets do not allow it. */
  readonly violations: number;
  /** Grows with their number, and with their priorities. */
  readonly sumOfPriorities: number;
  /** When the first of the most important ones started. */
  readonly earliestStart: string;
}

/** Makes sums of priorities grow with the number of victims, also where priorities are negative. */
const priorityShift = 2 ** 31;

export function candidateOf(node: string, pods: readonly PodInfo[], violations: number): Candidate {
  const victims = [...pods].sort(byImportance);
  const highest = victims[0]?.priority;
  const starts = victims.filter(({ priority }) => priority === highest).map(startOf);
  return {
    node,
    victims,
    violations,
    sumOfPriorities: victims.reduce((sum, { priority }) => sum + priority + priorityShift, 0),
    earliestStart: starts.sort()[0] ?? '',
  };
}

const startOf = ({ pod }: PodInfo) => pod.status?.startTime ?? '9999';

/** The higher priority matters more; of equals the pod that has run longer. */
export function byImportance(a: PodInfo, b: PodInfo): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  return startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0;
}

/** Sets of labels of which it is remembered what they are under. */
const mostKnown = 10_000;

/**
 * The budgets that there are, asked pod by pod. Pods of one namespace that have the same labels are under the same ones: that is found out
 * for the first of them, since hundreds of budgets may select each of a hundred thousand pods.
 */
export class Budgets {
  readonly #all = new Map<string, { budget: PodDisruptionBudget; selector: Selector }[]>();
  readonly #known = new Map<string, readonly PodDisruptionBudget[]>();

  constructor(budgets: readonly PodDisruptionBudget[]) {
    for (const budget of budgets) {
      const { namespace = '' } = budget.metadata;
      const selector = compileOrNothing(budget.spec.selector);
      if (!selector?.length) continue;
      const near = this.#all.get(namespace);
      if (near) near.push({ budget, selector });
      else this.#all.set(namespace, [{ budget, selector }]);
    }
  }

  /** Those that a pod is under. */
  of({ metadata: { namespace = '', labels = {} } }: Pod): readonly PodDisruptionBudget[] {
    const near = this.#all.get(namespace);
    if (!near) return [];
    const text = `${namespace} ${JSON.stringify(labels)}`;
    let found = this.#known.get(text);
    if (!found) {
      const isBare = Object.keys(labels).length === 0;
      found = near.flatMap((one) => (!isBare && matchesLabels(one.selector, labels) ? one.budget : []));
      if (this.#known.size >= mostKnown) this.#known.clear();
      this.#known.set(text, found);
    }
    return found;
  }
}

/** Splits pods by whether evicting them, in this order, would break a budget. */
export function splitByBudget(
  pods: readonly PodInfo[],
  budgets: Budgets,
): { violating: PodInfo[]; others: PodInfo[] } {
  const left = new Map<PodDisruptionBudget, number>();
  const split = { violating: [] as PodInfo[], others: [] as PodInfo[] };
  for (const info of pods) {
    let isViolating = false;
    for (const budget of budgets.of(info.pod)) {
      const { disruptedPods, disruptionsAllowed = 0 } = budget.status ?? {};
      // What the budget has been told of already is counted there.
      if (own(disruptedPods, info.pod.metadata.name) !== undefined) continue;
      const allowed = (left.get(budget) ?? disruptionsAllowed) - 1;
      left.set(budget, allowed);
      if (allowed < 0) isViolating = true;
    }
    split[isViolating ? 'violating' : 'others'].push(info);
  }
  return split;
}

const noVictims: Refusal = {
  plugin: 'DefaultPreemption',
  reasons: ['No preemption victims found for incoming pod'],
  unresolvable: true,
};

/** A node on which pods are taken away and put back in thought. */
class Trial {
  readonly #decision: Decision;
  #node: NodeInfo;

  constructor(decision: Decision, node: NodeInfo) {
    this.#decision = { ...decision, state: decision.state.clone() };
    this.#node = node;
  }

  remove(pod: PodInfo): void {
    this.#node = withoutPod(this.#node, pod.pod.metadata.uid);
    changePod(this.#decision, { pod, node: this.#node, by: -1 });
  }

  add(pod: PodInfo): void {
    this.#node = withPod(this.#node, pod);
    changePod(this.#decision, { pod, node: this.#node, by: 1 });
  }

  refusal(): Refusal | undefined {
    return firstRefusal(this.#decision, this.#node);
  }
}

/**
 * The fewest and least important pods of a node that must go for the pod to fit. All that matter less are taken away;
 * then as many as possible are spared, first those whose budgets would suffer, the important ones first.
 */
export function victimsOn(decision: Decision, node: NodeInfo, budgets: Budgets): Candidate | Refusal {
  const lesser = node.pods.filter((other) => other.priority < decision.pod.priority);
  if (lesser.length === 0) return noVictims;
  const trial = new Trial(decision, node);
  for (const pod of lesser) trial.remove(pod);
  const refusal = trial.refusal();
  if (refusal) return refusal;
  const { violating, others } = splitByBudget([...lesser].sort(byImportance), budgets);
  const victims: PodInfo[] = [];
  const mustGo = (pod: PodInfo): boolean => {
    trial.add(pod);
    if (!trial.refusal()) return false;
    trial.remove(pod);
    victims.push(pod);
    return true;
  };
  const violations = violating.filter(mustGo).length;
  others.filter(mustGo);
  return candidateOf(node.name, victims, violations);
}

/**
 * The candidate that does least harm: no broken budgets, then the lowest of the highest priorities, the lowest sum of
 * priorities, the fewest victims, and victims that started last. (upstream's order)
 */
export function leastHarm(candidates: readonly Candidate[]): Candidate | undefined {
  const compare = (a: Candidate, b: Candidate): number =>
    a.violations - b.violations ||
    (a.victims[0]?.priority ?? 0) - (b.victims[0]?.priority ?? 0) ||
    a.sumOfPriorities - b.sumOfPriorities ||
    a.victims.length - b.victims.length ||
    (a.earliestStart > b.earliestStart ? -1 : a.earliestStart < b.earliestStart ? 1 : 0);
  let best = candidates[0];
  for (const candidate of candidates) if (best && compare(candidate, best) < 0) best = candidate;
  return best;
}
