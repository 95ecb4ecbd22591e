import type {
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
} from '../../../api/autoscaling/v2.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import { isQuantity, quantitySign } from '../../../machinery/quantity.ts';
import { statusCounts } from '../apps/workload-validation.ts';
import { each, notNegativeMessage, optionalSupported, supported } from '../shared/validate.ts';
import { metricErrors, objectReference } from './metric-validation.ts';

const maxWindowSeconds = 3600;
const maxPeriodSeconds = 1800;

/** What holds for an autoscaler at any time. */
export function autoscalerErrors({ spec }: HorizontalPodAutoscaler): readonly FieldError[] {
  const { minReplicas: least, maxReplicas: most = 0, behavior } = spec;
  const errors: FieldError[] = [];
  if (least !== undefined && least < 1) {
    errors.push(invalid('spec.minReplicas', least, 'must be greater than or equal to 1'));
  }
  if (most < 1) errors.push(invalid('spec.maxReplicas', most, 'must be greater than 0'));
  if (least !== undefined && most < least) {
    errors.push(invalid('spec.maxReplicas', most, 'must be greater than or equal to `minReplicas`'));
  }
  return [
    ...errors,
    ...objectReference('spec.scaleTargetRef', spec.scaleTargetRef),
    ...each('spec.metrics', spec.metrics, (metric, field) => metricErrors(field, metric)),
    ...scalingRules('spec.behavior.scaleUp', behavior?.scaleUp),
    ...scalingRules('spec.behavior.scaleDown', behavior?.scaleDown),
  ];
}

/** What a report of an autoscaler's state may say. */
export function autoscalerStatusErrors({ status }: HorizontalPodAutoscaler): readonly FieldError[] {
  return statusCounts(status, { names: ['currentReplicas', 'desiredReplicas'] });
}

function scalingRules(field: string, rules: HPAScalingRules | undefined): readonly FieldError[] {
  if (!rules) return [];
  const { stabilizationWindowSeconds: windowSeconds = 0, policies, tolerance } = rules;
  const errors: FieldError[] = [];
  if (windowSeconds < 0) {
    const why = 'must be greater than or equal to zero';
    errors.push(invalid(`${field}.stabilizationWindowSeconds`, windowSeconds, why));
  }
  if (windowSeconds > maxWindowSeconds) {
    const why = `must be less than or equal to ${maxWindowSeconds}`;
    errors.push(invalid(`${field}.stabilizationWindowSeconds`, windowSeconds, why));
  }
  errors.push(...optionalSupported(`${field}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']));
  if (!policies?.length) {
    errors.push(required(`${field}.policies`, 'must specify at least one Policy'));
  }
  errors.push(...each(`${field}.policies`, policies, (policy, path) => scalingPolicy(path, policy)));
  if (tolerance !== undefined && isQuantity(tolerance) && quantitySign(tolerance) < 0) {
    errors.push(invalid(`${field}.tolerance`, tolerance, notNegativeMessage));
  }
  return errors;
}

function scalingPolicy(
  field: string,
  { type, value, periodSeconds: period }: HPAScalingPolicy,
): readonly FieldError[] {
  const positive = (name: string, number: number) =>
    number > 0 ? [] : [invalid(`${field}.${name}`, number, 'must be greater than zero')];
  const tooLong = `must be less than or equal to ${maxPeriodSeconds}`;
  return [
    ...supported(`${field}.type`, type, ['Percent', 'Pods']),
    ...positive('value', value),
    ...positive('periodSeconds', period),
    ...(period > maxPeriodSeconds ? [invalid(`${field}.periodSeconds`, period, tooLong)] : []),
  ];
}
