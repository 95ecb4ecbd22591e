/**
 * @package io.k8s.api.autoscaling.v2
 * @group autoscaling
 * @version v2
 */
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Quantity, Time } from '../meta/v1.ts';

/** Scale by the CPU or memory of one container in the pods. */
export interface ContainerResourceMetricSource {
  /** Resource, such as `cpu`. @proto 1 */
  name: string;
  /** What its value should be. @proto 2 */
  target: MetricTarget;
  /** Container in the pods. @proto 3 */
  container: string;
}

/** Present use of CPU or memory by one container in the pods. */
export interface ContainerResourceMetricStatus {
  /** Resource, such as `cpu`. @proto 1 */
  name: string;
  /** Its present value. @proto 2 */
  current: MetricValueStatus;
  /** Container in the pods. @proto 3 */
  container: string;
}

/** Names an object of the same namespace in any version. */
export interface CrossVersionObjectReference {
  /** Kind of the object. @proto 1 */
  kind: string;
  /** Name of the object. @proto 2 */
  name: string;
  /** Group and version of the object. @proto 3 */
  apiVersion?: string;
}

/** Scale by a metric from outside the cluster. */
export interface ExternalMetricSource {
  /** The metric. @proto 1 */
  metric: MetricIdentifier;
  /** What its value should be. @proto 2 */
  target: MetricTarget;
}

/** Present value of a metric from outside the cluster. */
export interface ExternalMetricStatus {
  /** The metric. @proto 1 */
  metric: MetricIdentifier;
  /** Its present value. @proto 2 */
  current: MetricValueStatus;
}

/** A bound on one step of scaling. */
export interface HPAScalingPolicy {
  /** Unit of `value`: `Pods` or `Percent`. @proto 1 */
  type: string;
  /** Largest change within the period; positive. @proto 2 */
  value: Int32;
  /** Length of the period in seconds, 1 to 1800. @proto 3 */
  periodSeconds: Int32;
}

/** How fast scaling goes in one direction. */
export interface HPAScalingRules {
  /**
   * Which policy counts: the one that changes most, `Max` (default), least, `Min`, or `Disabled` for no
   * scaling.
   * @proto 1 @pointer
   */
  selectPolicy?: string;
  /** Bounds on a step; the built-in ones unless set. @proto 2 @listType atomic */
  policies?: HPAScalingPolicy[];
  /**
   * Seconds of past wishes to take into account, 0 to 3600; 0 for up and 300 for down unless set.
   * @proto 3 @pointer
   */
  stabilizationWindowSeconds?: Int32;
  /** Deviation from the target that is left alone, such as `0.1`. @proto 4 @pointer */
  tolerance?: Quantity;
}

/**
 * Adapts the number of pods to metrics.
 * @kind @resource horizontalpodautoscalers @scope Namespaced @shortNames hpa @categories all
 */
export interface HorizontalPodAutoscaler {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What to scale, by what, between which bounds. @proto 2 */
  spec: HorizontalPodAutoscalerSpec;
  /** What it sees and wants. @proto 3 */
  status?: HorizontalPodAutoscalerStatus;
}

/** How fast scaling goes. */
export interface HorizontalPodAutoscalerBehavior {
  /** Upwards: by default at most 4 pods or the double in 15 seconds, whichever is more. @proto 1 @pointer */
  scaleUp?: HPAScalingRules;
  /** Downwards: by default to the highest wish of the last 300 seconds. @proto 2 @pointer */
  scaleDown?: HPAScalingRules;
}

/** One aspect of an autoscaler's state. */
export interface HorizontalPodAutoscalerCondition {
  /** `AbleToScale`, `ScalingActive` or `ScalingLimited`. @proto 1 */
  type: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time | null;
  /** One CamelCase word for programs: why the condition has this status. @proto 4 */
  reason?: string;
  /** Sentence for people about the last change; may be empty. @proto 5 */
  message?: string;
}

/** Many HorizontalPodAutoscaler objects, as one answer. @kind */
export interface HorizontalPodAutoscalerList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The HorizontalPodAutoscaler objects. @proto 2 */
  items: HorizontalPodAutoscaler[];
}

/** What to scale, by what, between which bounds. */
export interface HorizontalPodAutoscalerSpec {
  /** Object whose `scale` subresource is set. @proto 1 */
  scaleTargetRef: CrossVersionObjectReference;
  /** Fewest pods; 1 unless set. @proto 2 @pointer */
  minReplicas?: Int32;
  /** Most pods; not below `minReplicas`. @proto 3 */
  maxReplicas: Int32;
  /**
   * Metrics to scale by; the one that asks for most pods wins. CPU at 80 percent unless set.
   * @proto 4 @listType atomic
   */
  metrics?: MetricSpec[];
  /** How fast scaling goes. @proto 5 @pointer */
  behavior?: HorizontalPodAutoscalerBehavior;
}

