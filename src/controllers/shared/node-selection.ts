import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '../../api/core/v1.ts';
import { matchesLabels, type Operator } from '../../machinery/label-selector.ts';

const operators: Record<string, Operator> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
};

function fits(requirements: readonly NodeSelectorRequirement[], values: Record<string, string>): boolean {
  return requirements.every(({ key, operator, values: wanted = [] }) => {
    const known = operators[operator];
    return known !== undefined && matchesLabels([{ key, operator: known, values: wanted }], values);
  });
}

/** Terms are alternatives; one that asks for nothing fits nothing. */
function fitsTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name ?? '' };
  return fits(matchExpressions, node.metadata.labels ?? {}) && fits(matchFields, fields);
}

/** Whether a pod's node selector and required node affinity allow a node. */
export function allowsNode(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const bySelector = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return bySelector && (!required || required.nodeSelectorTerms.some((term) => fitsTerm(term, node)));
}
