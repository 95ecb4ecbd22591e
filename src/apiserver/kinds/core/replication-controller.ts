import type { ReplicationController } from '../../../api/core/v1.ts';
import { replicationcontrollers } from '../../../api/generated/resources.ts';
import {
  allErrors,
  type FieldError,
  noErrors,
  required,
  withoutOldFaults,
} from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { replicaStatusErrors } from '../apps/replica-set-validation.ts';
import { changedTemplateWarnings, podNameWarnings } from '../apps/template-warnings.ts';
import { workloadTemplate } from '../apps/workload-validation.ts';
import { defaultPodTemplate } from '../pod-spec/defaults.ts';
import {
  ageColumn,
  containerColumns,
  integer,
  labelsText,
  nameColumn,
  text,
  wide,
} from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { nonNegative } from '../shared/validate.ts';

const plainSelector = (selector: Record<string, string> | undefined) =>
  Object.entries(selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');

export const replicationControllerKind: Kind<ReplicationController> = {
  resource: replicationcontrollers,
  defaults(controller) {
    controller.spec.replicas ??= 1;
    if (!controller.spec.template) return;
    const { metadata } = defaultPodTemplate(controller.spec.template);
    const labels = metadata?.labels;
    if (!labels) return;
    if (Object.keys(controller.spec.selector ?? {}).length === 0) controller.spec.selector = { ...labels };
    if (Object.keys(controller.metadata.labels ?? {}).length === 0)
      controller.metadata.labels = { ...labels };
  },
  prepareForCreate(controller) {
    controller.status = { replicas: 0 };
  },
  prepareForUpdate: keepStatus,
  validate: (controller) => controllerErrors(controller),
  // Upstream looks twice, once as at a new one: every error is there twice.
  validateUpdate(controller, old) {
    const errors = withoutOldFaults(controllerErrors(controller), () => controllerErrors(old));
    return allErrors(errors, errors);
  },
  warnings: (controller, old) => [
    ...podNameWarnings(controller, old),
    ...changedTemplateWarnings(controller, old),
  ],
  status: { validateUpdate: replicaStatusErrors },
  scale: {
    replicas: ({ spec, status }) => ({ spec: spec.replicas ?? 0, status: status?.replicas ?? 0 }),
    setReplicas(controller, replicas) {
      controller.spec.replicas = replicas;
    },
    selector: ({ spec }) => plainSelector(spec.selector),
  },
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  defaultPropagation: 'Orphan',
  columns: [
    nameColumn,
    integer('Desired', 'How many pods there should be.', (c) => c.spec.replicas),
    integer('Current', 'How many pods there are.', (c) => c.status?.replicas),
    integer('Ready', 'How many pods are ready.', (c) => c.status?.readyReplicas),
    ageColumn,
    ...containerColumns<ReplicationController>((c) => c.spec.template?.spec?.containers),
    wide(
      text('Selector', 'Labels of the pods that belong to the controller.', (c) =>
        labelsText(c.spec.selector),
      ),
    ),
  ],
};

function controllerErrors({ spec }: ReplicationController): readonly FieldError[] {
  const selected = Object.keys(spec.selector ?? {}).length > 0;
  return allErrors(
    nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    selected ? noErrors : [required('spec.selector')],
    nonNegative('spec.replicas', spec.replicas),
    workloadTemplate('spec.template', spec.template, {
      selector: selected ? { matchLabels: spec.selector } : {},
      kind: 'ReplicationController',
    }),
  );
}
