import type { Job, JobSpec } from '../../../api/batch/v1.ts';
import { type FieldError, invalid, notSupported, required, tooLong } from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { dns1123LabelErrors } from '../../../machinery/names.ts';
import {
  compileLabelSelector,
  labelSelectorErrors,
  matchesLabels,
} from '../../../machinery/label-selector.ts';
import { isReadable, templateMatches } from '../apps/workload-validation.ts';
import { podTemplateSpec } from '../pod-spec/validation/pod-spec.ts';
import { domainPath, nonNegative } from '../shared/validate.ts';
import { failurePolicy } from './failure-policy.ts';
import { successPolicy } from './success-policy.ts';

const maxIndexedParallelism = 100_000;
const maxLimitedParallelism = 10_000;
const maxLimitedCompletions = 100_000;
const maxFailedIndexes = 100_000;

/** What holds for a job at any time. */
export function jobErrors(job: Job): readonly FieldError[] {
  const { spec } = job;
  return [...generatedSelector(job), ...selectingJobSpec(spec), ...indexedPodName(job)];
}

/** The spec of a job of its own, which selects its pods. */
export function selectingJobSpec(spec: JobSpec): readonly FieldError[] {
  return [
    ...jobSpec('spec', spec),
    ...(spec.selector ? labelSelectorErrors(spec.selector, 'spec.selector') : [required('spec.selector')]),
    ...templateMatches('spec.template', spec.template, spec.selector),
  ];
}

/** Pods of an indexed job are named after it; the name of the last has to be one of a host. */
function indexedPodName({ metadata, spec }: Job): readonly FieldError[] {
  if (spec.completionMode !== 'Indexed' || !spec.completions) return [];
  const last = `${metadata.name}-${spec.completions - 1}`;
  if (dns1123LabelErrors(last).length === 0) return [];
  return [
    invalid('metadata.name', metadata.name, `will not able to create pod with invalid DNS label: ${last}`),
  ];
}

/** A selector that nobody chose has to be the one the server makes. */
function generatedSelector({ metadata, spec }: Job): readonly FieldError[] {
  if (spec.manualSelector || !spec.selector) return [];
  const field = 'spec.template.metadata';
  const labels = spec.template.metadata?.labels ?? {};
  const expected = { ...uidLabels(metadata.uid ?? ''), ...nameLabels(metadata.name ?? '') };
  const inOrder = Object.entries(expected).sort(
    ([a], [b]) => Number(a.includes('/')) - Number(b.includes('/')),
  );
  const errors = inOrder.flatMap(([key, value]) => {
    if (labels[key] === undefined) return [required(`${field}.labels[${key}]`, `must be '${value}'`)];
    return labels[key] === value ? [] : [invalid(`${field}.labels[${key}]`, labels, `must be '${value}'`)];
  });
  if (!isReadable(spec.selector) || matchesLabels(compileLabelSelector(spec.selector), expected))
    return errors;
  return [...errors, invalid('spec.selector', spec.selector, '`selector` not auto-generated')];
}

export const uidLabels = (uid: string) => ({
  'controller-uid': uid,
  'batch.kubernetes.io/controller-uid': uid,
});
export const nameLabels = (name: string) => ({ 'job-name': name, 'batch.kubernetes.io/job-name': name });

