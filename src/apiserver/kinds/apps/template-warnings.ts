import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { templateWarnings } from '../pod-spec/warnings.ts';

interface HasTemplate {
  spec: { template?: PodTemplateSpec };
}

/** Advice on the template of a workload, where it is new. */
export function changedTemplateWarnings({ spec }: HasTemplate, old: HasTemplate | undefined): string[] {
  if (old && deepEqual(spec.template, old.spec.template)) return [];
  return templateWarnings('spec.template', spec.template);
}
