import type { Job, JobSpec } from '../../../api/batch/v1.ts';
import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { semanticEqual } from '../../../machinery/equal.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { immutable, immutableMessage } from '../shared/validate.ts';
import { jobErrors } from './job-validation.ts';

const templateType = 'io.k8s.api.core.v1.PodTemplateSpec';

/** What an update of a job may do. */
export function jobUpdateErrors(job: Job, old: Job): FieldError[] {
  const [spec, before] = [job.spec, old.spec];
  return [
    ...jobErrors(job),
    ...completions(spec, before),
    ...immutable('spec.selector', spec.selector, before.selector),
    ...template(job, old),
    ...immutable('spec.completionMode', spec.completionMode, before.completionMode),
    ...immutable('spec.podFailurePolicy', spec.podFailurePolicy, before.podFailurePolicy),
    ...immutable('spec.backoffLimitPerIndex', spec.backoffLimitPerIndex, before.backoffLimitPerIndex),
    ...immutable('spec.managedBy', spec.managedBy, before.managedBy),
    ...immutable('spec.successPolicy', spec.successPolicy, before.successPolicy),
  ];
}

/** An indexed job can be made larger or smaller as a whole. */
function completions(spec: JobSpec, old: JobSpec): FieldError[] {
  const field = 'spec.completions';
  if (spec.completionMode !== 'Indexed' || spec.completions === undefined || old.completions === undefined) {
    return immutable(field, spec.completions, old.completions);
  }
  if (spec.completions === old.completions || spec.completions === spec.parallelism) return [];
  return [invalid(field, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** Before its pods run, a suspended job may still be told where they go. */
function template(job: Job, old: Job): FieldError[] {
  const now = clone(job.spec.template);
  const before = clone(old.spec.template);
  const suspended = job.spec.suspend && old.spec.suspend && !old.status?.startTime && !old.status?.active;
  if (suspended) takeScheduling(now, before);
  if (semanticEqual(now, before, templateType)) return [];
  return [invalid('spec.template', job.spec.template, immutableMessage)];
}

function takeScheduling(now: PodTemplateSpec, before: PodTemplateSpec): void {
  now.metadata = {
    ...now.metadata,
    labels: before.metadata?.labels,
    annotations: before.metadata?.annotations,
  };
  if (!now.spec || !before.spec) return;
  const { nodeSelector, tolerations, schedulingGates, affinity } = before.spec;
  Object.assign(now.spec, { nodeSelector, tolerations, schedulingGates });
  now.spec.affinity = { ...now.spec.affinity, nodeAffinity: affinity?.nodeAffinity };
  if (!affinity && !now.spec.affinity.podAffinity && !now.spec.affinity.podAntiAffinity)
    delete now.spec.affinity;
}
