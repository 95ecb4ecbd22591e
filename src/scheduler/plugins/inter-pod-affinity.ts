import type { Namespace, Node, Pod } from '../../api/core/v1.ts';
import { namespaces, nodes, pods } from '../../api/generated/resources.ts';
import { type Labels, matchesLabels, sameLabels } from '../../machinery/label-selector.ts';
import { type AffinityTerm, pairOf, podTermsOf, termMatches } from '../cache/affinity-terms.ts';
import type { DomainCounts } from '../cache/domain-counts.ts';
import type { NodeInfo, PodInfo } from '../cache/node-info.ts';
import type { TermGroup } from '../cache/pod-index.ts';
import { interestIn } from '../framework/events.ts';
import { type Decision, maxScore, type Plugin, type Refusal } from '../framework/framework.ts';
import type { Lister } from '../framework/handle.ts';
import { own } from '../../machinery/own.ts';

const name = 'InterPodAffinity';
const filterKey = `filter ${name}`;
const scoreKey = `score ${name}`;

const refuse = (reason: string, unresolvable: boolean): Refusal => ({
  plugin: name,
  reasons: [reason],
  unresolvable,
});
const notNear = refuse("node(s) didn't match pod affinity rules", true);
const tooNear = refuse("node(s) didn't match pod anti-affinity rules", false);
const keptAway = refuse("node(s) didn't satisfy existing pods anti-affinity rules", false);

export interface InterPodAffinityArgs {
  /** What required affinity of a placed pod is worth for one that it means, 0..100. */
  hardPodAffinityWeight?: number;
  /** Placed pods' preferences do not count for pods that have none of their own. */
  ignorePreferredTermsOfExistingPods?: boolean;
}

type NamespaceLabels = (namespace: string | undefined) => Labels | undefined;

/** The term with the namespaces that its selector finds now, so that it can be counted for. */
function resolve(term: AffinityTerm, all: Lister<Namespace>): AffinityTerm {
  if (!term.namespaceSelector) return term;
  const found = all
    .list()
    .filter(({ metadata }) => matchesLabels(term.namespaceSelector, metadata.labels))
    .map(({ metadata }) => metadata.name);
  const merged = [...new Set([...term.namespaces, ...found])].sort();
  return { ...term, namespaces: merged, namespaceSelector: undefined };
}

/** Counts of the pods that satisfy all the terms, by the values of whatever topology key. */
function countsOf(
  { snapshot }: Decision,
  terms: readonly AffinityTerm[],
): (topologyKey: string) => DomainCounts {
  const parts = JSON.stringify(terms.map((term) => [term.namespaces, term.selectorText]));
  const pair = pairOf(terms[0]?.selector);
  const countsPod = (pod: Pod) => terms.every((term) => termMatches(term, pod, undefined));
  return (topologyKey) =>
    snapshot.pods.count({
      key: `${name} ${topologyKey} ${parts}`,
      topologyKey,
      pair,
      sparse: true,
      countsPod,
    });
}

const countOf = (decision: Decision, term: AffinityTerm) => countsOf(decision, [term])(term.topologyKey);

interface Counts {
  of(domain: string): number;
  readonly total: number;
}

/** Counts by domain, and what a trial has changed of them. */
class Tally {
  readonly topologyKey: string;
  readonly #counts: readonly Counts[];
  readonly #changes: Map<string, number>;

  constructor(topologyKey: string, counts: readonly Counts[], changes: Iterable<[string, number]> = []) {
    this.topologyKey = topologyKey;
    this.#counts = counts;
    this.#changes = new Map(changes);
  }

