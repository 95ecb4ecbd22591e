import type { JobSpec, SuccessPolicyRule } from '../../../api/batch/v1.ts';
import { type FieldError, invalid, required, tooMany } from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { each, nonNegative } from '../shared/validate.ts';

const maxRules = 20;
const maxIndexesLength = 64 * 1024;

/** When a job has succeeded before all of its indexes have. */
export function successPolicy(field: string, spec: JobSpec): FieldError[] {
  if (!spec.successPolicy) return [];
  if (spec.completionMode !== 'Indexed') {
    const why = 'not supported for non-indexed mode';
    return [invalid(field, spec.successPolicy, why)];
  }
  const { rules } = spec.successPolicy;
  const path = `${field}.rules`;
  if (!rules?.length)
    return [required(path, 'at least one rules must be specified when the successPolicy is specified')];
  const many = rules.length > maxRules ? [tooMany(path, rules.length, maxRules)] : [];
  return [...many, ...each(path, rules, (rule, p) => successRule(p, rule, spec.completions ?? 0))];
}

function successRule(field: string, rule: SuccessPolicyRule, completions: number): FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    return [required(field, 'at least one of succeededCount or succeededIndexes must be specified')];
  }
  const errors = nonNegative(`${field}.succeededCount`, count);
  let total = completions;
  if (indexes !== undefined) {
    const counted = countIndexes(indexes, completions);
    if (typeof counted === 'string') errors.push(invalid(`${field}.succeededIndexes`, indexes, counted));
    else total = counted;
  }
  if (count !== undefined && count > total) {
    const of =
      indexes === undefined
        ? 'the number of specified completions'
        : 'the number of indexes in the specified succeededIndexes field';
    errors.push(invalid(`${field}.succeededCount`, count, `must be less than or equal to ${total} (${of})`));
  }
  return errors;
}

/** How many indexes `1,3-5` names; a text for what is wrong with it. */
function countIndexes(text: string, completions: number): number | string {
  if (byteLength(text) > maxIndexesLength) return `must be no more than ${maxIndexesLength} characters`;
  let [count, last] = [0, -1];
  for (const part of text ? text.split(',') : []) {
    const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part);
    if (!match)
      return `error parsing succeededIndexes: cannot convert string to integer for index: ${JSON.stringify(part)}`;
    const [first, end] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (end >= completions) return `too large index: ${JSON.stringify(String(end))}`;
    if (first <= last || end < first) return 'non-increasing order';
    count += end - first + 1;
    last = end;
  }
  return count;
}
