/**
 * @package io.k8s.api.autoscaling.v1
 * @group autoscaling
 * @version v1
 */
import type { Int32, Int64, LabelSelector, ListMeta, ObjectMeta, Quantity, Time } from '../meta/v1.ts';

/** Scale by the CPU or memory of one container in the pods. @protoOnly */
export interface ContainerResourceMetricSource {
  /** Resource, such as `cpu`. @proto 1 */
  name?: string;
  /** Wished mean use, in percent of the requests. @proto 2 @pointer */
  targetAverageUtilization?: Int32;
  /** Wished mean per pod. @proto 3 @pointer */
  targetAverageValue?: Quantity;
  /** Container in the pods. @proto 5 */
  container?: string;
}

/** Present use of CPU or memory by one container in the pods. @protoOnly */
export interface ContainerResourceMetricStatus {
  /** Resource, such as `cpu`. @proto 1 */
  name?: string;
  /** Present mean use, in percent of the requests. @proto 2 @pointer */
  currentAverageUtilization?: Int32;
  /** Present mean per pod. @proto 3 */
  currentAverageValue?: Quantity;
  /** Container in the pods. @proto 4 */
  container?: string;
}

/** Names an object of the same namespace in any version. @mapType atomic */
export interface CrossVersionObjectReference {
  /** Kind of the object. @proto 1 */
  kind: string;
  /** Name of the object. @proto 2 */
  name: string;
  /** Group and version of the object. @proto 3 */
  apiVersion?: string;
}

/** Scale by a metric from outside the cluster. @protoOnly */
export interface ExternalMetricSource {
  /** Name of the metric. @proto 1 */
  metricName?: string;
  /** Narrows the metric by its labels. @proto 2 @pointer */
  metricSelector?: LabelSelector;
  /** Wished value. @proto 3 @pointer */
  targetValue?: Quantity;
  /** Wished mean per pod. @proto 4 @pointer */
  targetAverageValue?: Quantity;
}

/** Present value of a metric from outside the cluster. @protoOnly */
export interface ExternalMetricStatus {
  /** Name of the metric. @proto 1 */
  metricName?: string;
  /** Narrows the metric by its labels. @proto 2 @pointer */
  metricSelector?: LabelSelector;
  /** Present value. @proto 3 */
  currentValue?: Quantity;
  /** Present mean per pod. @proto 4 @pointer */
  currentAverageValue?: Quantity;
}

/**
 * Adapts the number of pods to their CPU use.
 * @kind @resource horizontalpodautoscalers @scope Namespaced @shortNames hpa @categories all
 */
export interface HorizontalPodAutoscaler {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** What to scale, between which bounds. @proto 2 */
  spec: HorizontalPodAutoscalerSpec;
  /** What it sees and wants. @proto 3 */
  status?: HorizontalPodAutoscalerStatus;
}

