import type { Job, JobSpec } from '../../../api/batch/v1.ts';
import { jobs } from '../../../api/generated/resources.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import type { Kind } from '../../registry/kind.ts';
import { podNameWarnings, sameGeneration } from '../apps/template-warnings.ts';
import { defaultPodTemplate } from '../pod-spec/defaults.ts';
import { keepStatus } from '../shared/status.ts';
import { jobColumns } from './job-columns.ts';
import { jobStatusErrors } from './job-status-validation.ts';
import { jobUpdateErrors } from './job-update-validation.ts';
import { jobErrors, nameLabels, uidLabels } from './job-validation.ts';
import { jobSpecWarnings } from './job-warnings.ts';

/** For jobs that count failures by index, the count over all of them does not limit. */
const maxInt32 = 2 ** 31 - 1;

export const jobKind: Kind<Job> = {
  resource: jobs,
  defaults(job) {
    job.spec ??= {} as JobSpec;
    defaultJobSpec(job.spec);
    const labels = job.spec.template.metadata?.labels;
    if (labels && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels };
    job.status ??= {};
  },
  prepareForCreate(job) {
    job.status = {};
    if (!job.spec.manualSelector) generateSelector(job);
  },
  prepareForUpdate: keepStatus,
  validate: (job) => jobErrors(job),
  validateUpdate: jobUpdateErrors,
  warnings: (job, old) => [
    ...podNameWarnings(job, old),
    ...(sameGeneration(job, old) ? [] : jobSpecWarnings('spec', job.spec)),
  ],
  status: { validateUpdate: jobStatusErrors },
  fieldLabels: { refusal: (label) => `field label ${goQuote(label)} not supported for batchv1.Job` },
  selectableFields: ({ status }) => ({ 'status.successful': String(status?.succeeded ?? 0) }),
  defaultPropagation: 'Orphan',
  columns: jobColumns,
};

/** The pods of a job are those with its UID, whatever else it may be told. */
function generateSelector({ metadata, spec }: Job): void {
  const uid = metadata.uid ?? '';
  const template = spec.template;
  const labels = { ...nameLabels(metadata.name ?? ''), ...uidLabels(uid), ...template.metadata?.labels };
  template.metadata = { ...template.metadata, labels };
  spec.selector = {
    ...spec.selector,
    matchLabels: { 'batch.kubernetes.io/controller-uid': uid, ...spec.selector?.matchLabels },
  };
}

/** Fills in a job's spec; that of a cron job's template gets less, see `defaultJobTemplate`. */
function defaultJobSpec(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) {
    spec.completions = 1;
    spec.parallelism = 1;
  }
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maxInt32;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  defaultTemplate(spec);
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
}

function defaultTemplate(spec: JobSpec): void {
  spec.template = defaultPodTemplate(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

/** The template of a cron job: the numbers are filled in when the job is made. */
export function defaultJobTemplate(spec: JobSpec): void {
  defaultTemplate(spec);
}
