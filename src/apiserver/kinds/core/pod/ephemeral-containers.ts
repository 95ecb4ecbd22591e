import type { Pod } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { semanticEqual } from '../../../../machinery/equal.ts';
import { type FieldError, forbiddenField, noErrors } from '../../../../machinery/field-error.ts';
import type { PartStrategy } from '../../../registry/kind.ts';
import { dropGatedFields } from '../../pod-spec/gated-fields.ts';
import { mirrorKey } from '../../pod-spec/validation/annotations.ts';
import { goDiff } from '../../shared/go-diff.ts';
import { keepAllBut } from './keep-all-but.ts';
import { annotationChanges } from './update-validation.ts';
import { changedPodErrors } from './validation.ts';

/** `/ephemeralcontainers`: adds containers to look into a pod. */
export const ephemeralContainersPart: PartStrategy<Pod> = {
  sets: ['spec.ephemeralContainers'],
  prepareForUpdate(pod, old) {
    dropGatedFields(pod.spec, old.spec);
    keepAllBut(pod, old, { ephemeralContainers: pod.spec.ephemeralContainers });
  },
  validateUpdate(pod, old) {
    if (old.metadata.annotations?.[mirrorKey] !== undefined) {
      return [forbiddenField('[]', 'static pods do not support ephemeral containers')];
    }
    return [...changedPodErrors(pod, old), ...annotationChanges(pod, old), ...ephemeralChanges(pod, old)];
  },
};

/** Those that are there stay as they are. */
function ephemeralChanges({ spec }: Pod, old: Stored<Pod>): readonly FieldError[] {
  const field = 'spec.ephemeralContainers';
  return (old.spec.ephemeralContainers ?? []).flatMap((before) => {
    const now = spec.ephemeralContainers?.find((c) => c.name === before.name);
    const what = `existing ephemeral containers ${JSON.stringify(before.name)} may not be`;
    if (!now) return [forbiddenField(field, `${what} removed\n`)];
    if (semanticEqual(now, before, 'io.k8s.api.core.v1.EphemeralContainer')) return noErrors;
    return [forbiddenField(field, `${what} changed\n${goDiff('core.EphemeralContainer', before, now)}`)];
  });
}
