import type { DaemonSet, DaemonSetUpdateStrategy } from '../../../api/apps/v1.ts';
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts';
import { labelSelectorErrors } from '../../../machinery/label-selector.ts';
import { podTemplateSpec } from '../pod-spec/validation/pod-spec.ts';
import { nonNegative } from '../shared/validate.ts';
import {
  atMostAll,
  collisionCount,
  countOrPercent,
  isEmpty,
  isZero,
  lastingPods,
  shownStrategy,
  statusCounts,
  templateMatches,
} from './workload-validation.ts';

/** What holds for a daemon set at any time. */
export function daemonSetErrors({ spec }: DaemonSet): readonly FieldError[] {
  const { selector, template } = spec;
  return [
    ...labelSelectorErrors(selector, 'spec.selector'),
    ...templateMatches('spec.template', template, selector),
    ...(selector && isEmpty(selector)
      ? [invalid('spec.selector', selector, 'empty selector is invalid for daemonset')]
      : []),
    ...podTemplateSpec('spec.template', template),
    ...lastingPods('spec.template', template, 'DaemonSet'),
    ...nonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...strategyErrors('spec.updateStrategy', spec.updateStrategy ?? {}),
    ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
  ];
}

/** A pod comes before the old one goes, or after it: not both. */
function strategyErrors(
  field: string,
  { type = '', rollingUpdate }: DaemonSetUpdateStrategy,
): readonly FieldError[] {
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate')
    return [notSupported(field, shownStrategy(type, rollingUpdate), ['RollingUpdate', 'OnDelete'])];
  const path = `${field}.rollingUpdate`;
  if (!rollingUpdate) return [required(path)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...countOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...countOrPercent(`${path}.maxSurge`, maxSurge),
    ...atMostAll(`${path}.maxUnavailable`, maxUnavailable),
    ...atMostAll(`${path}.maxSurge`, maxSurge),
  ];
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    errors.push(invalid(`${path}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  }
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}

/** What a report of a daemon set's state may say. */
export function daemonSetStatusErrors({ status }: DaemonSet, old: DaemonSet): readonly FieldError[] {
  const names = [
    'currentNumberScheduled',
    'numberMisscheduled',
    'desiredNumberScheduled',
    'numberReady',
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ];
  return [...statusCounts(status, { names }), ...collisionCount(status, old.status)];
}
