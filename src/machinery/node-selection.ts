import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../api/core/v1.ts';

const integer = /^-?\d{1,19}$/;

function compare(value: string | undefined, wanted: string | undefined): number {
  if (!value || !wanted || !integer.test(value) || !integer.test(wanted)) return Number.NaN;
  const difference = BigInt(value) - BigInt(wanted);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

function matchesRequirement(
  value: string | undefined,
  { operator, values = [] }: NodeSelectorRequirement,
): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compare(value, values[0]) > 0;
    case 'Lt':
      return compare(value, values[0]) < 0;
    default:
      return false;
  }
}

/** Whether a node satisfies a term: all its expressions and fields. A term that says nothing matches nothing. */
export function matchesTerm(node: Node, { matchExpressions, matchFields }: NodeSelectorTerm): boolean {
  if (!matchExpressions?.length && !matchFields?.length) return false;
  const { labels, name } = node.metadata;
  return (
    (matchExpressions ?? []).every((r) => matchesRequirement(labels?.[r.key], r)) &&
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