/** What an autoscaler sees and wants. */
export interface HorizontalPodAutoscalerStatus {
  /** The newest `metadata.generation` that this status takes into account. @proto 1 @pointer */
  observedGeneration?: Int64;
  /** When it last changed the number of pods. @proto 2 @pointer */
  lastScaleTime?: Time;
  /** Number of pods it last saw. @proto 3 */
  currentReplicas?: Int32;
  /** Number of pods it last computed. @proto 4 */
  desiredReplicas: Int32;
  /** Values it last read. @proto 5 @listType atomic */
  currentMetrics?: MetricStatus[] | null;
  /**
   * Aspects of its state.
   * @proto 6 @listType map @listMapKey type @patchStrategy merge @patchMergeKey type
   */
  conditions?: HorizontalPodAutoscalerCondition[];
}

/** Names a metric. */
export interface MetricIdentifier {
  /** Name of the metric. @proto 1 */
  name: string;
  /** Narrows the metric by its labels. @proto 2 @pointer */
  selector?: LabelSelector;
}

/** A metric to scale by. */
export interface MetricSpec {
  /** Which member is set: `ContainerResource`, `External`, `Object`, `Pods` or `Resource`. @proto 1 */
  type: string;
  /** A metric of one object. @proto 2 @pointer */
  object?: ObjectMetricSource;
  /** A metric of each pod, averaged. @proto 3 @pointer */
  pods?: PodsMetricSource;
  /** CPU or memory of the pods. @proto 4 @pointer */
  resource?: ResourceMetricSource;
  /** A metric from outside the cluster. @proto 5 @pointer */
  external?: ExternalMetricSource;
  /** CPU or memory of one container in the pods. @proto 7 @pointer */
  containerResource?: ContainerResourceMetricSource;
}

/** Present value of a metric. */
export interface MetricStatus {
  /** Which member is set: `ContainerResource`, `External`, `Object`, `Pods` or `Resource`. @proto 1 */
  type: string;
  /** A metric of one object. @proto 2 @pointer */
  object?: ObjectMetricStatus;
  /** A metric of each pod, averaged. @proto 3 @pointer */
  pods?: PodsMetricStatus;
  /** CPU or memory of the pods. @proto 4 @pointer */
  resource?: ResourceMetricStatus;
  /** A metric from outside the cluster. @proto 5 @pointer */
  external?: ExternalMetricStatus;
  /** CPU or memory of one container in the pods. @proto 7 @pointer */
  containerResource?: ContainerResourceMetricStatus;
}

/** What the value of a metric should be. */
export interface MetricTarget {
  /** Which member is set: `Utilization`, `Value` or `AverageValue`. @proto 1 */
  type: string;
  /** Wished value. @proto 2 @pointer */
  value?: Quantity;
  /** Wished mean per pod. @proto 3 @pointer */
  averageValue?: Quantity;
  /** Wished mean use, in percent of the requests; only for resources. @proto 4 @pointer */
  averageUtilization?: Int32;
}

/** Present value of a metric. */
export interface MetricValueStatus {
  /** Present value. @proto 1 @pointer */
  value?: Quantity;
  /** Present mean per pod. @proto 2 @pointer */
  averageValue?: Quantity;
  /** Present mean use, in percent of the requests; only for resources. @proto 3 @pointer */
  averageUtilization?: Int32;
}

/** Scale by a metric of one object. */
export interface ObjectMetricSource {
  /** Object the metric describes. @proto 1 */
  describedObject: CrossVersionObjectReference;
  /** What its value should be. @proto 2 */
  target: MetricTarget;
  /** The metric. @proto 3 */
  metric: MetricIdentifier;
}

/** Present value of a metric of one object. */
export interface ObjectMetricStatus {
  /** The metric. @proto 1 */
  metric: MetricIdentifier;
  /** Its present value. @proto 2 */
  current: MetricValueStatus;
  /** Object the metric describes. @proto 3 */
  describedObject: CrossVersionObjectReference;
}

/** Scale by a metric of each pod, averaged. */
export interface PodsMetricSource {
  /** The metric. @proto 1 */
  metric: MetricIdentifier;
  /** What its value should be. @proto 2 */
  target: MetricTarget;
}

/** Present mean of a metric over the pods. */
export interface PodsMetricStatus {
  /** The metric. @proto 1 */
  metric: MetricIdentifier;
  /** Its present value. @proto 2 */
  current: MetricValueStatus;
}

/** Scale by the CPU or memory of the pods. */
export interface ResourceMetricSource {
  /** Resource, such as `cpu`. @proto 1 */
  name: string;
  /** What its value should be. @proto 2 */
  target: MetricTarget;
}

/** Present use of CPU or memory by the pods. */
export interface ResourceMetricStatus {
  /** Resource, such as `cpu`. @proto 1 */
  name: string;
  /** Its present value. @proto 2 */
  current: MetricValueStatus;
}
