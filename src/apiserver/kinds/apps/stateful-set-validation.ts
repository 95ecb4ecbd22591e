import type {
  RollingUpdateStatefulSetStrategy,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetUpdateStrategy,
} from '../../../api/apps/v1.ts';
import type { PodTemplateSpec } from '../../../api/core/v1.ts';
import { semanticEqual } from '../../../machinery/equal.ts';
import { type FieldError, forbiddenField, invalid, required } from '../../../machinery/field-error.ts';
import { dnsLabel, each, nonNegative, optionalSupported } from '../shared/validate.ts';
import { claimSpec } from '../core/volumes/claim-validation.ts';
import { podTemplateSpec, templateMetadata } from '../pod-spec/validation/pod-spec.ts';
import {
  atMostAll,
  collisionCount,
  countOrPercent,
  isReadable,
  isZero,
  lastingPods,
  statusCounts,
  templateMatches,
  workloadSelector,
} from './workload-validation.ts';

/** What is not looked at: sets that were accepted before there were such rules have to stay changeable. */
interface Leniency {
  serviceName?: boolean;
  template?: boolean;
  claims?: boolean;
}

/** What holds for a stateful set at any time. */
export function statefulSetErrors({ spec }: StatefulSet, lenient: Leniency = {}): readonly FieldError[] {
  const { podManagementPolicy: management, serviceName } = spec;
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  const policies = ['Retain', 'Delete'];
  const errors: FieldError[] = [];
  if (!management) errors.push(required('spec.podManagementPolicy'));
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    errors.push(invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"));
  }
  return [
    ...errors,
    ...strategyErrors('spec.updateStrategy', spec.updateStrategy ?? {}),
    ...optionalSupported(
      'spec.persistentVolumeClaimRetentionPolicy.whenDeleted',
      retention?.whenDeleted,
      policies,
    ),
    ...optionalSupported(
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled',
      retention?.whenScaled,
      policies,
    ),
    ...(lenient.claims ? [] : claimTemplates('spec.volumeClaimTemplates', spec)),
    ...nonNegative('spec.replicas', spec.replicas),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegative('spec.ordinals.start', spec.ordinals?.start),
    ...(serviceName && !lenient.serviceName ? dnsLabel('spec.serviceName', serviceName) : []),
    ...workloadSelector('spec.selector', spec.selector, 'statefulset'),
    ...templateErrors('spec.template', spec, !lenient.template),
    ...lastingPods('spec.template', spec.template, 'StatefulSet'),
  ];
}

function claimTemplates(field: string, { volumeClaimTemplates }: StatefulSetSpec): readonly FieldError[] {
  return each(field, volumeClaimTemplates, ({ spec }, path) => claimSpec(`${path}.spec`, spec));
}

function templateErrors(field: string, spec: StatefulSetSpec, whole: boolean): readonly FieldError[] {
  const { selector, template } = spec;
  if (!isReadable(selector)) return [invalid('spec.selector', selector, '')];
  const rest = whole ? podTemplateSpec(field, withClaims(template, spec)) : templateMetadata(field, template);
  return [...templateMatches(field, template, selector), ...rest];
}

/** The template as it is once each pod has its claims: containers mount them by the names of the claims' templates. */
function withClaims(
  template: PodTemplateSpec,
  { volumeClaimTemplates = [] }: StatefulSetSpec,
): PodTemplateSpec {
  const { spec } = template;
  if (!spec) return template;
  const own = new Set((spec.volumes ?? []).map((volume) => volume.name));
  const claims = volumeClaimTemplates.flatMap(({ metadata: { name = '' } }) =>
    own.has(name) ? [] : [{ name, persistentVolumeClaim: { claimName: name } }],
  );
  return { ...template, spec: { ...spec, volumes: [...(spec.volumes ?? []), ...claims] } };
}

function strategyErrors(field: string, strategy: StatefulSetUpdateStrategy): readonly FieldError[] {
  const { type, rollingUpdate } = strategy;
  if (!type) return [required(field)];
  if (type === 'OnDelete') {
    const why = "only allowed for updateStrategy 'RollingUpdate'";
    return rollingUpdate ? [invalid(`${field}.rollingUpdate`, shownPace(rollingUpdate), why)] : [];
  }
  if (type !== 'RollingUpdate') {
    const shown = { Type: type, RollingUpdate: rollingUpdate ? shownPace(rollingUpdate) : null };
    return [invalid(field, shown, "must be 'RollingUpdate' or 'OnDelete'")];
  }
  const { partition, maxUnavailable } = rollingUpdate ?? {};
  const path = `${field}.rollingUpdate`;
  const errors = [...nonNegative(`${path}.partition`, partition)];
  if (maxUnavailable === undefined) return errors;
  errors.push(...countOrPercent(`${path}.maxUnavailable`, maxUnavailable));
  if (isZero(maxUnavailable)) errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'cannot be 0'));
  return [...errors, ...atMostAll(`${path}.maxUnavailable`, maxUnavailable)];
}

/** As errors of upstream show it: by the names that Go has for the fields. */
function shownPace({ partition = 0, maxUnavailable }: RollingUpdateStatefulSetStrategy): object {
  return { Partition: partition, MaxUnavailable: maxUnavailable ?? null };
}

const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const satisfies readonly (keyof StatefulSetSpec)[];

/** What an update may do; volumes and names of pods hang on the rest. */
export function statefulSetUpdateErrors(set: StatefulSet, old: StatefulSet): readonly FieldError[] {
  const kept = Object.fromEntries(mutable.map((name) => [name, old.spec[name]]));
  const errors = statefulSetErrors(set, {
    serviceName: true,
    claims: true,
    template: statefulSetErrors(old, { serviceName: true, claims: true }).length > 0,
  });
  if (semanticEqual({ ...set.spec, ...kept }, old.spec, 'io.k8s.api.apps.v1.StatefulSetSpec')) return errors;
  const names = mutable.map((name) => `'${name}'`);
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return [
    ...errors,
    forbiddenField('spec', `updates to statefulset spec for fields other than ${list} are forbidden`),
  ];
}

/** What a report of a stateful set's state may say. */
export function statefulSetStatusErrors({ status }: StatefulSet, old: StatefulSet): readonly FieldError[] {
  const counts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  const limits = counts.map((name) => [name, 'replicas', 'status.replicas'] as const);
  const names = ['replicas', ...counts, 'observedGeneration', 'collisionCount'];
  const ready = ['availableReplicas', 'readyReplicas', 'status.readyReplicas'] as const;
  return [
    ...statusCounts(status, { names, limits: [...limits, ready] }),
    ...collisionCount(status, old.status),
  ];
}
