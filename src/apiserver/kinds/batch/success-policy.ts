import type { JobSpec, SuccessPolicy, SuccessPolicyRule } from '../../../api/batch/v1.ts';
import { type FieldError, invalid, required, tooLong, tooMany } from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { each, nonNegative } from '../shared/validate.ts';
import { countIndexes } from './indexes.ts';

const maxRules = 20;
const maxIndexesLength = 64 * 1024;

/** When a job has succeeded before all of its indexes have. */
export function successPolicy(field: string, spec: JobSpec): readonly FieldError[] {
  if (!spec.successPolicy) return [];
  if (spec.completionMode !== 'Indexed') {
    return [invalid(field, shownPolicy(spec.successPolicy), 'requires indexed completion mode')];
  }
  const { rules } = spec.successPolicy;
  const path = `${field}.rules`;
  const missing = rules?.length
    ? []
    : [required(path, 'at least one rules must be specified when the successPolicy is specified')];
  const many = (rules?.length ?? 0) > maxRules ? [tooMany(path, rules.length, maxRules)] : [];
  const found = each(path, rules, (rule, p) => successRule(p, rule, spec.completions ?? 0));
  return [...missing, ...many, ...found];
}

/** As errors of upstream show it: by the names that Go has for the fields. */
function shownPolicy({ rules }: SuccessPolicy): object {
  const shown = rules?.map(({ succeededIndexes = null, succeededCount = null }) => ({
    SucceededIndexes: succeededIndexes,
    SucceededCount: succeededCount,
  }));
  return { Rules: shown ?? null };
}

function successRule(field: string, rule: SuccessPolicyRule, completions: number): readonly FieldError[] {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  const errors: FieldError[] = [];
  if (count === undefined && indexes === undefined) {
    errors.push(required(field, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  let total = 0;
  if (indexes !== undefined) {
    const path = `${field}.succeededIndexes`;
    if (byteLength(indexes) > maxIndexesLength) errors.push(tooLong(path, maxIndexesLength));
    const counted = countIndexes(indexes, completions);
    if (typeof counted === 'number') total = counted;
    else errors.push(invalid(path, indexes, `error parsing succeededIndexes: ${counted}`));
  }
  if (count === undefined) return errors;
  const most = (limit: number, of: string) =>
    count > limit
      ? [invalid(`${field}.succeededCount`, count, `must be less than or equal to ${limit} (${of})`)]
      : [];
  return [
    ...errors,
    ...nonNegative(`${field}.succeededCount`, count),
    ...most(completions, 'the number of specified completions'),
    ...(indexes === undefined
      ? []
      : most(total, 'the number of indexes in the specified succeededIndexes field')),
  ];
}