/** The spec of a job, be it of one or of the template of one. */
export function jobSpec(field: string, spec: JobSpec): readonly FieldError[] {
  const { template, managedBy } = spec;
  const errors = [
    ...nonNegative(`${field}.parallelism`, spec.parallelism),
    ...nonNegative(`${field}.completions`, spec.completions),
    ...nonNegative(`${field}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...nonNegative(`${field}.backoffLimit`, spec.backoffLimit),
    ...nonNegative(`${field}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished),
    ...nonNegative(`${field}.backoffLimitPerIndex`, spec.backoffLimitPerIndex),
    ...nonNegative(`${field}.maxFailedIndexes`, spec.maxFailedIndexes),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined
      ? [required(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : []),
    ...(managedBy === undefined ? [] : managerName(`${field}.managedBy`, managedBy)),
    ...completionMode(field, spec),
    ...failurePolicy(`${field}.podFailurePolicy`, spec),
    ...successPolicy(`${field}.successPolicy`, spec),
    ...replacementPolicy(field, spec),
    ...podTemplateSpec(`${field}.template`, template),
  ];
  return [...errors, ...restartPolicy(`${field}.template.spec.restartPolicy`, spec)];
}

/** The pods of a job come to an end. */
function restartPolicy(field: string, { template, podFailurePolicy }: JobSpec): readonly FieldError[] {
  const policy = template.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') return [required(field, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never')
    return [notSupported(field, policy, ['OnFailure', 'Never'])];
  if (!podFailurePolicy || policy === 'Never') return [];
  return [invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

const maxManagerLength = 63;

function managerName(field: string, name: string): readonly FieldError[] {
  const errors = name ? domainPath(field, name) : [required(field)];
  return byteLength(name) > maxManagerLength ? [...errors, tooLong(field, maxManagerLength)] : errors;
}

function completionMode(field: string, spec: JobSpec): readonly FieldError[] {
  const { completionMode: mode, completions, parallelism = 1 } = spec;
  if (mode === undefined || mode === 'NonIndexed') return indexedOnly(field, spec);
  if (mode !== 'Indexed') return [notSupported(`${field}.completionMode`, mode, ['NonIndexed', 'Indexed'])];
  const errors: FieldError[] = [];
  if (completions === undefined)
    errors.push(required(`${field}.completions`, 'when completion mode is Indexed'));
  if (parallelism > maxIndexedParallelism) {
    const why = `must be less than or equal to ${maxIndexedParallelism} when completion mode is Indexed`;
    errors.push(invalid(`${field}.parallelism`, parallelism, why));
  }
  return [...errors, ...limitedIndexes(field, spec)];
}

function indexedOnly(field: string, spec: JobSpec): readonly FieldError[] {
  const { backoffLimitPerIndex: backoff, maxFailedIndexes: failed } = spec;
  const why = 'requires indexed completion mode';
  return [
    ...(backoff === undefined ? [] : [invalid(`${field}.backoffLimitPerIndex`, backoff, why)]),
    ...(failed === undefined ? [] : [invalid(`${field}.maxFailedIndexes`, failed, why)]),
  ];
}

function limitedIndexes(field: string, spec: JobSpec): readonly FieldError[] {
  const { backoffLimitPerIndex: backoff, maxFailedIndexes: failed, completions, parallelism = 0 } = spec;
  const path = `${field}.maxFailedIndexes`;
  const errors: FieldError[] = [];
  if (failed !== undefined && completions !== undefined && failed > completions) {
    errors.push(invalid(path, failed, 'must be less than or equal to completions'));
  }
  if (failed !== undefined && failed > maxFailedIndexes) {
    errors.push(invalid(path, failed, `must be less than or equal to ${maxFailedIndexes}`));
  }
  if (backoff === undefined || (completions ?? 0) <= maxLimitedCompletions) return errors;
  if (failed === undefined) {
    const why = `must be specified when completions is above ${maxLimitedCompletions}`;
    errors.push(required(path, why));
  }
  const limit = `must be less than or equal to ${maxLimitedParallelism} when completions are above ${maxLimitedCompletions} and used with backoff limit per index`;
  if (parallelism > maxLimitedParallelism) errors.push(invalid(`${field}.parallelism`, parallelism, limit));
  if ((failed ?? 0) > maxLimitedParallelism) errors.push(invalid(path, failed, limit));
  return errors;
}

function replacementPolicy(
  field: string,
  { podReplacementPolicy: policy, podFailurePolicy }: JobSpec,
): readonly FieldError[] {
  if (policy === undefined) return [];
  const allowed = podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  return allowed.includes(policy) ? [] : [notSupported(`${field}.podReplacementPolicy`, policy, allowed)];
}
