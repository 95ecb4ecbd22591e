import type { Job, JobSpec } from '../../../api/batch/v1.ts';
import type { Container, PodTemplateSpec } from '../../../api/core/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { semanticEqual } from '../../../machinery/equal.ts';
import { type FieldError, invalid } from '../../../machinery/field-error.ts';
import { immutable, immutableMessage } from '../shared/validate.ts';
import { jobErrors, selectingJobSpec } from './job-validation.ts';

const templateType = 'io.k8s.api.core.v1.PodTemplateSpec';

/** What an update of a job may do. Upstream looks at the spec twice, once as at a new one: its errors are there twice. */
export function jobUpdateErrors(job: Job, old: Job): readonly FieldError[] {
  const [spec, before] = [job.spec, old.spec];
  return [
    ...jobErrors(job),
    ...selectingJobSpec(spec),
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
function completions(spec: JobSpec, old: JobSpec): readonly FieldError[] {
  const field = 'spec.completions';
  if (spec.completionMode !== 'Indexed') return immutable(field, spec.completions, old.completions);
  if (spec.completions === undefined || spec.completions === old.completions) return [];
  if (spec.completions === spec.parallelism) return [];
  return [invalid(field, spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** A suspended job without pods may still be told where they go, and how much they take. */
function template(job: Job, old: Job): readonly FieldError[] {
  const now = clone(job.spec.template);
  const before = clone(old.spec.template);
  const adjustable = old.spec.suspend && !old.status?.active;
  if (adjustable) {
    takeScheduling(now, before);
    takeResources(now.spec?.containers, before.spec?.containers);
    takeResources(now.spec?.initContainers, before.spec?.initContainers);
  }
  if (semanticEqual(now, before, templateType)) return [];
  return adjustable
    ? [invalid('spec.template.spec', job.spec.template.spec, immutableMessage)]
    : [invalid('spec.template', job.spec.template, immutableMessage)];
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
  const { podAffinity, podAntiAffinity } = now.spec.affinity;
  if (!affinity && !podAffinity && !podAntiAffinity) delete now.spec.affinity;
}

function takeResources(now: Container[] | undefined, before: readonly Container[] | undefined): void {
  if (now?.length !== before?.length) return;
  now?.forEach((container, i) => {
    const old = before?.[i];
    if (old?.name === container.name) container.resources = old?.resources;
  });
}
