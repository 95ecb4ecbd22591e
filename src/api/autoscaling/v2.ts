/**
 * @package io.k8s.api.autoscaling.v2
 * @group autoscaling
 * @version v2
 */
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Quantity, Time } from '../meta/v1.ts';

export interface ContainerResourceMetricSource {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  target: MetricTarget;
  /** @proto 3 */
  container: string;
}

export interface ContainerResourceMetricStatus {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  current: MetricValueStatus;
  /** @proto 3 */
  container: string;
}

export interface CrossVersionObjectReference {
  /** @proto 1 */
  kind: string;
  /** @proto 2 */
  name: string;
  /** @proto 3 */
  apiVersion?: string;
}

export interface ExternalMetricSource {
  /** @proto 1 */
  metric: MetricIdentifier;
  /** @proto 2 */
  target: MetricTarget;
}

export interface ExternalMetricStatus {
  /** @proto 1 */
  metric: MetricIdentifier;
  /** @proto 2 */
  current: MetricValueStatus;
}

export interface HPAScalingPolicy {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  value: Int32;
  /** @proto 3 */
  periodSeconds: Int32;
}

export interface HPAScalingRules {
  /** @proto 1 */
  selectPolicy?: string;
  /** @proto 2 @listType atomic */
  policies?: HPAScalingPolicy[];
  /** @proto 3 */
  stabilizationWindowSeconds?: Int32;
  /** @proto 4 */
  tolerance?: Quantity;
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

export interface HorizontalPodAutoscalerBehavior {
  /** @proto 1 */
  scaleUp?: HPAScalingRules;
  /** @proto 2 */
  scaleDown?: HPAScalingRules;
}

export interface HorizontalPodAutoscalerCondition {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  status: string;
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
  /** @proto 4 @listType atomic */
  metrics?: MetricSpec[];
  /** @proto 5 */
  behavior?: HorizontalPodAutoscalerBehavior;
}

export interface HorizontalPodAutoscalerStatus {
  /** @proto 1 */
  observedGeneration?: Int64;
  /** @proto 2 */
  lastScaleTime?: Time;
  /** @proto 3 */
  currentReplicas?: Int32;
  /** @proto 4 */
  desiredReplicas: Int32;
  /** @proto 5 @listType atomic */
  currentMetrics?: MetricStatus[];
  /** @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type */
  conditions?: HorizontalPodAutoscalerCondition[];
}

export interface MetricIdentifier {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  selector?: LabelSelector;
}

export interface MetricSpec {
  /** @proto 1 */
  type: string;
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

export interface MetricStatus {
  /** @proto 1 */
  type: string;
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

export interface MetricTarget {
  /** @proto 1 */
  type: string;
  /** @proto 2 */
  value?: Quantity;
  /** @proto 3 */
  averageValue?: Quantity;
  /** @proto 4 */
  averageUtilization?: Int32;
}

export interface MetricValueStatus {
  /** @proto 1 */
  value?: Quantity;
  /** @proto 2 */
  averageValue?: Quantity;
  /** @proto 3 */
  averageUtilization?: Int32;
}

export interface ObjectMetricSource {
  /** @proto 1 */
  describedObject: CrossVersionObjectReference;
  /** @proto 2 */
  target: MetricTarget;
  /** @proto 3 */
  metric: MetricIdentifier;
}

export interface ObjectMetricStatus {
  /** @proto 1 */
  metric: MetricIdentifier;
  /** @proto 2 */
  current: MetricValueStatus;
  /** @proto 3 */
  describedObject: CrossVersionObjectReference;
}

export interface PodsMetricSource {
  /** @proto 1 */
  metric: MetricIdentifier;
  /** @proto 2 */
  target: MetricTarget;
}

export interface PodsMetricStatus {
  /** @proto 1 */
  metric: MetricIdentifier;
  /** @proto 2 */
  current: MetricValueStatus;
}

export interface ResourceMetricSource {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  target: MetricTarget;
}

export interface ResourceMetricStatus {
  /** @proto 1 */
  name: string;
  /** @proto 2 */
  current: MetricValueStatus;
}
