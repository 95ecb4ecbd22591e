import type { ReplicaSet, ReplicaSetSpec } from '../../../api/apps/v1.ts';
import { replicasets } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { defaultPodTemplate } from '../pod-spec/defaults.ts';
import { ageColumn, containerColumns, integer, nameColumn, selectorColumn } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { immutable } from '../shared/validate.ts';
import { replicaSetErrors, replicaStatusErrors } from './replica-set-validation.ts';
import { selectorOfScale } from './scale.ts';
import { changedTemplateWarnings, podNameWarnings } from './template-warnings.ts';

export const replicaSetKind: Kind<ReplicaSet> = {
  resource: replicasets,
  defaults(set) {
    set.spec ??= {} as ReplicaSetSpec;
    set.spec.replicas ??= 1;
    set.spec.template = defaultPodTemplate(set.spec.template);
    set.status ??= { replicas: 0 };
  },
  prepareForCreate(set) {
    set.status = { replicas: 0 };
  },
  prepareForUpdate: keepStatus,
  validate: (set) => replicaSetErrors(set),
  // Upstream looks twice, once as at a new one: every error is there twice.
  validateUpdate: (set, old) => [
    ...replicaSetErrors(set),
    ...replicaSetErrors(set),
    ...immutable('spec.selector', set.spec.selector, old.spec.selector),
  ],
  warnings: (set, old) => [...podNameWarnings(set, old), ...changedTemplateWarnings(set, old)],
  status: { validateUpdate: replicaStatusErrors },
  scale: {
    replicas: ({ spec, status }) => ({ spec: spec.replicas ?? 0, status: status?.replicas ?? 0 }),
    setReplicas(set, replicas) {
      set.spec.replicas = replicas;
    },
    selector: ({ spec }) => selectorOfScale(spec.selector),
  },
  selectableFields: ({ status }) => ({ 'status.replicas': String(status?.replicas ?? 0) }),
  columns: [
    nameColumn,
    integer('Desired', 'How many pods there should be.', (s) => s.spec.replicas),
    integer('Current', 'How many pods there are.', (s) => s.status?.replicas),
    integer('Ready', 'How many pods are ready.', (s) => s.status?.readyReplicas),
    ageColumn,
    ...containerColumns<ReplicaSet>((s) => s.spec.template?.spec?.containers),
    selectorColumn((s) => s.spec.selector),
  ],
};
