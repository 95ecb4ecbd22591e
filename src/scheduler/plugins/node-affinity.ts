import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../../api/core/v1.ts';
import { type Decision, maxScore, type Plugin } from '../framework/framework.ts';

const reasons = ["node(s) didn't match Pod's node affinity/selector"];

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
    case 'Lt': {
      if (value === undefined || !/^-?\d+$/.test(value) || !/^-?\d+$/.test(values[0] ?? '')) return false;
      return operator === 'Gt'
        ? BigInt(value) > BigInt(values[0] as string)
        : BigInt(value) < BigInt(values[0] as string);
    }
    default:
      return false;
  }
}

/** Whether a node satisfies a term: all its expressions and fields. A term that says nothing matches nothing. */
export function matchesTerm(node: Node, term: NodeSelectorTerm): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((r) => matchesRequirement(node.metadata.labels?.[r.key], r)) &&
    matchFields.every((r) => r.key === 'metadata.name' && matchesRequirement(node.metadata.name, r))
  );
}

/** Whether a node has the labels that the pod's selector and required affinity ask for. */
export function matchesNode(pod: Pod, node: Node): boolean {
  const selected = Object.entries(pod.spec.nodeSelector ?? {});
  if (!selected.every(([key, value]) => node.metadata.labels?.[key] === value)) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(node, term));
}

/** Nodes that every term names by its name: then no other has to be looked at. */
function namedNodes({ pod }: Decision): ReadonlySet<string> | undefined {
  const required = pod.pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? [];
  const names = terms.map((term) => {
    const byName = (term.matchFields ?? []).filter((f) => f.key === 'metadata.name' && f.operator === 'In');
    return byName.length > 0 ? byName.flatMap((f) => f.values ?? []) : undefined;
  });
  if (terms.length === 0 || names.some((list) => list === undefined)) return undefined;
  return new Set(names.flatMap((list) => list ?? []));
}

/** Nodes must have the labels that the pod asks for; those it merely prefers count for the score. */
export function nodeAffinity(): Plugin {
  const name = 'NodeAffinity';
  return {
    name,
    events: ['Node/Add', 'Node/UpdateLabel'],
    preFilter(decision) {
      const onlyNodes = namedNodes(decision);
      return onlyNodes && { onlyNodes };
    },
    filter: ({ pod }, { node }) =>
      matchesNode(pod.pod, node) ? undefined : { plugin: name, reasons, unresolvable: true },
    score({ pod }, { node }) {
      const preferred =
        pod.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      return preferred.reduce(
        (sum, { weight, preference }) => sum + (matchesTerm(node, preference) ? weight : 0),
        0,
      );
    },
    normalize(_, scores) {
      const most = Math.max(0, ...scores);
      if (most === 0) return;
      scores.forEach((score, i) => {
        scores[i] = Math.floor((score * maxScore) / most);
      });
    },
  };
}
