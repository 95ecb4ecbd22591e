import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from '../../../api/batch/v1.ts';
import {
  duplicate,
  type FieldError,
  invalid,
  invalidUnshown,
  required,
  tooMany,
} from '../../../machinery/field-error.ts';
import { each, qualifiedName, repeats, supported } from '../shared/validate.ts';

const maxRules = 20;
const maxExitCodes = 255;
const maxPatterns = 20;

/** What failures of pods mean for their job. */
export function failurePolicy(field: string, spec: JobSpec): readonly FieldError[] {
  if (!spec.podFailurePolicy) return [];
  const rules = spec.podFailurePolicy.rules ?? [];
  const path = `${field}.rules`;
  const many = rules.length > maxRules ? [tooMany(path, rules.length, maxRules)] : [];
  return [...many, ...each(path, rules, (rule, p) => failureRule(p, rule, spec))];
}

function failureRule(field: string, rule: PodFailurePolicyRule, spec: JobSpec): readonly FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors = [...choice(`${field}.action`, action, ['Count', 'FailIndex', 'FailJob', 'Ignore'])];
  if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalid(`${field}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  }
  if (onExitCodes) errors.push(...exitCodes(`${field}.onExitCodes`, onExitCodes, spec));
  if (onPodConditions.length > maxPatterns) {
    errors.push(tooMany(`${field}.onPodConditions`, onPodConditions.length, maxPatterns));
  }
  errors.push(
    ...each(`${field}.onPodConditions`, onPodConditions, ({ type = '', status }, path) => [
      ...qualifiedName(`${path}.type`, type),
      ...choice(`${path}.status`, status, ['False', 'True', 'Unknown']),
    ]),
  );
  if (onExitCodes && onPodConditions.length > 0) {
    errors.push(invalidUnshown(field, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  }
  if (!onExitCodes && onPodConditions.length === 0) {
    errors.push(invalidUnshown(field, 'specifying one of OnExitCodes and OnPodConditions is required'));
  }
  return errors;
}

/** One of a few words; that it is missing is said with the words. */
function choice(field: string, value: string | undefined, words: readonly string[]): readonly FieldError[] {
  if (value) return supported(field, value, words);
  return [required(field, `valid values: [${words.map((word) => `"${word}"`).join(' ')}]`)];
}

function exitCodes(
  field: string,
  requirement: PodFailurePolicyOnExitCodesRequirement,
  { template }: JobSpec,
): readonly FieldError[] {
  const { operator, values = [], containerName } = requirement;
  const errors = [...choice(`${field}.operator`, operator, ['In', 'NotIn'])];
  const { containers = [], initContainers = [] } = template.spec ?? {};
  if (
    containerName !== undefined &&
    ![...containers, ...initContainers].some((c) => c.name === containerName)
  ) {
    const why = 'must be one of the container or initContainer names in the pod template';
    errors.push(invalid(`${field}.containerName`, containerName, why));
  }
  const path = `${field}.values`;
  if (values.length === 0) errors.push(invalid(path, requirement.values, 'at least one value is required'));
  if (values.length > maxExitCodes) errors.push(tooMany(path, values.length, maxExitCodes));
  const repeated = repeats();
  errors.push(
    ...each(path, values, (value, p) => {
      const zero = operator === 'In' && value === 0;
      const found = zero ? [invalid(p, value, 'must not be 0 for the In operator')] : [];
      return repeated(String(value)) ? [...found, duplicate(p, value)] : found;
    }),
  );
  const sorted = values.every((value, i) => i === 0 || value >= (values[i - 1] as number));
  return sorted ? errors : [...errors, invalid(path, values, 'must be ordered')];
}
