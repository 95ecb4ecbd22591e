import type { Pod } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  noErrors,
  withoutOldFaults,
} from '../../../../machinery/field-error.ts';
import { podAnnotations, profilesMatchAnnotations } from '../../pod-spec/validation/annotations.ts';
import { paddedImage } from '../../pod-spec/validation/containers.ts';
import { podSpec } from '../../pod-spec/validation/pod-spec.ts';
import { each } from '../../shared/validate.ts';

/** What holds for a pod at any time. */
function podErrors(pod: Pod): readonly FieldError[] {
  return allErrors(
    podAnnotations('metadata.annotations', pod.metadata, pod.spec),
    podSpec('spec', pod.spec, pod.metadata),
    tokensWithoutAccount(pod),
    each('spec.containers', pod.spec.containers, (container, path) => paddedImage(path, container)),
    each('spec.initContainers', pod.spec.initContainers, (container, path) => paddedImage(path, container)),
  );
}

/** What holds for a pod that changes: rules that came after it are not for it. */
export function changedPodErrors(pod: Pod, old: Pod): readonly FieldError[] {
  return withoutOldFaults(podErrors(pod), () => podErrors(old));
}

function tokensWithoutAccount({ spec }: Pod): readonly FieldError[] {
  if (spec.serviceAccountName) return noErrors;
  const why = 'must not be specified when serviceAccountName is not set';
  return each('spec.volumes', spec.volumes, ({ projected }, path) =>
    each(`${path}.projected.sources`, projected?.sources, ({ serviceAccountToken }, source) =>
      serviceAccountToken ? [forbiddenField(`${source}.serviceAccountToken`, why)] : noErrors,
    ),
  );
}

/** What holds for a new pod. */
export function newPodErrors(pod: Pod): readonly FieldError[] {
  const { spec, metadata } = pod;
  const errors = [...podErrors(pod)];
  if (spec.ephemeralContainers?.length) {
    errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
  }
  if (spec.nodeName && spec.schedulingGates?.length) {
    errors.push(forbiddenField('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  }
  return allErrors(errors, profilesMatchAnnotations('spec', metadata, spec));
}