/** One aspect of an autoscaler's state. @protoOnly */
export interface HorizontalPodAutoscalerCondition {
  /** `AbleToScale`, `ScalingActive` or `ScalingLimited`. @proto 1 */
  type?: string;
  /** `True`, `False` or `Unknown`. @proto 2 */
  status?: string;
  /** When `status` last took another value. @proto 3 */
  lastTransitionTime?: Time;
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

/** What to scale, between which bounds. */
export interface HorizontalPodAutoscalerSpec {
  /** Object whose `scale` subresource is set. @proto 1 */
  scaleTargetRef: CrossVersionObjectReference;
  /** Fewest pods; 1 unless set. @proto 2 @pointer */
  minReplicas?: Int32;
  /** Most pods; not below `minReplicas`. @proto 3 */
  maxReplicas: Int32;
  /** Wished mean CPU use, in percent of the requests. @proto 4 @pointer */
  targetCPUUtilizationPercentage?: Int32;
}

/** What an autoscaler sees and wants. */
export interface HorizontalPodAutoscalerStatus {
  /** The newest `metadata.generation` that this status takes into account. @proto 1 @pointer */
  observedGeneration?: Int64;
  /** When it last changed the number of pods. @proto 2 @pointer */
  lastScaleTime?: Time;
  /** Present number of pods. @proto 3 */
  currentReplicas: Int32;
  /** Number of pods it last computed. @proto 4 */
  desiredReplicas: Int32;
  /** Present mean CPU use, in percent of the requests. @proto 5 @pointer */
  currentCPUUtilizationPercentage?: Int32;
}

/** A metric to scale by. @protoOnly */
export interface MetricSpec {
  /** Which member is set: `ContainerResource`, `External`, `Object`, `Pods` or `Resource`. @proto 1 */
  type?: string;
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

/** Present value of a metric. @protoOnly */
export interface MetricStatus {
  /** Which member is set: `ContainerResource`, `External`, `Object`, `Pods` or `Resource`. @proto 1 */
  type?: string;
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

/** Scale by a metric of one object. @protoOnly */
export interface ObjectMetricSource {
  /** Object the metric describes. @proto 1 */
  target?: CrossVersionObjectReference;
  /** Name of the metric. @proto 2 */
  metricName?: string;
  /** Wished value. @proto 3 */
  targetValue?: Quantity;
  /** Narrows the metric by its labels. @proto 4 @pointer */
  selector?: LabelSelector;
  /** Value divided by the number of pods. @proto 5 @pointer */
  averageValue?: Quantity;
}

/** Present value of a metric of one object. @protoOnly */
export interface ObjectMetricStatus {
  /** Object the metric describes. @proto 1 */
  target?: CrossVersionObjectReference;
  /** Name of the metric. @proto 2 */
  metricName?: string;
  /** Present value. @proto 3 */
  currentValue?: Quantity;
  /** Narrows the metric by its labels. @proto 4 @pointer */
  selector?: LabelSelector;
  /** Value divided by the number of pods. @proto 5 @pointer */
  averageValue?: Quantity;
}

/** Scale by a metric of each pod, averaged. @protoOnly */
export interface PodsMetricSource {
  /** Name of the metric. @proto 1 */
  metricName?: string;
  /** Wished mean per pod. @proto 2 */
  targetAverageValue?: Quantity;
  /** Narrows the metric by its labels. @proto 3 @pointer */
  selector?: LabelSelector;
}

/** Present mean of a metric over the pods. @protoOnly */
export interface PodsMetricStatus {
  /** Name of the metric. @proto 1 */
  metricName?: string;
  /** Present mean per pod. @proto 2 */
  currentAverageValue?: Quantity;
  /** Narrows the metric by its labels. @proto 3 @pointer */
  selector?: LabelSelector;
}

/** Scale by the CPU or memory of the pods. @protoOnly */
export interface ResourceMetricSource {
  /** Resource, such as `cpu`. @proto 1 */
  name?: string;
  /** Wished mean use, in percent of the requests. @proto 2 @pointer */
  targetAverageUtilization?: Int32;
  /** Wished mean per pod. @proto 3 @pointer */
  targetAverageValue?: Quantity;
}

/** Present use of CPU or memory by the pods. @protoOnly */
export interface ResourceMetricStatus {
  /** Resource, such as `cpu`. @proto 1 */
  name?: string;
  /** Present mean use, in percent of the requests. @proto 2 @pointer */
  currentAverageUtilization?: Int32;
  /** Present mean per pod. @proto 3 */
  currentAverageValue?: Quantity;
}

/** Number of pods of something scalable; read and written at the `scale` subresource. @kind */
export interface Scale {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** The wished number. @proto 2 @optional */
  spec: ScaleSpec;
  /** The present number. @proto 3 */
  status?: ScaleStatus;
}

/** The wished number. */
export interface ScaleSpec {
  /** Wished number of pods. @proto 1 @default 0 */
  replicas?: Int32;
}

/** The present number. */
export interface ScaleStatus {
  /** Present number of pods. @proto 1 */
  replicas: Int32;
  /** Labels of the pods, written as a selector text. @proto 2 */
  selector?: string;
}
