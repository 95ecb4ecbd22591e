import type { Node, Pod, TopologySpreadConstraint } from '../../../api/core/v1.ts';
import { formatLabelSelector, matchesLabels, type Selector } from '../../../machinery/label-selector.ts';
import { compileOrNothing, keyRequirements, pairOf } from '../../cache/affinity-terms.ts';
import type { DomainCounts } from '../../cache/domain-counts.ts';
import type { Decision } from '../../framework/framework.ts';
import { matchesNode } from '../../../machinery/node-selection.ts';
import { isRepelled } from '../../../machinery/tolerations.ts';
import { own } from '../../../machinery/own.ts';

/** A constraint of a pod, made ready for counting. */
export interface Constraint {
  topologyKey: string;
  maxSkew: number;
  minDomains: number;
  selector: Selector | undefined;
  honourAffinity: boolean;
  honourTaints: boolean;
}

export type WhenUnsatisfiable = 'DoNotSchedule' | 'ScheduleAnyway';

export function compileConstraint(constraint: TopologySpreadConstraint, pod: Pod): Constraint {
  const { topologyKey, maxSkew, minDomains, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
  const base = compileOrNothing(constraint.labelSelector);
  const selector = base && [
    ...base,
    ...keyRequirements(constraint.matchLabelKeys, pod.metadata.labels, 'in'),
  ];
  return {
    topologyKey,
    maxSkew,
    minDomains: minDomains ?? 1,
    selector,
    honourAffinity: (nodeAffinityPolicy ?? 'Honor') === 'Honor',
    honourTaints: nodeTaintsPolicy === 'Honor',
  };
}

/** Whether the node has all these labels. */
export const hasAll = (node: Node, keys: readonly string[]) =>
  keys.every((key) => own(node.metadata.labels, key) !== undefined);

export interface Counting {
  constraint: Constraint;
  /** Labels that a node must have to count. */
  keys: readonly string[];
  sparse: boolean;
}

/** Which nodes count for a constraint: those that the pod may be on, as far as its policies go. */
export function nodeRule(pod: Pod, { constraint, keys }: Counting) {
  const { honourAffinity, honourTaints } = constraint;
  const { nodeSelector, affinity, tolerations } = pod.spec;
  const byAffinity = honourAffinity && (nodeSelector || affinity?.nodeAffinity) ? true : undefined;
  const key = [
    keys,
    byAffinity && [nodeSelector, affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution],
    honourTaints ? (tolerations ?? []) : null,
  ];
  const counts = (node: Node) =>
    hasAll(node, keys) &&
    (!byAffinity || matchesNode(pod, node)) &&
    !(honourTaints && isRepelled(node.spec?.taints, tolerations));
  return { key, counts };
}

/** Counts of the pods that the constraint spreads. Pods on their way out do not count. */
export function countOf({ snapshot, pod: { pod } }: Decision, counting: Counting): DomainCounts {
  const { selector, topologyKey } = counting.constraint;
  const { namespace } = pod.metadata;
  const rule = nodeRule(pod, counting);
  const text = selector ? formatLabelSelector(selector) : null;
  return snapshot.pods.count({
    key: JSON.stringify(['PodTopologySpread', topologyKey, namespace, text, rule.key, counting.sparse]),
    topologyKey,
    pair: pairOf(selector),
    sparse: counting.sparse,
    countsPod: ({ metadata }) =>
      metadata.namespace === namespace &&
      !metadata.deletionTimestamp &&
      matchesLabels(selector, metadata.labels),
    countsNode: rule.counts,
  });
}
