import type { StatefulSet, StatefulSetSpec } from '../../../api/apps/v1.ts';
import { statefulsets } from '../../../api/generated/resources.ts';
import type { Kind } from '../../registry/kind.ts';
import { labelNameErrors } from '../../registry/object-meta.ts';
import { claimSpecWarnings } from '../core/volumes/claim-warnings.ts';
import { defaultClaim } from '../core/volumes/persistent-volume-claim.ts';
import { defaultPodTemplate } from '../pod-spec/defaults.ts';
import { ageColumn, containerColumns, nameColumn, text } from '../shared/columns.ts';
import { keepStatus } from '../shared/status.ts';
import { selectorOfScale } from './scale.ts';
import {
  statefulSetErrors,
  statefulSetStatusErrors,
  statefulSetUpdateErrors,
} from './stateful-set-validation.ts';
import { changedTemplateWarnings, sameGeneration } from './template-warnings.ts';

export const statefulSetKind: Kind<StatefulSet> = {
  resource: statefulsets,
  defaults: defaultStatefulSet,
  prepareForCreate(set) {
    set.status = { replicas: 0, availableReplicas: 0 };
  },
  prepareForUpdate: keepStatus,
  validateName: labelNameErrors,
  validate: (set) => statefulSetErrors(set),
  validateUpdate: statefulSetUpdateErrors,
  warnings: statefulSetWarnings,
  status: { validateUpdate: statefulSetStatusErrors },
  scale: {
    replicas: ({ spec, status }) => ({ spec: spec.replicas ?? 0, status: status?.replicas ?? 0 }),
    setReplicas(set, replicas) {
      set.spec.replicas = replicas;
    },
    selector: ({ spec }) => selectorOfScale(spec.selector),
  },
  columns: [
    nameColumn,
    text(
      'Ready',
      'Ready pods, of those there should be.',
      (s) => `${s.status?.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`,
    ),
    ageColumn,
    ...containerColumns<StatefulSet>((s) => s.spec.template.spec?.containers),
  ],
};

function statefulSetWarnings(set: StatefulSet, old: StatefulSet | undefined): string[] {
  const { revisionHistoryLimit = 0, volumeClaimTemplates = [] } = set.spec;
  const claims = sameGeneration(set, old)
    ? []
    : volumeClaimTemplates.flatMap(({ spec }, i) =>
        claimSpecWarnings(`spec.volumeClaimTemplates[${i}]`, spec),
      );
  const why =
    'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended';
  return [...changedTemplateWarnings(set, old), ...claims, ...(revisionHistoryLimit < 0 ? [why] : [])];
}

function defaultStatefulSet(set: StatefulSet): void {
  set.spec ??= {} as StatefulSetSpec;
  const spec = set.spec;
  spec.replicas ??= 1;
  spec.template = defaultPodTemplate(spec.template);
  spec.podManagementPolicy ||= 'OrderedReady';
  spec.updateStrategy ??= {};
  spec.updateStrategy.type ||= 'RollingUpdate';
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {};
    spec.updateStrategy.rollingUpdate.partition ??= 0;
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1;
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain';
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain';
  spec.revisionHistoryLimit ??= 10;
  for (const claim of spec.volumeClaimTemplates ?? []) {
    claim.metadata ??= {};
    claim.apiVersion = 'v1';
    claim.kind = 'PersistentVolumeClaim';
    defaultClaim(claim);
  }
  set.status = { replicas: 0, availableReplicas: 0, ...set.status };
}
