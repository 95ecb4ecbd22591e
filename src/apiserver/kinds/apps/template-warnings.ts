import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import { dns1123LabelErrors } from '../../../machinery/names.ts';
import { templateWarnings } from '../pod-spec/warnings.ts';

interface HasTemplate {
  metadata: ObjectMeta;
  spec: { template?: PodTemplateSpec };
}

/** Whether a spec is as it was, so that nobody needs advice on it again. */
export function sameGeneration(object: { metadata: ObjectMeta }, old: { metadata: ObjectMeta } | undefined) {
  return old !== undefined && object.metadata.generation === old.metadata.generation;
}

/** Advice on the template of a workload, whenever anything of its spec is new. */
export function changedTemplateWarnings(
  workload: HasTemplate,
  old: HasTemplate | undefined,
): readonly string[] {
  return sameGeneration(workload, old) ? [] : templateWarnings('spec.template', workload.spec.template);
}

/** Advice on the name of a new workload, after which its pods are called. */
export function podNameWarnings({ metadata }: { metadata: ObjectMeta }, old: unknown): string[] {
  const errors = old ? [] : dns1123LabelErrors(metadata.name ?? '');
  const why =
    'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended';
  return errors.length > 0 ? [`${why}: [${errors.join(' ')}]`] : [];
}
