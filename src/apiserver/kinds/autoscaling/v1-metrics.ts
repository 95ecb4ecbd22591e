import type { MetricSpec as V1Spec, MetricStatus as V1Status } from '../../../api/autoscaling/v1.ts';
import type { MetricSpec, MetricStatus, MetricTarget } from '../../../api/autoscaling/v2.ts';

/** The target of v2 for the loose fields of v1. */
function target(value?: string, averageValue?: string, averageUtilization?: number): MetricTarget {
  if (averageUtilization !== undefined) return { type: 'Utilization', averageUtilization };
  if (averageValue !== undefined) return { type: 'AverageValue', averageValue };
  return { type: 'Value', value };
}

/** A metric out of the annotation of a v1 autoscaler. */
export function metricFromV1(m: V1Spec): MetricSpec {
  const { object, pods, resource, containerResource, external } = m;
  const type = m.type ?? '';
  if (object) {
    return {
      type,
      object: {
        describedObject: object.target ?? { kind: '', name: '' },
        metric: { name: object.metricName ?? '', selector: object.selector },
        target: target(object.targetValue, object.averageValue),
      },
    };
  }
  if (pods) {
    const metric = { name: pods.metricName ?? '', selector: pods.selector };
    return { type, pods: { metric, target: target(undefined, pods.targetAverageValue) } };
  }
  if (external) {
    const metric = { name: external.metricName ?? '', selector: external.metricSelector };
    return { type, external: { metric, target: target(external.targetValue, external.targetAverageValue) } };
  }
  const r = resource ?? containerResource;
  if (!r) return { type };
  const wanted = target(undefined, r.targetAverageValue, r.targetAverageUtilization);
  if (resource) return { type, resource: { name: resource.name ?? '', target: wanted } };
  const container = containerResource?.container ?? '';
  return { type, containerResource: { name: containerResource?.name ?? '', container, target: wanted } };
}

/** A metric for the annotation of a v1 autoscaler. */
export function metricToV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: MetricSpec): V1Spec {
  if (object) {
    const { describedObject, metric, target } = object;
    const values = { targetValue: target.value ?? '0', averageValue: target.averageValue };
    return {
      type,
      object: { target: describedObject, metricName: metric.name, selector: metric.selector, ...values },
    };
  }
  if (pods) {
    const { metric, target } = pods;
    return {
      type,
      pods: { metricName: metric.name, selector: metric.selector, targetAverageValue: target.averageValue },
    };
  }
  if (external) {
    const { metric, target } = external;
    const values = { targetValue: target.value, targetAverageValue: target.averageValue };
    return { type, external: { metricName: metric.name, metricSelector: metric.selector, ...values } };
  }
  const wanted = (t: MetricTarget) => ({
    targetAverageUtilization: t.averageUtilization,
    targetAverageValue: t.averageValue,
  });
  if (resource) return { type, resource: { name: resource.name, ...wanted(resource.target) } };
  if (!containerResource) return { type };
  const { name, container } = containerResource;
  return { type, containerResource: { name, container, ...wanted(containerResource.target) } };
}

/** A measured metric out of the annotation of a v1 autoscaler. */
export function metricStatusFromV1(m: V1Status): MetricStatus {
  const { object, pods, resource, containerResource, external } = m;
  const type = m.type ?? '';
  if (object) {
    const metric = { name: object.metricName ?? '', selector: object.selector };
    const current = { value: object.currentValue, averageValue: object.averageValue };
    return { type, object: { describedObject: object.target ?? { kind: '', name: '' }, metric, current } };
  }
  if (pods) {
    const metric = { name: pods.metricName ?? '', selector: pods.selector };
    return { type, pods: { metric, current: { averageValue: pods.currentAverageValue } } };
  }
  if (external) {
    const metric = { name: external.metricName ?? '', selector: external.metricSelector };
    return {
      type,
      external: {
        metric,
        current: { value: external.currentValue, averageValue: external.currentAverageValue },
      },
    };
  }
  const r = resource ?? containerResource;
  if (!r) return { type };
  const current = { averageUtilization: r.currentAverageUtilization, averageValue: r.currentAverageValue };
  if (resource) return { type, resource: { name: resource.name ?? '', current } };
  const container = containerResource?.container ?? '';
  return { type, containerResource: { name: containerResource?.name ?? '', container, current } };
}

/** A measured metric for the annotation of a v1 autoscaler. */
export function metricStatusToV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: MetricStatus): V1Status {
  if (object) {
    const { describedObject, metric, current } = object;
    const values = { currentValue: current.value ?? '0', averageValue: current.averageValue };
    return {
      type,
      object: { target: describedObject, metricName: metric.name, selector: metric.selector, ...values },
    };
  }
  if (pods) {
    const { metric, current } = pods;
    return {
      type,
      pods: { metricName: metric.name, selector: metric.selector, currentAverageValue: current.averageValue },
    };
  }
  if (external) {
    const { metric, current } = external;
    const values = { currentValue: current.value ?? '0', currentAverageValue: current.averageValue };
    return { type, external: { metricName: metric.name, metricSelector: metric.selector, ...values } };
  }
  const r = resource ?? containerResource;
  if (!r) return { type };
  const values = {
    currentAverageUtilization: r.current.averageUtilization,
    currentAverageValue: r.current.averageValue,
  };
  if (resource) return { type, resource: { name: resource.name, ...values } };
  return { type, containerResource: { name: r.name, container: containerResource?.container, ...values } };
}
