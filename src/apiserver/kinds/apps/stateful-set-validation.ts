import type { StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy } from '../../../api/apps/v1.ts';
import { semanticEqual } from '../../../machinery/equal.ts';
import { type FieldError, forbiddenField, invalid, required } from '../../../machinery/field-error.ts';
import { dnsLabel, nonNegative, optionalSupported } from '../shared/validate.ts';
import { collisionCount, statusCounts, workloadSelector, workloadTemplate } from './workload-validation.ts';
import { atMostAll, countOrPercent, isZero } from './workload-validation.ts';

/** What holds for a stateful set at any time. */
export function statefulSetErrors({ spec }: StatefulSet): FieldError[] {
  const { selector, template, podManagementPolicy: management, serviceName } = spec;
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  const policies = ['Delete', 'Retain'];
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
    ...nonNegative('spec.replicas', spec.replicas),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...nonNegative('spec.ordinals.start', spec.ordinals?.start),
    ...(serviceName ? dnsLabel('spec.serviceName', serviceName) : []),
    ...workloadSelector('spec.selector', selector, 'statefulset'),
    ...workloadTemplate('spec.template', template, { selector, kind: 'StatefulSet' }),
  ];
}

function strategyErrors(field: string, strategy: StatefulSetUpdateStrategy): FieldError[] {
  const { type, rollingUpdate } = strategy;
  if (!type) return [required(field)];
  if (type === 'OnDelete') {
    const why = "only allowed for updateStrategy 'RollingUpdate'";
    return rollingUpdate ? [invalid(`${field}.rollingUpdate`, rollingUpdate, why)] : [];
  }
  if (type !== 'RollingUpdate') return [invalid(field, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  const { partition, maxUnavailable } = rollingUpdate ?? {};
  const path = `${field}.rollingUpdate`;
  const errors = nonNegative(`${path}.partition`, partition);
  if (maxUnavailable === undefined) return errors;
  errors.push(...countOrPercent(`${path}.maxUnavailable`, maxUnavailable));
  if (isZero(maxUnavailable)) errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'cannot be 0'));
  return [...errors, ...atMostAll(`${path}.maxUnavailable`, maxUnavailable)];
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
export function statefulSetUpdateErrors(set: StatefulSet, old: StatefulSet): FieldError[] {
  const kept = Object.fromEntries(mutable.map((name) => [name, old.spec[name]]));
  const errors = statefulSetErrors(set);
  if (semanticEqual({ ...set.spec, ...kept }, old.spec, 'io.k8s.api.apps.v1.StatefulSetSpec')) return errors;
  const names = mutable.map((name) => `'${name}'`);
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return [
    ...errors,
    forbiddenField('spec', `updates to statefulset spec for fields other than ${list} are forbidden`),
  ];
}

/** What a report of a stateful set's state may say. */
export function statefulSetStatusErrors({ status }: StatefulSet, old: StatefulSet): FieldError[] {
  const counts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  const limits = counts.map((name) => [name, 'replicas'] as const);
  const names = ['replicas', ...counts, 'observedGeneration', 'collisionCount'];
  return [
    ...statusCounts(status, { names, limits: [...limits, ['availableReplicas', 'readyReplicas']] }),
    ...collisionCount(status, old.status),
  ];
}
