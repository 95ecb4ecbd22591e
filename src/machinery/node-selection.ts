import type { Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Pod } from '../api/core/v1.ts';
import { allErrors, errorsOf, type FieldError, invalid, noErrors, notSupported } from './field-error.ts';
import { type Operator, requirementErrors, valueMatches } from './label-selector.ts';
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

/** What is wrong with a term that nobody has checked yet. (`component-helpers/scheduling/corev1/nodeaffinity`) */
export function termErrors(
  field: string,
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
): readonly FieldError[] {
  return allErrors(
    errorsOf(matchExpressions, (one, i) => expressionErrors(one, `${field}.matchExpressions[${i}]`)),
    errorsOf(matchFields, (one, i) => fieldErrors(one, `${field}.matchFields[${i}]`)),
  );
}

function expressionErrors(
  { key = '', operator, values = [] }: NodeSelectorRequirement,
  path: string,
): readonly FieldError[] {
  if (!Object.hasOwn(operators, operator))
    return [notSupported(`${path}.operator`, operator ?? '', Object.keys(operators))];
  const errors = requirementErrors({ key, operator: operators[operator] as Operator, values });
  return errors.map((error) => ({ ...error, field: `${path}.${error.field}` }));
}

function fieldErrors(
  { operator, values = [] }: NodeSelectorRequirement,
  path: string,
): readonly FieldError[] {
  const supported = ['In', 'NotIn'];
  if (!supported.includes(operator)) return [notSupported(`${path}.operator`, operator ?? '', supported)];
  return values.length === 1 ? noErrors : [invalid(`${path}.values`, values, 'must have one element')];
}
