import type {
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../../../api/autoscaling/v2.ts';

const unknown = '<unknown>';
const percent = (n: number | undefined) => (n === undefined ? undefined : `${n}%`);

/** What is measured and what is wanted, as `kubectl get hpa` shows it: the first two metrics. */
export function metricsText(
  specs: readonly MetricSpec[] = [],
  statuses: readonly MetricStatus[] = [],
): string {
  if (specs.length === 0) return '<none>';
  const shown = specs.slice(0, 2).map((spec, i) => metricText(spec, statuses[i]));
  const text = shown.join(', ');
  return specs.length > 2 ? `${text} + ${specs.length - 2} more...` : text;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  if (spec.type === 'External' && spec.external)
    return valueOrAverage(spec.external.target, status?.external?.current);
  if (spec.type === 'Object' && spec.object)
    return valueOrAverage(spec.object.target, status?.object?.current);
  if (spec.type === 'Pods' && spec.pods) {
    return `${status?.pods?.current.averageValue ?? unknown}/${spec.pods.target.averageValue}`;
  }
  if (spec.type === 'Resource' && spec.resource) {
    return resourceText(spec.resource, status?.resource?.current);
  }
  if (spec.type === 'ContainerResource' && spec.containerResource) {
    return resourceText(spec.containerResource, status?.containerResource?.current);
  }
  return '<unknown type>';
}

function valueOrAverage(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined)
    return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
  return `${current?.value ?? unknown}/${target.value}`;
}

function resourceText(
  source: { name: string; target: MetricTarget },
  current: MetricValueStatus | undefined,
): string {
  const { name, target } = source;
  if (target.averageValue !== undefined)
    return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`;
  return `${name}: ${percent(current?.averageUtilization) ?? unknown}/${percent(target.averageUtilization) ?? '<auto>'}`;
}
