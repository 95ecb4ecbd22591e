import type { Deployment, DeploymentStrategy } from '../../../api/apps/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { nonNegative } from '../shared/validate.ts';
import {
  atMostAll,
  collisionCount,
  countOrPercent,
  isZero,
  shownStrategy,
  statusCounts,
  workloadSelector,
  selectedTemplate,
} from './workload-validation.ts';

/** What holds for a deployment at any time. */
export function deploymentErrors({ spec }: Deployment): readonly FieldError[] {
  const { selector, template, progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  const errors = [
    ...nonNegative('spec.replicas', spec.replicas),
    ...workloadSelector('spec.selector', selector, 'deployment'),
    ...selectedTemplate('spec.template', template, selector),
    ...strategyErrors('spec.strategy', spec.strategy ?? {}),
    ...nonNegative('spec.minReadySeconds', minReadySeconds),
    ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...nonNegative('spec.progressDeadlineSeconds', deadline),
  ];
  if (deadline === undefined || deadline > minReadySeconds) return errors;
  return [
    ...errors,
    invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
  ];
}

function strategyErrors(
  field: string,
  { type = '', rollingUpdate }: DeploymentStrategy,
): readonly FieldError[] {
  const path = `${field}.rollingUpdate`;
  if (type === 'Recreate') {
    const why = "may not be specified when strategy `type` is 'Recreate'";
    return rollingUpdate ? [forbiddenField(path, why)] : [];
  }
  if (type !== 'RollingUpdate')
    return [notSupported(field, shownStrategy(type, rollingUpdate), ['Recreate', 'RollingUpdate'])];
  if (!rollingUpdate) return [required(path, 'this should be defaulted and never be nil')];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...countOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...countOrPercent(`${path}.maxSurge`, maxSurge),
  ];
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  return [...errors, ...atMostAll(`${path}.maxUnavailable`, maxUnavailable)];
}

/** What a report of a deployment's state may say. */
export function deploymentStatusErrors({ status }: Deployment, old: Deployment): readonly FieldError[] {
  const names = [
    'observedGeneration',
    'replicas',
    'updatedReplicas',
    'readyReplicas',
    'availableReplicas',
    'unavailableReplicas',
    'terminatingReplicas',
    'collisionCount',
  ];
  const limits = [
    ['updatedReplicas', 'replicas', 'status.replicas'],
    ['readyReplicas', 'replicas', 'status.replicas'],
    ['availableReplicas', 'replicas', 'status.replicas'],
    ['availableReplicas', 'readyReplicas'],
  ] as const;
  return [...statusCounts(status, { names, limits }), ...collisionCount(status, old.status)];
}
