import type { NodeAffinity, NodeSelectorTerm, PodSpec } from '../../../../api/core/v1.ts';
import { deepEqual } from '../../../../machinery/equal.ts';
import { type FieldError, invalid, noErrors } from '../../../../machinery/field-error.ts';
import { shownTerm } from '../../pod-spec/validation/affinity.ts';

/**
 * A pod that waits at a gate may still be narrowed down to fewer nodes. Reports where it is not only that, and puts the
 * old selectors into `rest`, so that the remainder can be compared.
 */
export function takeGatedFields(rest: PodSpec, old: PodSpec): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (!onlyAdded(rest.nodeSelector, old.nodeSelector)) {
    const why = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    errors.push(invalid('spec.nodeSelector', rest.nodeSelector ?? null, why));
  }
  rest.nodeSelector = old.nodeSelector;
  const before = old.affinity?.nodeAffinity;
  if (deepEqual(rest.affinity?.nodeAffinity, before)) return errors;
  errors.push(...affinityChanges(rest.affinity?.nodeAffinity, before));
  const { nodeAffinity: _, ...others } = rest.affinity ?? {};
  const kept = { ...others, ...(before && { nodeAffinity: before }) };
  rest.affinity = Object.keys(kept).length > 0 || old.affinity ? kept : undefined;
  return errors;
}

function onlyAdded(now: Record<string, string> = {}, before: Record<string, string> = {}): boolean {
  return Object.entries(before).every(([key, value]) => now[key] === value);
}

function affinityChanges(
  now: NodeAffinity | undefined,
  before: NodeAffinity | undefined,
): readonly FieldError[] {
  const terms = (a: NodeAffinity | undefined) =>
    a?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const [newTerms, oldTerms] = [terms(now), terms(before)];
  const field = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (oldTerms.length > 0 && oldTerms.length !== newTerms.length) {
    const why = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    return [invalid(field, newTerms.map(shownTerm), why)];
  }
  return oldTerms.flatMap((term, i) => {
    if (hasOnlyAdditions(newTerms[i] as NodeSelectorTerm, term)) return noErrors;
    const now = shownTerm(newTerms[i] as NodeSelectorTerm);
    return [invalid(`${field}[${i}]`, now, 'only additions are allowed (no mutations or deletions)')];
  });
}

/** An empty term matches nothing: anything added to it would widen the choice. */
function hasOnlyAdditions(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const size = (term: NodeSelectorTerm) =>
    (term.matchExpressions ?? []).length + (term.matchFields ?? []).length;
  if (size(before) === 0) return size(now) === 0;
  const begins = (list: readonly unknown[] = [], start: readonly unknown[] = []) =>
    deepEqual(list.slice(0, start.length), start);
  return begins(now.matchExpressions, before.matchExpressions) && begins(now.matchFields, before.matchFields);
}
