import type { NodeSelectorTerm, Pod } from '../api/core/v1.ts';
import type { Snapshot } from './cache/cache.ts';
import { mostTerms, podTermCount } from './cache/affinity-terms.ts';
import type { PodInfo } from './cache/node-info.ts';
import type { Refusal } from './framework/framework.ts';

/*
 * A decision is made in one go, and nobody else gets a turn meanwhile, the API server neither. What a pod may ask for is bounded by the
 * size of a request alone: one with ten thousand terms, which any user may create, would stop a large cluster for a minute, and then
 * again with each try. So a decision is not begun where it is foreseen to be that long.
 */

/** What is compared for a pod. */
interface Burden {
  /** At each node. */
  perNode: number;
  /** Of each pod that is placed. */
  perPod: number;
}

/** Comparisons for one pod: what takes half a second or so. Upstream's largest cluster, 5,000 nodes with 50,000 pods, leaves 50 terms. */
const mostComparisons = 1_500_000;
/** A pod is compared with a term in less time than a node with all that a rule for it may say. */
const podsPerComparison = 2;
/** Values of an expression that are looked through in the time of one comparison. */
const valuesPerComparison = 20;

/** How long a decision on a pod may take, in comparisons. */
export const comparisonsFor = (pod: PodInfo, snapshot: Snapshot): number =>
  comparisons(burdenOf(pod), snapshot);

const comparisons = ({ perNode, perPod }: Burden, { nodes, placed }: Snapshot) =>
  perNode * nodes.size + Math.ceil((perPod * placed) / podsPerComparison);

/** Why no decision is made on a pod; undefined where one is. */
export function tooHeavy(pod: PodInfo, snapshot: Snapshot): Refusal | undefined {
  const burden = burdenOf(pod);
  const { perNode, perPod } = burden;
  if (comparisons(burden, snapshot) <= mostComparisons && perPod <= mostTerms) return undefined;
  const what = `${perNode} rules for nodes and ${perPod} for other pods`;
  return { plugin: 'Burden', reasons: [`the pod has ${what}: too many to weigh here`], unresolvable: true };
}

function burdenOf({ pod, requests, hostPorts, claims }: PodInfo): Burden {
  const { containers, nodeSelector, affinity, tolerations, topologySpreadConstraints } = pod.spec;
  const perPod = (affinity ? podTermCount(affinity) : 0) + (topologySpreadConstraints?.length ?? 0);
  const perNode =
    perPod +
    containers.length +
    claims.length +
    hostPorts.length +
    requests.others.size +
    (tolerations?.length ?? 0) +
    (nodeSelector ? Object.keys(nodeSelector).length : 0) +
    (affinity?.nodeAffinity ? nodeRuleCount(affinity.nodeAffinity) : 0);
  return { perNode, perPod };
}

type Affinity = NonNullable<Pod['spec']['affinity']>;

function nodeRuleCount({
  requiredDuringSchedulingIgnoredDuringExecution: required,
  preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
}: NonNullable<Affinity['nodeAffinity']>): number {
  let count = 0;
  for (const term of required?.nodeSelectorTerms ?? []) count += ruleCount(term);
  for (const { preference } of preferred) count += ruleCount(preference);
  return count;
}

function ruleCount({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): number {
  let count = 1;
  for (const { values = [] } of [...matchExpressions, ...matchFields])
    count += 1 + Math.floor(values.length / valuesPerComparison);
  return count;
}
