import type { PodTemplate } from '../../../api/core/v1.ts';
import { podtemplates } from '../../../api/generated/resources.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { type FieldError, withoutOldFaults } from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { defaultPodTemplate } from '../pod-spec/defaults.ts';
import { podTemplateSpec } from '../pod-spec/validation/pod-spec.ts';
import { templateWarnings } from '../pod-spec/warnings.ts';
import { containerImages, containerNames, labelsText, nameColumn, text } from '../shared/columns.ts';

export const podTemplateKind: Kind<PodTemplate> = {
  resource: podtemplates,
  countsGeneration: true,
  defaults(object) {
    object.template = defaultPodTemplate(object.template);
  },
  validate: templateErrors,
  validateUpdate: (changed, old) => withoutOldFaults(templateErrors(changed), () => templateErrors(old)),
  warnings: ({ template }, old) =>
    old && deepEqual(template, old.template) ? [] : templateWarnings('template', template),
  returnsDeleted: true,
  columns: [
    nameColumn,
    text('Containers', 'Containers of the template, by name.', (t) =>
      containerNames(t.template?.spec?.containers),
    ),
    text('Images', 'Images that the containers of the template run.', (t) =>
      containerImages(t.template?.spec?.containers),
    ),
    text('Pod Labels', 'Labels that pods get from the template.', (t) =>
      labelsText(t.template?.metadata?.labels),
    ),
  ],
};

function templateErrors({ template }: PodTemplate): readonly FieldError[] {
  return podTemplateSpec('template', template ?? {});
}
