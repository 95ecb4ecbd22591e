import type { CrossVersionObjectReference, MetricSpec, MetricTarget } from '../../../api/autoscaling/v2.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { canonicalQuantity, isQuantity, quantitySign } from '../../../machinery/quantity.ts';
import { pathSegmentNameErrors } from '../../../machinery/names.ts';
import { pathSegment, requireValue } from '../shared/validate.ts';

/** Where metrics come from, by type, in the order in which upstream looks at them. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type Source = (typeof sources)[number];

const types: Record<string, Source> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

/** A metric has a type, and what goes with that. */
export function metricErrors(field: string, spec: MetricSpec): readonly FieldError[] {
  const expected = types[spec.type];
  const given = sources.filter((name) => spec[name] !== undefined);
  const [first] = given;
  const errors: FieldError[] = [];
  if (!spec.type) errors.push(required(`${field}.type`, 'must specify a metric source type'));
  if (!expected) errors.push(notSupported(`${field}.type`, spec.type ?? '', Object.keys(types)));
  if (first) errors.push(...sourceErrors(`${field}.${first}`, first, spec));
  if (expected && !spec[expected]) {
    errors.push(required(`${field}.${expected}`, 'must populate information for the given metric source'));
  }
  if (given.length === 1) return errors;
  const others = given.filter((name) => name !== expected);
  const why = 'must populate the given metric source only';
  return [...errors, ...others.map((name) => forbiddenField(`${field}.${name}`, why))];
}

function sourceErrors(field: string, name: Source, spec: MetricSpec): readonly FieldError[] {
  const source = spec[name];
  const target = (source?.target ?? {}) as MetricTarget;
  const path = `${field}.target`;
  const named = { ...spec.object, ...spec.pods, ...spec.external }.metric;
  const resource = name === 'containerResource' ? spec.containerResource : spec.resource;
  return [
    ...(name === 'object' ? objectReference(`${field}.describedObject`, spec.object?.describedObject) : []),
    ...(resource && name.toLowerCase().endsWith('resource')
      ? requireValue(`${field}.name`, resource.name, 'must specify a resource name')
      : metricName(`${field}.metric.name`, named?.name)),
    ...(name === 'containerResource'
      ? requireValue(`${field}.container`, spec.containerResource?.container, 'must specify a container')
      : []),
    ...targetErrors(path, target),
    ...neededTargets[name](path, target),
  ];
}

function metricName(field: string, name: string | undefined): readonly FieldError[] {
  if (!name) return [required(field, 'must specify a metric name')];
  return invalids(field, name, pathSegmentNameErrors(name));
}

/** What is scaled or described: kind and name become steps of a path. */
export function objectReference(
  field: string,
  ref: CrossVersionObjectReference | undefined,
): readonly FieldError[] {
  return [...pathSegment(`${field}.kind`, ref?.kind), ...pathSegment(`${field}.name`, ref?.name)];
}

function targetErrors(field: string, target: MetricTarget): readonly FieldError[] {
  const { type, value, averageValue, averageUtilization } = target;
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${field}.type`, 'must specify a metric target type'));
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    errors.push(invalid(`${field}.type`, type ?? '', 'must be either Utilization, Value, or AverageValue'));
  }
  for (const [name, amount] of Object.entries({ value, averageValue })) {
    if (amount !== undefined && isQuantity(amount) && quantitySign(amount) <= 0) {
      errors.push(invalid(`${field}.${name}`, canonicalQuantity(amount), 'must be positive'));
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalid(`${field}.averageUtilization`, averageUtilization, 'must be greater than 0'));
  }
  return errors;
}

const neededTargets: Record<Source, (field: string, target: MetricTarget) => readonly FieldError[]> = {
  object: (field, { value, averageValue }) =>
    value === undefined && averageValue === undefined
      ? [required(`${field}.averageValue`, 'must set either a target value or averageValue')]
      : [],
  external: (field, { value, averageValue }) => {
    const why = 'must set either a target value for metric or a per-pod target';
    if (value === undefined && averageValue === undefined) return [required(`${field}.averageValue`, why)];
    if (value === undefined || averageValue === undefined) return [];
    return [
      forbiddenField(`${field}.value`, 'may not set both a target value for metric and a per-pod target'),
    ];
  },
  pods: (field, { averageValue }) =>
    averageValue === undefined
      ? [required(`${field}.averageValue`, 'must specify a positive target averageValue')]
      : [],
  resource: resourceTarget,
  containerResource: resourceTarget,
};

function resourceTarget(
  field: string,
  { averageUtilization: share, averageValue }: MetricTarget,
): readonly FieldError[] {
  const why = 'must set either a target raw value or a target utilization';
  if (share === undefined && averageValue === undefined) {
    return [required(`${field}.averageUtilization`, why)];
  }
  if (share === undefined || averageValue === undefined) return [];
  const both = 'may not set both a target raw value and a target utilization';
  return [forbiddenField(`${field}.averageValue`, both)];
}
