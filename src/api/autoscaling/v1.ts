/**
 * @package io.k8s.api.autoscaling.v1
 * @group autoscaling
 * @version v1
 */
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Quantity, Time } from '../meta/v1.ts';

/** @protoOnly */
export interface ContainerResourceMetricSource {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  targetAverageUtilization?: Int32;
  /** @proto 3 */
  targetAverageValue?: Quantity;
  /** @proto 5 */
  container?: string;
}

/** @protoOnly */
export interface ContainerResourceMetricStatus {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  currentAverageUtilization?: Int32;
  /** @proto 3 */
  currentAverageValue?: Quantity;
  /** @proto 4 */
  container?: string;
}

/** @mapType atomic */
export interface CrossVersionObjectReference {
  /** @proto 1 */
  kind: string;
  /** @proto 2 */
  name: string;
  /** @proto 3 */
  apiVersion?: string;
}

/** @protoOnly */
export interface ExternalMetricSource {
  /** @proto 1 */
  metricName?: string;
  /** @proto 2 */
  metricSelector?: LabelSelector;
  /** @proto 3 */
  targetValue?: Quantity;
  /** @proto 4 */
  targetAverageValue?: Quantity;
}

/** @protoOnly */
export interface ExternalMetricStatus {
  /** @proto 1 */
  metricName?: string;
  /** @proto 2 */
  metricSelector?: LabelSelector;
  /** @proto 3 */
  currentValue?: Quantity;
  /** @proto 4 */
  currentAverageValue?: Quantity;
}

/** @kind @resource horizontalpodautoscalers @scope Namespaced @shortNames hpa @categories all */
export interface HorizontalPodAutoscaler {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  spec: HorizontalPodAutoscalerSpec;
  /** @proto 3 */
  status?: HorizontalPodAutoscalerStatus;
}

/** @protoOnly */
export interface HorizontalPodAutoscalerCondition {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  status?: string;
  /** @proto 3 */
  lastTransitionTime?: Time;
  /** @proto 4 */
  reason?: string;
  /** @proto 5 */
  message?: string;
}

/** @kind */
export interface HorizontalPodAutoscalerList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: HorizontalPodAutoscaler[];
}

export interface HorizontalPodAutoscalerSpec {
  /** @proto 1 */
  scaleTargetRef: CrossVersionObjectReference;
  /** @proto 2 */
  minReplicas?: Int32;
  /** @proto 3 */
  maxReplicas: Int32;
  /** @proto 4 */
  targetCPUUtilizationPercentage?: Int32;
}

export interface HorizontalPodAutoscalerStatus {
  /** @proto 1 */
  observedGeneration?: Int64;
  /** @proto 2 */
  lastScaleTime?: Time;
  /** @proto 3 */
  currentReplicas: Int32;
  /** @proto 4 */
  desiredReplicas: Int32;
  /** @proto 5 */
  currentCPUUtilizationPercentage?: Int32;
}

/** @protoOnly */
export interface MetricSpec {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  object?: ObjectMetricSource;
  /** @proto 3 */
  pods?: PodsMetricSource;
  /** @proto 4 */
  resource?: ResourceMetricSource;
  /** @proto 5 */
  external?: ExternalMetricSource;
  /** @proto 7 */
  containerResource?: ContainerResourceMetricSource;
}

/** @protoOnly */
export interface MetricStatus {
  /** @proto 1 */
  type?: string;
  /** @proto 2 */
  object?: ObjectMetricStatus;
  /** @proto 3 */
  pods?: PodsMetricStatus;
  /** @proto 4 */
  resource?: ResourceMetricStatus;
  /** @proto 5 */
  external?: ExternalMetricStatus;
  /** @proto 7 */
  containerResource?: ContainerResourceMetricStatus;
}

/** @protoOnly */
export interface ObjectMetricSource {
  /** @proto 1 */
  target?: CrossVersionObjectReference;
  /** @proto 2 */
  metricName?: string;
  /** @proto 3 */
  targetValue?: Quantity;
  /** @proto 4 */
  selector?: LabelSelector;
  /** @proto 5 */
  averageValue?: Quantity;
}

/** @protoOnly */
export interface ObjectMetricStatus {
  /** @proto 1 */
  target?: CrossVersionObjectReference;
  /** @proto 2 */
  metricName?: string;
  /** @proto 3 */
  currentValue?: Quantity;
  /** @proto 4 */
  selector?: LabelSelector;
  /** @proto 5 */
  averageValue?: Quantity;
}

/** @protoOnly */
export interface PodsMetricSource {
  /** @proto 1 */
  metricName?: string;
  /** @proto 2 */
  targetAverageValue?: Quantity;
  /** @proto 3 */
  selector?: LabelSelector;
}

/** @protoOnly */
export interface PodsMetricStatus {
  /** @proto 1 */
  metricName?: string;
  /** @proto 2 */
  currentAverageValue?: Quantity;
  /** @proto 3 */
  selector?: LabelSelector;
}

/** @protoOnly */
export interface ResourceMetricSource {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  targetAverageUtilization?: Int32;
  /** @proto 3 */
  targetAverageValue?: Quantity;
}

/** @protoOnly */
export interface ResourceMetricStatus {
  /** @proto 1 */
  name?: string;
  /** @proto 2 */
  currentAverageUtilization?: Int32;
  /** @proto 3 */
  currentAverageValue?: Quantity;
}

/** @kind */
export interface Scale {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 @optional */
  spec: ScaleSpec;
  /** @proto 3 */
  status?: ScaleStatus;
}

export interface ScaleSpec {
  /** @proto 1 */
  replicas?: Int32;
}

export interface ScaleStatus {
  /** @proto 1 */
  replicas: Int32;
  /** @proto 2 */
  selector?: string;
}