  /** Pods in the node's domain; undefined where the node has none. */
  on(node: Node): number | undefined {
    const domain = own(node.metadata.labels, this.topologyKey);
    if (domain === undefined) return undefined;
    let sum = this.#changes.size > 0 ? (this.#changes.get(domain) ?? 0) : 0;
    for (const counts of this.#counts) sum += counts.of(domain);
    return sum;
  }

  /** Pods in all domains. */
  total(): number {
    let sum = 0;
    for (const by of this.#changes.values()) sum += by;
    for (const counts of this.#counts) sum += counts.total;
    return sum;
  }

  change(node: Node, by: number): void {
    const domain = own(node.metadata.labels, this.topologyKey);
    if (domain !== undefined) this.#changes.set(domain, (this.#changes.get(domain) ?? 0) + by);
  }

  clone(): Tally {
    return new Tally(this.topologyKey, this.#counts, this.#changes);
  }
}

/** What `filter` needs of one pod. */
class FilterState {
  readonly terms: readonly AffinityTerm[];
  /** Pods that satisfy all required terms, by each of their topology keys. */
  readonly near: readonly Tally[];
  readonly antiTerms: readonly AffinityTerm[];
  /** Pods that each term keeps away from. */
  readonly apart: readonly Tally[];
  /** Pods that keep away from this one, by topology key. */
  readonly keptAway: Map<string, Tally>;

  constructor(parts: Omit<FilterState, 'clone'>) {
    this.terms = parts.terms;
    this.near = parts.near;
    this.antiTerms = parts.antiTerms;
    this.apart = parts.apart;
    this.keptAway = parts.keptAway;
  }

  clone(): FilterState {
    return new FilterState({
      ...this,
      near: this.near.map((tally) => tally.clone()),
      apart: this.apart.map((tally) => tally.clone()),
      keptAway: new Map([...this.keptAway].map(([key, tally]) => [key, tally.clone()])),
    });
  }
}

function antiAffinityOf(groups: readonly TermGroup[]): Map<string, Tally> {
  const byKey = new Map<string, Counts[]>();
  for (const { kind, term, counts } of groups) {
    if (kind !== 'requiredAntiAffinity') continue;
    const list = byKey.get(term.topologyKey) ?? [];
    list.push({ of: (domain) => counts.get(domain) ?? 0, total: counts.size });
    byKey.set(term.topologyKey, list);
  }
  return new Map([...byKey].map(([key, counts]) => [key, new Tally(key, counts)]));
}

function filterState(decision: Decision, groups: readonly TermGroup[], all: Lister<Namespace>): FilterState {
  const own = decision.pod.terms;
  const terms = (own?.requiredAffinity ?? []).map((term) => resolve(term, all));
  const antiTerms = (own?.requiredAntiAffinity ?? []).map((term) => resolve(term, all));
  const nearBy = countsOf(decision, terms);
  return new FilterState({
    terms,
    // Each counts what satisfies all terms, so one is enough for a key.
    near: [...new Set(terms.map(({ topologyKey }) => topologyKey))].map(
      (key) => new Tally(key, [nearBy(key)]),
    ),
    antiTerms,
    apart: antiTerms.map((term) => new Tally(term.topologyKey, [countOf(decision, term)])),
    keptAway: antiAffinityOf(groups),
  });
}

/** The first of a group of pods that want to be together may go anywhere, or none ever could. */
function isFirst({ terms, near }: FilterState, pod: Pod, labels: NamespaceLabels): boolean {
  return (
    near.every((tally) => tally.total() === 0) &&
    terms.every((term) => termMatches(term, pod, labels(pod.metadata.namespace)))
  );
}

function nearEnough(state: FilterState, node: Node, first: () => boolean): boolean {
  let all = true;
  for (const tally of state.near) {
    const count = tally.on(node);
    if (count === undefined) return false;
    if (count <= 0) all = false;
  }
  return all || first();
}

const isPositive = (count: number | undefined) => count !== undefined && count > 0;

/** One source of points: pods in the node's domain, times a weight. */
interface Pull {
  topologyKey: string;
  weight: number;
  of(domain: string): number;
}

function weightOf({ kind, term }: TermGroup, hardWeight: number): number {
  switch (kind) {
    case 'requiredAffinity':
      return hardWeight;
    case 'preferredAffinity':
      return term.weight;
    case 'preferredAntiAffinity':
      return -term.weight;
    case 'requiredAntiAffinity':
      return 0;
  }
}

/** Pods that are together by choice or by force, or keep apart. */
export function interPodAffinity(
  all: Lister<Namespace>,
  { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false }: InterPodAffinityArgs = {},
): Plugin {
  const labels: NamespaceLabels = (namespace) => all.get(namespace ?? '')?.metadata.labels;
  const groupsFor = ({ snapshot, pod: { pod } }: Decision) =>
    snapshot.pods.termsThatMean(pod, labels(pod.metadata.namespace));

  const ownPulls = (decision: Decision): Pull[] => {
    const { preferredAffinity = [], preferredAntiAffinity = [] } = decision.pod.terms ?? {};
    const pull = (term: AffinityTerm, sign: 1 | -1): Pull => {
      const counts = countOf(decision, resolve(term, all));
      return { topologyKey: term.topologyKey, weight: sign * term.weight, of: (d) => counts.of(d) };
    };
    return [...preferredAffinity.map((t) => pull(t, 1)), ...preferredAntiAffinity.map((t) => pull(t, -1))];
  };
  const othersPulls = (decision: Decision): Pull[] =>
    groupsFor(decision)
      .map((group) => ({
        topologyKey: group.term.topologyKey,
        weight: weightOf(group, hardPodAffinityWeight),
        of: (domain: string) => group.counts.get(domain) ?? 0,
      }))
      .filter(({ weight }) => weight !== 0);

  return {
    name,
    events: eventsOf(labels),
    // Terms of its own and of others that mean it go by its labels.
    changeHelps: (pod, old) => !sameLabels(pod, old),
    preFilter(decision) {
      const state = filterState(decision, groupsFor(decision), all);
      const hasNothing = state.terms.length + state.antiTerms.length + state.keptAway.size === 0;
      if (hasNothing && decision.snapshot.nominated.withTerms === 0) return { skip: true };
      decision.state.set(filterKey, state);
      return undefined;
    },
    filter({ state, pod }, { node }) {
      const s = state.get<FilterState>(filterKey);
      if (!s) return undefined;
      if (s.near.length > 0 && !nearEnough(s, node, () => isFirst(s, pod.pod, labels))) return notNear;
      for (const tally of s.apart) if (isPositive(tally.on(node))) return tooNear;
      for (const tally of s.keptAway.values()) if (isPositive(tally.on(node))) return keptAway;
      return undefined;
    },
    changePod({ state, pod }, change) {
      const s = state.get<FilterState>(filterKey);
      if (s) changeState(s, { ...change, incoming: pod.pod, labels });
    },
    preScore(decision) {
      const own = ownPulls(decision);
      const ignoreOthers = ignorePreferredTermsOfExistingPods && own.length === 0;
      const pulls = ignoreOthers ? own : [...own, ...othersPulls(decision)];
      decision.state.set(scoreKey, pulls);
      return pulls.length === 0 ? 'skip' : undefined;
    },
    score({ state }, { node }) {
      let sum = 0;
      for (const { topologyKey, weight, of } of state.get<Pull[]>(scoreKey) ?? []) {
        const domain = own(node.metadata.labels, topologyKey);
        if (domain !== undefined) sum += weight * of(domain);
      }
      return sum;
    },
    normalize: (_, scores) => stretch(scores),
  };
}

/** The lowest becomes 0, the highest 100. */
function stretch(scores: number[]): void {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const score of scores) {
    if (score < lowest) lowest = score;
    if (score > highest) highest = score;
  }
  const range = highest - lowest;
  for (let i = 0; i < scores.length; i++)
    scores[i] = range > 0 ? Math.floor(maxScore * (((scores[i] as number) - lowest) / range)) : 0;
}

interface Change {
  pod: PodInfo;
  node: NodeInfo;
  by: 1 | -1;
  incoming: Pod;
  labels: NamespaceLabels;
}

function changeState(state: FilterState, { pod, node: { node }, by, incoming, labels }: Change): void {
  const { terms, near, antiTerms, apart } = state;
  if (terms.length > 0 && terms.every((term) => termMatches(term, pod.pod, undefined)))
    for (const tally of near) tally.change(node, by);
  antiTerms.forEach((term, i) => {
    if (termMatches(term, pod.pod, undefined)) apart[i]?.change(node, by);
  });
  for (const term of pod.terms?.requiredAntiAffinity ?? []) {
    if (!termMatches(term, incoming, labels(incoming.metadata.namespace))) continue;
    const tally = state.keptAway.get(term.topologyKey) ?? new Tally(term.topologyKey, []);
    state.keptAway.set(term.topologyKey, tally);
    tally.change(node, by);
  }
}

/** A pod that comes, goes or changes its labels matters to those whose terms mean it, or that its own terms mean. */
function eventsOf(labels: NamespaceLabels): Plugin['events'] {
  const means = (pod: Pod, other: Pod) => {
    const terms = podTermsOf(pod);
    const own = [...(terms?.requiredAffinity ?? []), ...(terms?.requiredAntiAffinity ?? [])];
    return own.some((term) => termMatches(term, other, labels(other.metadata.namespace)));
  };
  const related = (pod: Pod, other: Pod) => means(pod, other) || means(other, pod);
  const topologyKeys = (pod: Pod) => {
    const { requiredAffinity = [], requiredAntiAffinity = [] } = podTermsOf(pod) ?? {};
    const keysOf = (terms: typeof requiredAffinity) => terms.map((term) => term.topologyKey);
    return { near: keysOf(requiredAffinity), apart: keysOf(requiredAntiAffinity) };
  };
  return [
    interestIn(pods, ['Add', 'Update', 'Delete'], (pod, other, old) => {
      if (!old) return related(pod, other);
      const isSame = sameLabels(other, old);
      return !isSame && (related(pod, other) || related(pod, old));
    }),
    interestIn(nodes, ['Add', 'UpdateLabel'], (pod, node, old) => {
      const { near, apart } = topologyKeys(pod);
      const { labels: now } = node.metadata;
      // A node without the key of a term that keeps apart is in nobody's domain.
      if (!old) return near.every((key) => now?.[key] !== undefined);
      const keys = [...near, ...apart];
      // Without terms of its own it was kept away by others, whose keys are not known here.
      return keys.length === 0 || keys.some((key) => now?.[key] !== old.metadata.labels?.[key]);
    }),
    interestIn(namespaces, ['Add', 'Update']),
  ];
}
