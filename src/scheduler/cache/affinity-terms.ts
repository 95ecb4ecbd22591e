import type { Affinity, Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '../../api/core/v1.ts';
import type { LabelSelector } from '../../api/meta/v1.ts';
import {
  compiledOnce,
  formatLabelSelector,
  type Labels,
  matchesLabels,
  type Requirement,
  type Selector,
} from '../../machinery/label-selector.ts';
import { own } from '../../machinery/own.ts';

/** A term of a pod's affinity to other pods, made ready for matching. */
export interface AffinityTerm {
  readonly topologyKey: string;
  readonly namespaces: readonly string[];
  /** Namespaces by their labels, beside those named. */
  readonly namespaceSelector: Selector | undefined;
  /** Undefined selects nothing. */
  readonly selector: Selector | undefined;
  readonly weight: number;
  /** The selector as text; null where there is none. */
  readonly selectorText: string | null;
  /** Equal for terms that mean the same. */
  readonly key: string;
}

/** A pod's terms by what they do. */
export interface PodTerms {
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
}

export const termKinds = [
  'requiredAffinity',
  'requiredAntiAffinity',
  'preferredAffinity',
  'preferredAntiAffinity',
] as const satisfies readonly (keyof PodTerms)[];

export type TermKind = (typeof termKinds)[number];

/** A selector that cannot be read selects nothing; validation lets none in. Read once for each object that an informer shows. */
export function compileOrNothing(selector: LabelSelector | undefined): Selector | undefined {
  try {
    return compiledOnce(selector);
  } catch {
    return undefined;
  }
}

/** The conditions that label keys of the pod itself add to a selector. */
export function keyRequirements(
  keys: readonly string[] | undefined,
  labels: Labels | undefined,
  operator: 'in' | 'notin',
): Requirement[] {
  return (keys ?? []).flatMap((key) => {
    const value = own(labels, key);
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
}

function compileTerm(pod: Pod, term: PodAffinityTerm, weight: number): AffinityTerm {
  const { topologyKey, namespaces = [], matchLabelKeys, mismatchLabelKeys } = term;
  const { labels, namespace = '' } = pod.metadata;
  const base = compileOrNothing(term.labelSelector);
  const selector = base && [
    ...base,
    ...keyRequirements(matchLabelKeys, labels, 'in'),
    ...keyRequirements(mismatchLabelKeys, labels, 'notin'),
  ];
  const namespaceSelector = compileOrNothing(term.namespaceSelector);
  const named = namespaces.length === 0 && !namespaceSelector ? [namespace] : [...namespaces].sort();
  const text = (s: Selector | undefined) => (s ? formatLabelSelector(s) : null);
  const selectorText = text(selector);
  const key = JSON.stringify([topologyKey, named, text(namespaceSelector), selectorText, weight]);
  return { topologyKey, namespaces: named, namespaceSelector, selector, selectorText, weight, key };
}

const required = (pod: Pod, terms: readonly PodAffinityTerm[] | undefined) =>
  (terms ?? []).map((term) => compileTerm(pod, term, 1));

const preferred = (pod: Pod, terms: readonly WeightedPodAffinityTerm[] | undefined) =>
  (terms ?? []).map(({ podAffinityTerm, weight }) => compileTerm(pod, podAffinityTerm, weight));

const hasTerms = ({ podAffinity, podAntiAffinity }: Affinity) => podAffinity || podAntiAffinity;

/** Terms that one pod may have. The scheduler places none with more, and heeds none of those that were placed by others. */
export const mostTerms = 1000;

/** How many there are. */
export function podTermCount({ podAffinity: near, podAntiAffinity: apart }: Affinity): number {
  return (
    lengthOf(near?.requiredDuringSchedulingIgnoredDuringExecution) +
    lengthOf(near?.preferredDuringSchedulingIgnoredDuringExecution) +
    lengthOf(apart?.requiredDuringSchedulingIgnoredDuringExecution) +
    lengthOf(apart?.preferredDuringSchedulingIgnoredDuringExecution)
  );
}

const lengthOf = (list: readonly unknown[] | undefined) => list?.length ?? 0;

const compiled = new WeakMap<Pod, PodTerms>();

/** The pod's affinity to other pods, or undefined where it has none that is heeded. */
export function podTermsOf(pod: Pod): PodTerms | undefined {
  const { affinity } = pod.spec;
  if (!affinity || !hasTerms(affinity) || podTermCount(affinity) > mostTerms) return undefined;
  let terms = compiled.get(pod);
  if (!terms) compiled.set(pod, (terms = compileTerms(pod, affinity)));
  return terms;
}

function compileTerms(pod: Pod, affinity: Affinity): PodTerms {
  const { podAffinity, podAntiAffinity } = affinity;
  return {
    requiredAffinity: required(pod, podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(pod, podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(pod, podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(pod, podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

/** Whether a pod is one of those that the term means. `namespaceLabels` are those of the pod's namespace. */
export function termMatches(term: AffinityTerm, pod: Pod, namespaceLabels: Labels | undefined): boolean {
  const inNamespace =
    term.namespaces.includes(pod.metadata.namespace ?? '') ||
    (term.namespaceSelector !== undefined && matchesLabels(term.namespaceSelector, namespaceLabels ?? {}));
  return inNamespace && matchesLabels(term.selector, pod.metadata.labels);
}

/** A label that everything a selector matches must have, as `key=value`; for finding selectors by labels. */
export function pairOf(selector: Selector | undefined): string | undefined {
  const exact = selector?.find(
    ({ operator, values }) => ['in', '=', '=='].includes(operator) && values.length === 1,
  );
  return exact && `${exact.key}=${exact.values[0]}`;
}
