import type { Node, Pod, PodAffinityTerm, Taint } from '../api/core/v1.ts';
import type { LabelSelector } from '../api/meta/v1.ts';
import type { Stored } from '../api/resource.ts';
import { milliValue, quantityValue } from '../machinery/quantity.ts';

/* Placement the slow, obvious way: every rule looks at everything, and nothing is remembered. For tests. */

type Labels = Record<string, string>;

/** A cluster as it stands. */
export interface World {
  nodes: readonly Stored<Node>[];
  /** Pods that have a node. */
  pods: readonly Stored<Pod>[];
  namespaceLabels: Readonly<Record<string, Labels>>;
}

function selects(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (!selector) return false;
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels[key];
    if (operator === 'In' && !(value !== undefined && values.includes(value))) return false;
    if (operator === 'NotIn' && value !== undefined && values.includes(value)) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

const labelsOf = (node: Node): Labels => node.metadata.labels ?? {};
const namespaceOf = (pod: Pod) => pod.metadata.namespace as string;

function tolerated(pod: Pod, taint: Taint): boolean {
  return (pod.spec.tolerations ?? []).some((t) => {
    if (t.effect && t.effect !== taint.effect) return false;
    if (t.operator === 'Exists') return !t.key || t.key === taint.key;
    return t.key === taint.key && (t.value ?? '') === (taint.value ?? '');
  });
}

const repels = (node: Node, pod: Pod) =>
  (node.spec?.taints ?? []).some((t) => t.effect !== 'PreferNoSchedule' && !tolerated(pod, t));

const chosenByLabels = (node: Node, pod: Pod) =>
  Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labelsOf(node)[key] === value);

function requested(pod: Pod, resource: 'cpu' | 'memory'): number {
  const value = resource === 'cpu' ? milliValue : quantityValue;
  return pod.spec.containers.reduce((sum, c) => sum + value(c.resources?.requests?.[resource] ?? '0'), 0);
}

/** Whether the term of `owner` means `other`. */
function means(world: World, term: PodAffinityTerm, owner: Pod, other: Pod): boolean {
  const selector = { ...term.labelSelector };
  const extra = [
    ...(term.matchLabelKeys ?? []).map((key) => ({ key, operator: 'In' })),
    ...(term.mismatchLabelKeys ?? []).map((key) => ({ key, operator: 'NotIn' })),
  ].flatMap(({ key, operator }) => {
    const value = owner.metadata.labels?.[key];
    return value === undefined ? [] : [{ key, operator, values: [value] }];
  });
  selector.matchExpressions = [...(selector.matchExpressions ?? []), ...extra];
  const named = term.namespaces ?? [];
  const byName =
    named.length === 0 && !term.namespaceSelector
      ? namespaceOf(other) === namespaceOf(owner)
      : named.includes(namespaceOf(other));
  const byLabels = term.namespaceSelector
    ? selects(term.namespaceSelector, world.namespaceLabels[namespaceOf(other)])
    : false;
  return (byName || byLabels) && term.labelSelector !== undefined && selects(selector, other.metadata.labels);
}

const nodeOf = (world: World, pod: Pod) => world.nodes.find((n) => n.metadata.name === pod.spec.nodeName);

/** Whether both nodes have the label, and the same value of it. */
function together(a: Node, b: Node | undefined, key: string): boolean {
  return b !== undefined && labelsOf(a)[key] !== undefined && labelsOf(a)[key] === labelsOf(b)[key];
}

const requiredAffinity = (pod: Pod) =>
  pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const requiredAntiAffinity = (pod: Pod) =>
  pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

function nearOthers(world: World, pod: Pod, node: Node): boolean {
  const terms = requiredAffinity(pod);
  if (terms.length === 0) return true;
  if (terms.some((term) => labelsOf(node)[term.topologyKey] === undefined)) return false;
  const wanted = world.pods.filter((other) => terms.every((term) => means(world, term, pod, other)));
  const here = terms.every((term) =>
    wanted.some((other) => together(node, nodeOf(world, other), term.topologyKey)),
  );
  if (here) return true;
  const anywhere = wanted.some((other) =>
    terms.some(
      (term) => labelsOf(nodeOf(world, other) ?? ({ metadata: {} } as Node))[term.topologyKey] !== undefined,
    ),
  );
  return !anywhere && terms.every((term) => means(world, term, pod, pod));
}

const apartFromOthers = (world: World, pod: Pod, node: Node) =>
  !requiredAntiAffinity(pod).some((term) =>
    world.pods.some(
      (other) => means(world, term, pod, other) && together(node, nodeOf(world, other), term.topologyKey),
    ),
  );

const othersDoNotMind = (world: World, pod: Pod, node: Node) =>
  !world.pods.some((other) =>
    requiredAntiAffinity(other).some(
      (term) => means(world, term, other, pod) && together(node, nodeOf(world, other), term.topologyKey),
    ),
  );

