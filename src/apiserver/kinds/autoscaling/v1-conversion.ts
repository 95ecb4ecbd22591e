import type { HorizontalPodAutoscaler as V1, MetricSpec as V1Metric } from '../../../api/autoscaling/v1.ts';
import type {
  HorizontalPodAutoscaler as V2,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
  MetricStatus,
} from '../../../api/autoscaling/v2.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './v1-metrics.ts';

const prefix = 'autoscaling.alpha.kubernetes.io/';
const keys = {
  metrics: `${prefix}metrics`,
  currentMetrics: `${prefix}current-metrics`,
  conditions: `${prefix}conditions`,
  behavior: `${prefix}behavior`,
};

/** What an annotation holds, or undefined where it is missing or is no JSON object: a client's text decides nothing else. */
function read<T>(annotations: Record<string, string> | undefined, key: string): T | undefined {
  const text = annotations?.[key];
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

/** The same for a list of objects. */
function readList<T>(annotations: Record<string, string> | undefined, key: string): T[] | undefined {
  const value: unknown = read(annotations, key);
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
  return isList ? (value as T[]) : undefined;
}

function withoutOurs(annotations: Record<string, string> | undefined): Record<string, string> | undefined {
  const ours = new Set(Object.values(keys));
  const rest = Object.entries(annotations ?? {}).filter(([key]) => !ours.has(key));
  return rest.length ? Object.fromEntries(rest) : undefined;
}

const isCpu = (m: { type: string; resource?: { name: string; target: { averageUtilization?: number } } }) =>
  m.type === 'Resource' && m.resource?.name === 'cpu' && m.resource.target.averageUtilization !== undefined;

/** The v2 form of a v1 autoscaler. */
export function toV2(v1: V1): V2 {
  const { annotations } = partOf(v1.metadata);
  const { targetCPUUtilizationPercentage: cpu, ...spec } = partOf(v1.spec);
  const others = (readList<V1Metric>(annotations, keys.metrics) ?? []).map(metricFromV1);
  const target = { type: 'Utilization', averageUtilization: cpu };
  const metrics: MetricSpec[] =
    cpu === undefined ? others : [...others, { type: 'Resource', resource: { name: 'cpu', target } }];
  const behavior = read<V2['spec']['behavior']>(annotations, keys.behavior);
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...v1.metadata, annotations: withoutOurs(annotations) },
    spec: { ...spec, ...(metrics.length && { metrics }), ...(behavior && { behavior }) },
    ...(v1.status && { status: statusToV2(v1) }),
  };
}

function statusToV2({ metadata: { annotations }, status }: V1): HorizontalPodAutoscalerStatus {
  const { currentCPUUtilizationPercentage: cpu, ...rest } = status as NonNullable<V1['status']>;
  const others = (
    readList<Parameters<typeof metricStatusFromV1>[0]>(annotations, keys.currentMetrics) ?? []
  ).map(metricStatusFromV1);
  const measured: MetricStatus[] =
    cpu === undefined
      ? []
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: cpu } } }];
  const currentMetrics = [
    ...others.filter((m) => !(cpu !== undefined && m.resource?.name === 'cpu')),
    ...measured,
  ];
  const conditions = readList<NonNullable<HorizontalPodAutoscalerStatus['conditions']>[number]>(
    annotations,
    keys.conditions,
  );
  return { ...rest, ...(currentMetrics.length && { currentMetrics }), ...(conditions && { conditions }) };
}

/** What is converted may be a part of an object: the fields that a manager owns. */
const partOf = <T extends object>(part: T | undefined): T => part ?? ({} as T);

/** The v1 form of a v2 autoscaler. */
export function fromV2(object: KubernetesObject): V1 {
  const v2 = object as V2;
  const { metrics = [], behavior, ...spec } = partOf(v2.spec);
  const { currentMetrics, conditions, ...status } = v2.status ?? { desiredReplicas: 0 };
  const cpu = metrics.find(isCpu);
  const others = metrics.filter((m) => m !== cpu);
  const measured = currentMetrics?.find((m) => m.type === 'Resource' && m.resource?.name === 'cpu');
  const extra = {
    ...(others.length && { [keys.metrics]: JSON.stringify(others.map(metricToV1)) }),
    ...(currentMetrics?.length && {
      [keys.currentMetrics]: JSON.stringify(currentMetrics.map(metricStatusToV1)),
    }),
    ...(conditions?.length && { [keys.conditions]: JSON.stringify(conditions) }),
    ...(behavior && { [keys.behavior]: JSON.stringify(behavior) }),
  };
  const annotations = { ...withoutOurs(partOf(v2.metadata).annotations), ...extra };
  const target = cpu?.resource?.target.averageUtilization;
  const current = measured?.resource?.current.averageUtilization;
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...v2.metadata, ...(Object.keys(annotations).length && { annotations }) },
    spec: { ...spec, ...(target !== undefined && { targetCPUUtilizationPercentage: target }) },
    status: {
      currentReplicas: 0,
      ...status,
      ...(current !== undefined && { currentCPUUtilizationPercentage: current }),
    },
  };
}
