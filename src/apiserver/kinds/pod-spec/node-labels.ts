import type { NodeSelectorTerm } from '../../../api/core/v1.ts';
import type { LabelSelector } from '../../../api/meta/v1.ts';
import { nothing } from '../../../machinery/joined.ts';
import { labelValueErrors } from '../../../machinery/names.ts';

/** Labels of nodes that have got other names, and since when. */
const moved: Record<string, readonly [since: string, use: string]> = {
  'beta.kubernetes.io/arch': ['v1.14', 'kubernetes.io/arch'],
  'beta.kubernetes.io/os': ['v1.14', 'kubernetes.io/os'],
  'failure-domain.beta.kubernetes.io/region': ['v1.17', 'topology.kubernetes.io/region'],
  'failure-domain.beta.kubernetes.io/zone': ['v1.17', 'topology.kubernetes.io/zone'],
  'beta.kubernetes.io/instance-type': ['v1.17', 'node.kubernetes.io/instance-type'],
};

const advice: Record<string, string> = {
  ...Object.fromEntries(
    Object.entries(moved).map(([key, [since, use]]) => [
      key,
      `deprecated since ${since}; use "${use}" instead`,
    ]),
  ),
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods':
    'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

/** The name that a label of a node has now, where it had another. */
export const newLabel = (key: string): string | undefined => moved[key]?.[1];

/** What is to be said of a label of nodes; undefined for one in good standing. */
export const labelAdvice = (key: string): string | undefined =>
  Object.hasOwn(advice, key) ? advice[key] : undefined;

/** Advice on labels that nodes are chosen by. */
export function nodeLabelWarnings(
  field: string,
  labels: Record<string, string> | undefined,
): readonly string[] {
  if (!labels) return nothing;
  return Object.keys(labels).flatMap((key) => {
    const why = labelAdvice(key);
    return why ? [`${field}[${key}]: ${why}`] : [];
  });
}

/** Advice on labels that a selector of nodes asks for. */
export function nodeSelectorWarnings(field: string, selector: LabelSelector | undefined): readonly string[] {
  if (!selector) return nothing;
  const labels = Object.keys(selector.matchLabels ?? {}).flatMap((key) => {
    const why = labelAdvice(key);
    return why ? [`${field}.matchLabels.${key}: ${why}`] : [];
  });
  return [...nodeTermWarnings(field, selector, false), ...labels];
}

/** Advice on one term of a choice of nodes; values are looked at where validation does not. */
export function nodeTermWarnings(
  field: string,
  term: Pick<NodeSelectorTerm, 'matchExpressions'>,
  checkValues: boolean,
): string[] {
  return (term.matchExpressions ?? []).flatMap(({ key, values }, i) => {
    const path = `${field}.matchExpressions[${i}]`;
    const why = labelAdvice(key);
    const ofValues = checkValues ? (values ?? []) : [];
    return [
      ...(why ? [`${path}.key: ${key} is ${why}`] : []),
      ...ofValues.flatMap((value, j) =>
        labelValueErrors(value).map((message) => `${path}.values[${j}]: ${value} is invalid, ${message}`),
      ),
    ];
  });
}