/** Undefined where the pod may be there, else what is wrong. */
function spreadProblem(world: World, pod: Pod, node: Node): string | undefined {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter(
    (c) => c.whenUnsatisfiable === 'DoNotSchedule',
  );
  const text = "node(s) didn't match pod topology spread constraints";
  for (const c of constraints) {
    const domain = labelsOf(node)[c.topologyKey];
    if (domain === undefined) return `${text} (missing required label)`;
    const counted = world.nodes.filter(
      (n) =>
        constraints.every(({ topologyKey }) => labelsOf(n)[topologyKey] !== undefined) &&
        (c.nodeAffinityPolicy === 'Ignore' || chosenByLabels(n, pod)) &&
        (c.nodeTaintsPolicy !== 'Honor' || !repels(n, pod)),
    );
    const selector = { ...c.labelSelector };
    for (const key of c.matchLabelKeys ?? []) {
      const value = pod.metadata.labels?.[key];
      if (value === undefined) continue;
      selector.matchExpressions = [
        ...(selector.matchExpressions ?? []),
        { key, operator: 'In', values: [value] },
      ];
    }
    const isCounted = (other: Pod) =>
      namespaceOf(other) === namespaceOf(pod) &&
      c.labelSelector !== undefined &&
      selects(selector, other.metadata.labels);
    const countIn = (value: string) =>
      world.pods.filter(
        (other) =>
          isCounted(other) &&
          counted.some(
            (n) => n.metadata.name === other.spec.nodeName && labelsOf(n)[c.topologyKey] === value,
          ),
      ).length;
    const domains = [...new Set(counted.map((n) => labelsOf(n)[c.topologyKey] as string))];
    const least = domains.length < (c.minDomains ?? 1) ? 0 : Math.min(...domains.map(countIn));
    if (countIn(domain) + (isCounted(pod) ? 1 : 0) - least > c.maxSkew) return text;
  }
  return undefined;
}

/** The first rule that keeps the pod from the node, by upstream's words; undefined where it fits. */
export function obviousProblem(world: World, pod: Stored<Pod>, node: Stored<Node>): string | undefined {
  const cordon = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  if (node.spec?.unschedulable && !tolerated(pod, cordon)) return 'node(s) were unschedulable';
  if (repels(node, pod)) return 'node(s) had untolerated taint(s)';
  if (!chosenByLabels(node, pod)) return "node(s) didn't match Pod's node affinity/selector";
  const here = world.pods.filter((other) => other.spec.nodeName === node.metadata.name);
  const lacking = (['cpu', 'memory'] as const).filter((resource) => {
    const value = resource === 'cpu' ? milliValue : quantityValue;
    const used = here.reduce((sum, other) => sum + requested(other, resource), 0);
    return (
      requested(pod, resource) > 0 &&
      used + requested(pod, resource) > value(node.status?.allocatable?.[resource] ?? '0')
    );
  });
  const most = Number(node.status?.allocatable?.pods ?? '0');
  const reasons = [
    ...(here.length + 1 > most ? ['Too many pods'] : []),
    ...lacking.map((resource) => `Insufficient ${resource}`),
  ];
  if (reasons.length > 0) return reasons.join();
  const spread = spreadProblem(world, pod, node);
  if (spread) return spread;
  if (!nearOthers(world, pod, node)) return "node(s) didn't match pod affinity rules";
  if (!apartFromOthers(world, pod, node)) return "node(s) didn't match pod anti-affinity rules";
  if (!othersDoNotMind(world, pod, node)) return "node(s) didn't satisfy existing pods anti-affinity rules";
  return undefined;
}

/** What InterPodAffinity makes of a node before it is brought to 0..100. */
export function obviousAffinityScore(world: World, pod: Stored<Pod>, node: Stored<Node>): number {
  let sum = 0;
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const weigh = (owner: Pod, other: Pod, term: PodAffinityTerm, weight: number, place: Node | undefined) => {
    if (means(world, term, owner, other) && together(node, place, term.topologyKey)) sum += weight;
  };
  for (const other of world.pods) {
    const place = nodeOf(world, other);
    for (const p of podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      weigh(pod, other, p.podAffinityTerm, p.weight, place);
    for (const p of podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      weigh(pod, other, p.podAffinityTerm, -p.weight, place);
    const theirs = other.spec.affinity ?? {};
    for (const term of requiredAffinity(other)) weigh(other, pod, term, 1, place);
    for (const p of theirs.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      weigh(other, pod, p.podAffinityTerm, p.weight, place);
    for (const p of theirs.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      weigh(other, pod, p.podAffinityTerm, -p.weight, place);
  }
  return sum;
}
