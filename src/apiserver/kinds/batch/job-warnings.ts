import type { JobSpec } from '../../../api/batch/v1.ts';
import { templateWarnings } from '../pod-spec/warnings.ts';

/** Above these, failed indexes may become too many to be told. */
const trackable = { completions: 100_000, parallelism: 10_000 };

/** Advice on the spec of a job, be it one of its own or the template of one. */
export function jobSpecWarnings(field: string, spec: JobSpec): string[] {
  const { completionMode, completions = 0, parallelism = 0 } = spec;
  const huge = completions > trackable.completions && parallelism > trackable.parallelism;
  const why =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [
    ...(completionMode === 'Indexed' && huge ? [`${field}: ${why}`] : []),
    ...templateWarnings(`${field}.template`, spec.template),
  ];
}
