import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../api/core/v1.ts';
import { type Operator, valueMatches } from './label-selector.ts';
import { own } from './own.ts';

const operators: Readonly<Record<string, Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
};

function matchesRequirement(
  value: string | undefined,
  { operator, values = [] }: NodeSelectorRequirement,
): boolean {
  return Object.hasOwn(operators, operator) && valueMatches(value, operators[operator] as Operator, values);
}

/** Whether a node satisfies a term: all its expressions and fields. A term that says nothing matches nothing. */
export function matchesTerm(node: Node, { matchExpressions, matchFields }: NodeSelectorTerm): boolean {
  if (!matchExpressions?.length && !matchFields?.length) return false;
  const { labels, name } = node.metadata;
  return (
    (matchExpressions ?? []).every((r) => matchesRequirement(own(labels, r.key), r)) &&
    (matchFields ?? []).every((r) => r.key === 'metadata.name' && matchesRequirement(name, r))
  );
}

/** Whether one of the terms matches; no selector matches every node. */
export function matchesSelector(node: Node, selector: NodeSelector | undefined): boolean {
  return !selector || (selector.nodeSelectorTerms ?? []).some((term) => matchesTerm(node, term));
}

/** Whether a node has the labels that the pod's selector and required affinity ask for. */
export function matchesNode({ spec }: Pick<Pod, 'spec'>, node: Node): boolean {
  for (const key in spec.nodeSelector)
    if (node.metadata.labels?.[key] !== spec.nodeSelector[key]) return false;
  return matchesSelector(node, spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
}
